"""The Wire: each byte and what the browser makes of it, in order, bounded, held and copied."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.stand_in import (
    EVENT_STREAM,
    NUMBERS,
    connect,
    emit,
    exchange,
    run,
    violations,
    wire,
)


def test_each_event_stands_beside_its_own_bytes(show: Callable[..., Locator], page: Page) -> None:
    burst = "event: number\ndata: 1\n\n: nothing\n\nevent: unheard\ndata: 2\n\nevent: number\ndata: 3\n\n"
    live = show(exchange([(0, burst)]))
    entries = live.locator(".received.bytes")
    told, heard = entries.locator(".browser.event .lines"), entries.filter(has=page.locator(".browser.event"))
    expect(told).to_have_text(['event numberdata "1"', 'event unhearddata "2"', 'event numberdata "3"'])
    expect(heard).to_contain_text(["data: 1", "data: 2", "data: 3"])
    run(live)
    connect(page, source=1)
    emit(page, {"kind": "chunk", "connection": 1, "time": 30, "text": burst})
    source = {"kind": "source", "source": 1, "url": "numbers", "readyState": 1, "what": "event", "type": "number"}
    emit(page, source | {"time": 31, "what": "open"})
    unheard = source | {"time": 32, "type": "unheard", "data": "2", "unheard": True}
    emit(page, source | {"time": 32, "data": "1"}, unheard, source | {"time": 33, "data": "3"})
    expect(wire(live).filter(has_text="200 OK").locator(".browser.open")).to_have_count(1)
    expect(told).to_have_text(['event numberdata "1"', 'event unhearddata "2"no listener', 'event numberdata "3"'])
    expect(heard).to_contain_text(["data: 1", "data: 2", "data: 3"])
    live.get_by_role("button", name="Clear").click()
    emit(page, {"kind": "chunk", "connection": 1, "time": 40, "text": burst})
    live.get_by_role("button", name="Clear").click()
    emit(page, source | {"time": 41, "data": "1"})  # its bytes are no longer shown
    expect(wire(live).locator(".lines")).to_have_text(['event numberdata "1"'])


def test_who_waits_in_a_cut_cable_is_shown_at_once(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    request = {"connection": 1, "method": "GET", "path": "/numbers"}
    emit(page, request | {"kind": "waiting", "time": 1000})
    expect(wire(live).locator(".lines")).to_have_text(["GET /numbers, waiting in the cut cable"])
    emit(page, request | {"kind": "waiting", "time": 1000, "what": "connections"})
    expect(wire(live).locator(".lines")).to_have_text([re.compile("waiting: six connections are open, and HTTP/1.1")])
    emit(page, request | {"kind": "waiting", "time": 1000, "what": "cable"})
    emit(page, request | {"kind": "request", "time": 5200, "headers": [["accept", "text/event-stream"]]})
    expect(wire(live)).to_have_count(1)
    expect(wire(live)).to_contain_text("waited 4.2 s in the cut cable")
    expect(wire(live)).not_to_contain_text("waiting")
    expect(wire(live).locator(".time")).to_have_text("5.2 s")


def test_where_streams_mingle_each_entry_says_whose_it_is(show: Callable[..., Locator]) -> None:
    live = show(exchange(NUMBERS))
    expect(wire(live).locator(".connection").first).to_be_hidden()
    live = show(exchange(NUMBERS), exchange(NUMBERS, path="/other"))
    labels = wire(live).filter(has_text="<p>number 1</p>").locator(".connection")
    expect(labels).to_have_text(["#1", "source 1", "#2", "source 2"], use_inner_text=True)
    expect(labels.first).to_be_visible()


def test_a_line_cut_by_the_network_goes_on(show: Callable[..., Locator]) -> None:
    live = show(exchange([(0, "event: number\r\nda"), (100, "ta: x\r"), (200, "\n\r\n")]))
    lines = live.locator(".received.bytes > .lines .line")
    expect(lines).to_have_text(["event: number", "da", "ta: x", ""])
    expect(live.locator(".rest")).to_have_text("ta: x")
    expect(wire(live).filter(has_text='data "x"')).to_have_count(1)


def test_a_burst_stays_smooth_and_bounded(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange([(0, f"event: number\ndata: {n}\n\n") for n in range(2000)]))
    expect(wire(live)).to_have_count(500)
    expect(live.locator(".wire-note")).to_contain_text("earlier entries are no longer shown")
    expect(wire(live).last).to_contain_text("ready state CONNECTING")


def test_what_is_long_is_shortened_and_can_be_seen(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    emit(page, {"kind": "chunk", "connection": 1, "time": 30, "text": f"data: {'x' * 999_999}y\n\n"})
    more = wire(live).get_by_role("button", name="… 998,001 more characters")
    expect(wire(live).last).not_to_contain_text("xy")
    more.click()
    expect(wire(live).last).to_contain_text("xy")
    page.evaluate("""for (let n = 0; n < 6; n++)
      fake.emit("wire", { kind: "chunk", connection: 1, time: 40, text: `data: ${"x".repeat(1_000_000)}\\n\\n` });""")
    expect(wire(live).get_by_text("998,001 more characters, no longer kept")).to_have_count(2)
    expect(more).to_have_count(4)  # the newest
    page.evaluate("fake.flood('It sends too fast.')")
    expect(live.locator(".live-note")).to_have_text("It sends too fast.")


def test_the_wire_is_held_cleared_and_copied(show: Callable[..., Locator], page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    emit(page, {"kind": "chunk", "connection": 1, "time": 1234, "text": ": x\n\n"})
    expect(wire(live)).to_have_count(3)
    live.get_by_role("button", name="Pause").click()
    emit(page, {"kind": "chunk", "connection": 1, "time": 2000, "text": "data: later\n\n"})
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(wire(live)).to_have_count(3)
    live.get_by_role("button", name="Pause").click()
    expect(wire(live)).to_have_count(4)
    page.clock.install()
    page.clock.pause_at("2030-01-01")  # or it says so for a moment only
    live.get_by_role("button", name="Copy").click()
    expect(live.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.resume()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "   0.0 s > GET /numbers\n   0.0 s < 200 OK\n   0.0 s < content-type: text/event-stream\n"
        "   1.2 s < : x\n   1.2 s <\n   2.0 s < data: later\n   2.0 s <\n"
    )
    live.get_by_role("button", name="Clear").click()
    expect(wire(live)).to_have_count(0)
    emit(page, {"kind": "chunk", "connection": 1, "time": 3000, "text": "data: on\n\n"})
    expect(wire(live).locator(".lines")).to_have_text(["data: on"])


def test_the_newest_entry_stays_in_sight_until_the_reader_scrolls_up(show: Callable[..., Locator], page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    long = f"data: {'one line in a wide pane, two in one that is not ' * 3}\n\n"
    emit(page, *({"kind": "chunk", "connection": 1, "time": 30 + n, "text": long} for n in range(50)))
    expect(wire(live)).to_have_count(52)
    live.get_by_role("button", name="Code", exact=True).click()  # the pane gets narrower, and its lines more
    expect(live.get_by_role("textbox")).to_be_visible()
    expect(wire(live).last).to_be_in_viewport()
    emit(page, {"kind": "chunk", "connection": 1, "time": 90, "text": "data: newest\n\n"})
    expect(wire(live).filter(has_text="newest")).to_be_in_viewport()
    wire(live).first.scroll_into_view_if_needed()
    emit(page, {"kind": "chunk", "connection": 1, "time": 95, "text": "data: unseen\n\n"})
    expect(wire(live).filter(has_text="unseen")).to_have_count(1)
    expect(wire(live).first).to_be_in_viewport()


def test_what_overtook_on_its_way_is_put_in_order(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    source = {"kind": "source", "source": 1, "url": "numbers", "readyState": 1}
    request = {"kind": "request", "connection": 1, "time": 10, "method": "GET", "path": "/numbers", "headers": []}
    emit(page, source | {"what": "error", "time": 30}, request)
    expect(wire(live).locator(".lines")).to_contain_text(["GET", "error"])
    emit(page, source | {"what": "created", "time": 5})
    expect(wire(live).locator(".lines")).to_contain_text(["new EventSource", "GET", "error"])
    expect(wire(live).locator(".time").locator("visible=true")).to_have_count(1)  # a time is not repeated
    expect(wire(live).first.locator(".time")).to_be_visible()


def test_the_event_source_counts_down_to_its_reconnect(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    page.clock.install()
    page.clock.pause_at("2030-01-01")
    url = "http://127.0.0.1/some/live/tab-0123456789ab/numbers-1/numbers"
    source = {"kind": "source", "source": 1, "url": url}
    emit(page, source | {"what": "created", "time": 5, "readyState": 0})
    emit(page, source | {"what": "open", "time": 10, "readyState": 1})
    emit(page, source | {"what": "event", "time": 20, "readyState": 1, "type": "n", "data": "", "lastEventId": "7"})
    page.clock.run_for(20)
    expect(live.locator(".wire-sources")).to_have_text("Event source 1: OPEN, last event ID 7")
    expect(wire(live).first.locator(".lines")).to_have_text('new EventSource("/numbers")')
    emit(page, source | {"what": "error", "time": 30, "readyState": 0, "retryIn": 3000, "willSend": "7"})
    page.clock.run_for(1020)
    state = live.locator(".wire-sources")
    expect(state).to_have_text("Event source 1: CONNECTING, again in 2.0 s with Last-Event-ID: 7")
    emit(page, source | {"what": "error", "time": 3100, "readyState": 0})
    page.clock.run_for(20)
    expect(state).to_have_text("Event source 1: CONNECTING, again soon with Last-Event-ID: 7")  # nobody knows when
    emit(page, source | {"what": "error", "time": 3200, "readyState": 2})
    page.clock.run_for(20)
    expect(state).to_be_empty()


def test_a_thousand_events_at_once_do_not_freeze_the_page(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    connect(page)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")  # from now on, it counts how often the page is laid out
    page.evaluate("""async () => {
      for (let n = 0; n < 1000; n++) {
        fake.emit("wire", { kind: "chunk", connection: 1, time: n, text: `id: ${n}\ndata: ${n}\n\n` });
        fake.emit("wire", { kind: "source", source: 1, time: n, what: "event", url: "numbers", readyState: 1,
                            type: "message", data: `${n}`, lastEventId: `${n}` });
      }
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    }""")
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    assert 0 < metrics["LayoutCount"] < 20
    expect(wire(live)).to_have_count(500)
    expect(wire(live).last).to_contain_text('last event ID "999"')


def test_the_keyboard_reaches_everything_and_the_signs_are_explained(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange([(0, "\ufeffid: a\0b\ndata: x\n\n")], requestHeaders=[["accept", "text/event-stream"]]))
    expect(wire(live).locator(".invisible")).to_have_text(["⟨BOM⟩", "⟨NUL⟩"])
    listed = live.get_by_role("list", name="Wire")
    listed.focus()
    page.keyboard.press("ArrowDown")
    expect(listed.locator("summary").first).to_be_focused()
    assert (listed.locator("summary").first.bounding_box() or {})["height"] >= 24
    page.keyboard.press("Tab")  # out of the list, which is one stop
    expect(listed.locator(":focus")).to_have_count(0)
    live.get_by_role("button", name="What the signs mean").click()
    card = live.get_by_role("dialog", name="What the signs mean")
    expect(card).to_contain_text("no listener")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    live.frame_locator("iframe").locator("body").evaluate("() => window.focus()")
    expect(live.locator("iframe")).to_have_class("focused")


def test_events_are_announced_when_asked_and_keep_their_order(show: Callable[..., Locator], page: Page) -> None:
    live = show(exchange(NUMBERS))
    run(live)
    voice = live.locator(".live-voice")
    connect(page, source=1)
    source = {"kind": "source", "source": 1, "url": "numbers", "readyState": 1}
    event = source | {"what": "event", "type": "message", "data": "<p>one</p>", "lastEventId": ""}
    emit(page, source | {"what": "open", "time": 25}, event | {"time": 30})
    live.get_by_role("button", name="Announce").click()
    expect(voice).to_have_text("Events are announced as they arrive.")
    emit(page, event | {"time": 5})  # by a clock that is late
    expect(voice).to_have_text("message: one")
    expect(wire(live).last.locator(".time")).to_have_text("0.0 s")
    emit(page, event | {"time": 40}, event | {"time": 50, "data": "two"})
    expect(voice).to_have_text("2 more, the last: message: two")
    live.get_by_role("button", name="Announce").click()
    expect(voice).to_be_empty()


def test_a_stream_that_a_script_reads_has_its_request_its_events_and_who_aborted(
    show: Callable[..., Locator], page: Page
) -> None:
    posted = {"method": "POST", "requestHeaders": [["accept", "text/event-stream"]], "requestBody": '{"a": 1}'}
    live = show(exchange([(0, "event: word\nid: 3\ndata: x\n\n")], endedBy="client", **posted))
    run_text = live.locator(".wire-list").inner_text()
    assert "new EventSource" not in run_text
    expect(wire(live).first.locator(".line")).to_have_text(["POST /numbers", "accept: text/event-stream", '{"a": 1}'])
    expect(wire(live).nth(1).locator(".browser")).to_contain_text("read by the page’s script")
    expect(wire(live).nth(2).locator(".browser .line")).to_have_text(["event word", 'data "x"', 'last event ID "3"'])
    expect(wire(live).last).to_have_text(re.compile("The client closed the connection"))
    run(live)
    live.get_by_role("button", name="Announce").click()
    asked = {"kind": "request", "connection": 1, "time": 5, "method": "POST", "path": "/numbers", "headers": []}
    emit(page, asked | {"fetch": "f-1", "body": "a\nb", "more": 1234})
    emit(page, {"kind": "response", "connection": 1, "time": 6, "status": 200, "headers": EVENT_STREAM})
    emit(page, {"kind": "chunk", "connection": 1, "time": 7, "text": "data: heard\n\n"})
    emit(page, {"kind": "end", "connection": 1, "time": 8, "by": "client", "why": ""})
    emit(page, {"kind": "fetch", "connection": 1, "time": 9, "what": "aborted", "reason": "AbortError: enough"})
    expect(wire(live).first.locator(".line")).to_have_text(["POST /numbers", "a", "b", "… 1,234 more bytes"])
    expect(wire(live).last.locator(".line")).to_have_text(["aborted by the page’s script", "AbortError: enough"])
    expect(live.locator(".live-voice")).to_have_text("message: heard")
