"""The hub on the wire and in a browser; tests/examples/test_broadcast_hub.py takes it apart."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import quote, urlencode, urlsplit

import pytest

from examples import broadcast as example
from tests.examples.test_heartbeats import wait_until
from tests.patience import PATIENCE


@pytest.fixture(autouse=True)
def as_after_a_start():
    example.logs.update({group: example.Log() for group in example.logs})
    for messages in example.messages.values():
        messages.clear()


def number(event):
    """The number in an event's id."""
    return int(event[0].rpartition("-")[2])


def publish(url, **fields):
    """Send the form and return the answer's status."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("POST", "/publish", urlencode(fields), {"content-type": "application/x-www-form-urlencoded"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_stream_begins_with_its_place_in_the_group_and_carries_what_is_published(serving, ask):
    url = serving(example.app)
    stream = ask(url, "/events?group=tea")
    assert stream.status == 200
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert stream.header("content-length") is None
    joined = stream.event()
    assert re.fullmatch("id: [0-9a-f]{6}-0", joined[0])
    assert joined[1:] == ["event: joined", "data: "]
    assert publish(url, group="tea", text="<i>milk & sugar</i>") == 204
    assert stream.event() == [
        joined[0].replace("-0", "-1"),
        "event: message",
        "data: <li>&lt;i&gt;milk &amp; sugar&lt;/i&gt;</li>",
    ]


def test_line_breaks_of_every_kind_stay_data_and_other_characters_stay_whole(serving, ask):
    stream = ask(serving(example.app), "/events?group=tea")
    stream.event()
    example.logs["tea"].publish("note", "a\r\nb\rc\nid: 9\n\nd\u2028e\x0bf")
    assert stream.event()[1:] == [
        "event: note",
        "data: a",
        "data: b",
        "data: c",
        "data: id: 9",
        "data: ",
        "data: d\u2028e\x0bf",
    ]


@pytest.mark.parametrize("event", ["a\nb", "a\rb", "a\r\ndata: x"])
def test_an_event_type_with_a_line_break_is_refused_where_it_is_published(serving, ask, event):
    stream = ask(serving(example.app), "/events?group=tea")
    stream.event()
    with pytest.raises(ValueError, match="line break"):
        example.logs["tea"].publish(event, "x")
    example.logs["tea"].publish("next", "x")
    assert stream.event()[1] == "event: next"


def test_a_text_without_end_is_cut(serving, ask):
    url = serving(example.app)
    stream = ask(url, "/events?group=tea")
    stream.event()
    publish(url, group="tea", text="x" * 5000)
    assert stream.event()[2] == f"data: <li>{'x' * 200}</li>"


def test_groups_hear_only_their_own(serving, ask):
    url = serving(example.app)
    tea, coffee = ask(url, "/events?group=tea"), ask(url, "/events?group=coffee")
    tea.event(), coffee.event()
    example.logs["tea"].publish("message", "black")
    example.logs["coffee"].publish("message", "white")
    assert tea.event()[2] == "data: black"
    assert coffee.event()[2] == "data: white"


def test_everybody_hears_all_publishers_in_one_order(serving, ask):
    url = serving(example.app)
    streams = [ask(url, "/events?group=tea") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for name in "abcd":
            threads.submit(lambda name=name: [example.logs["tea"].publish(name, str(n)) for n in range(50)])
    heard = [[stream.event() for _ in range(201)] for stream in streams]
    assert heard[1:] == heard[:1] * 3
    events = heard[0][1:]
    assert [number(event) for event in events] == list(range(1, 201))
    for name in "abcd":  # and what one thread published is in its order
        assert [e[2] for e in events if e[1] == f"event: {name}"] == [f"data: {n}" for n in range(50)]


def test_a_client_that_comes_back_gets_what_it_missed(serving, ask):
    url = serving(example.app)
    first = ask(url, "/events?group=tea")
    place = first.event()[0].removeprefix("id: ")
    first.leave()
    for text in "abc":
        example.logs["tea"].publish("message", text)
    by_header = ask(url, "/events?group=tea", headers={"Last-Event-ID": place})
    by_query = ask(url, f"/events?group=tea&last_event_id={place}")
    missed = [by_header.event() for _ in range(3)]
    assert [event[2] for event in missed] == ["data: a", "data: b", "data: c"]
    assert [by_query.event() for _ in range(3)] == missed
    # A browser's own reconnection repeats the address with the old id in it, and sends the newer one as a header.
    newer = missed[1][0].removeprefix("id: ")
    both = ask(url, f"/events?group=tea&last_event_id={place}", headers={"Last-Event-ID": newer})
    assert both.event() == missed[2]
    example.logs["tea"].publish("message", "d")
    assert {stream.event()[2] for stream in (by_header, by_query, both)} == {"data: d"}


@pytest.mark.parametrize(
    "forge",
    [
        lambda place: "nonsense",
        lambda place: "-",
        lambda place: f"{place}1",
        lambda place: place.replace("-", "--"),
        lambda place: f"{place[:-1]}{'9' * 6000}",
        lambda place: f"{place[:-1]}\u0660",  # a zero elsewhere
        lambda place: f"{place}\n",
        lambda place: f"000000{place[6:]}",
        lambda place: "<script>alert(1)</script>",
    ],
)
def test_an_unknown_id_is_answered_with_a_reset_and_a_new_place(serving, ask, forge):
    url = serving(example.app)
    place = ask(url, "/events?group=tea").event()[0].removeprefix("id: ")
    stream = ask(url, f"/events?group=tea&last_event_id={quote(forge(place))}")
    assert stream.event() == [f"id: {place}", "event: reset", "data: Events may be missing."]
    example.logs["tea"].publish("message", "x")
    assert number(stream.event()) == 1


def test_an_id_of_another_group_is_unknown(serving, ask):
    url = serving(example.app)
    place = ask(url, "/events?group=tea").event()[0].removeprefix("id: ")
    assert ask(url, "/events?group=coffee", headers={"Last-Event-ID": place}).event()[1] == "event: reset"


def test_head_gets_the_headers_and_no_stream(serving, ask):
    url = serving(example.app)
    answer = ask(url, "/events", "HEAD")
    assert answer.header("content-type").startswith("text/event-stream")
    assert answer.response.read() == b""
    answer.connection.request("GET", "/")  # the connection is free again
    assert answer.connection.getresponse().status == 200
    wait_until(lambda: not any(log.readers for log in example.logs.values()))


def test_two_pages_of_one_group_show_what_one_of_them_sends(serving, page):
    url = serving(example.app)
    other = page.context.new_page()
    for reader in (page, other):
        open_page(reader, f"{url}/?group=tea")
    page.get_by_label("Message").fill("<b>hello</b> & 'bye'")
    page.get_by_role("button", name="Publish").click()
    for reader in (page, other):
        reader.get_by_role("listitem").wait_for()
        assert reader.get_by_role("listitem").all_inner_texts() == ["<b>hello</b> & 'bye'"]
        assert reader.locator("b").count() == 0
    assert page.get_by_role("heading").inner_text() == "Group tea"
    assert page.get_by_label("Message").input_value() == ""


def texts(page):
    """The list as it stands."""
    return page.get_by_role("listitem").all_inner_texts()


def open_page(page, url):
    with page.expect_response("**/events?*"):
        page.goto(url)


def break_off_all():
    """The streams of the lobby end, as when a connection breaks: the browser connects again."""
    log = example.logs["lobby"]

    async def end():
        log.close()
        while log.readers:  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0)
        log.open()

    asyncio.run_coroutine_threadsafe(end(), log.loop).result()


def test_the_page_shows_what_was_before_it(serving, page):
    url = serving(example.app)
    publish(url, group="lobby", text="<b>before</b>")
    publish(url, group="tea", text="elsewhere")
    open_page(page, url)
    assert texts(page) == ["<b>before</b>"]


def test_what_is_published_between_the_page_and_its_stream_is_not_lost(serving, page):
    url = serving(example.app)
    publish(url, group="lobby", text="before")

    def hold(route):
        publish(url, group="lobby", text="in between")
        route.continue_()

    page.route("**/events?*", hold)
    open_page(page, url)
    page.get_by_text("in between").wait_for()
    publish(url, group="lobby", text="after")
    page.get_by_text("after").wait_for()
    assert texts(page) == ["before", "in between", "after"]


class Refusing:
    """The application behind a proxy that once finds no server: 502 to one request for the stream."""

    def __init__(self, app):
        self.app, self.refuse = app, False

    async def __call__(self, scope, receive, send):
        if self.refuse and scope["path"] == "/events":
            self.refuse = False
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


def test_a_reconnect_that_is_refused_neither_loses_nor_doubles_anything(watching, page):
    proxy = Refusing(example.app)
    watched = watching(proxy)
    open_page(page, watched.url)
    for text in "ab":
        publish(watched.url, group="lobby", text=text)
        page.get_by_text(text, exact=True).wait_for()
    proxy.refuse = True
    break_off_all()
    publish(watched.url, group="lobby", text="c")
    first, _refused, again = watched.wait_for("/events", 3)
    publish(watched.url, group="lobby", text="d")
    page.get_by_text("d", exact=True).wait_for()
    assert texts(page) == ["a", "b", "c", "d"]
    assert not proxy.refuse
    assert first.query.endswith("-0")
    assert again.query.endswith("-2")  # where the page was
    assert "last-event-id" not in again.headers  # it is a new event source


def test_a_page_whose_position_is_unknown_loads_its_list_anew(watching, page):
    watched = watching(example)
    open_page(page, watched.url)
    publish(watched.url, group="lobby", text="seen")
    page.get_by_text("seen").wait_for()
    example.logs["lobby"].token = "000000"  # as in another process
    example.messages["lobby"].append("missed")
    break_off_all()
    page.get_by_text("missed").wait_for()
    watched.wait_for("/events", 3)  # the page's, the one that is answered with `reset`, the new list's
    publish(watched.url, group="lobby", text="after")
    page.get_by_text("after").wait_for()
    assert texts(page) == ["seen", "missed", "after"]


def test_a_page_that_was_too_slow_loads_its_list_anew(serving, page):
    url = serving(example.app)
    open_page(page, url)
    example.messages["lobby"].append("dropped on the way")
    example.logs["lobby"].publish("dropped", "1")
    page.get_by_text("dropped on the way").wait_for()


def post(url, head, body=b""):
    """The status of an answer to a request that announces more than it sends."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request("POST", "/publish", body, {"content-type": "application/x-www-form-urlencoded", **head})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_long_request_is_refused_before_it_is_read(serving):
    url = serving(example.app)
    assert post(url, {"content-length": "20000000"}, b"group=tea&text=x") == 413
    assert not any(example.messages.values())


def test_a_group_that_is_not_the_programs_own_is_unknown(serving, ask):
    url = serving(example.app)
    assert publish(url, group="R&D <b>", text="x") == 404
    for path in ("", "snapshot", "events"):
        assert ask(url, f"/{path}?group=R%26D").status == 404
    assert list(example.logs) == list(example.messages) == ["lobby", "tea", "coffee"]
