"""Events that no script listens to: the browser dispatches them, and the Wire tells of them in their place."""

from tests.browser.laboratory import COUNTER, Laboratory

MIXED = (
    COUNTER.replace(
        'yield f"event: number',
        'yield f"event: other\\nid: {number}.5\\ndata: for nobody\\n\\n"\n            yield f"event: number',
    )
    .replace("int(request", "round(float(request")
    .replace("-1)) + 1", "-1))) + 1")
)  # a cut may come between the two


def test_they_are_told_in_their_place_until_somebody_listens(laboratory: Laboratory) -> None:
    run = laboratory.run(MIXED)
    run.wait("run.wire.filter((each) => each.what === 'event').length > 5")
    events = run.wire(what="event")[:6]
    assert [(event["type"], event.get("unheard", False)) for event in events] == [
        ("other", True),
        ("number", False),
    ] * 3
    assert [event["lastEventId"] for event in events] == ["0.5", "0", "1.5", "1", "2.5", "2"]
    assert events[0]["data"] == "for nobody"
    told = [each["what"] for each in run.wire(kind="source")]
    assert told.index("open") < told.index("event")  # as the standard dispatches them
    run.inside("source.addEventListener('other', () => {})")
    run.wait("run.wire.some((each) => each.type === 'other' && !each.unheard)")
    heard = [event.get("unheard", False) for event in run.wire(what="event", type="other")]
    assert heard == sorted(heard, reverse=True)  # none is unheard from then on
    run.call("cable.cut()")
    run.call("cable.mend()")
    count = len(run.wire(what="event"))
    run.wait(f"run.wire.filter((each) => each.what === 'event').length > {count + 4}")
    assert not any(event.get("unheard") for event in run.wire(what="event")[count:])
