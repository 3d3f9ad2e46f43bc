from http.client import HTTPConnection
from urllib.parse import urlsplit

from examples import hundred_updates as example
from tests.patience import PATIENCE


def publish(url, *texts):
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    for text in texts:
        connection.request("POST", "/publish", body=text)
        assert connection.getresponse().read() == b""
    connection.close()


def test_the_stream_numbers_the_updates_and_sends_each_when_it_is_published(serving, ask):
    url = serving(example.app)
    stream = ask(url, "/events")
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    for number in (1, 2, 3):
        publish(url, f"update {number}")
        assert stream.event() == [f"id: {number}", f"data: update {number}"]


def test_a_reconnect_gets_what_follows_and_after_the_last_one_nothing(serving, ask):
    url = serving(example.app)
    publish(url, *(f"update {number}" for number in range(1, 101)))
    assert len(ask(url, "/events", headers={"Last-Event-ID": "no number"}).rest()) == 100
    assert ask(url, "/events", headers={"Last-Event-ID": "98"}).rest() == [
        ["id: 99", "data: update 99"],
        ["id: 100", "data: update 100"],
    ]
    assert ask(url, "/events", headers={"Last-Event-ID": "100"}).status == 204


def test_polling_gets_what_is_new(serving, ask):
    url = serving(example.app)
    assert ask(url, "/updates?after=0").response.read() == b""
    publish(url, "a", "b", "c")
    assert ask(url, "/updates?after=1").response.read() == b"2\tb\n3\tc\n"
    assert ask(url, "/updates").header("cache-control") == "no-store"


def test_each_server_begins_without_updates(serving, ask):
    for _ in range(2):
        url = serving(example.app)
        publish(url, "a")
        assert ask(url, "/updates").response.read() == b"1\ta\n"


def test_a_page_gets_all_hundred_in_each_of_the_three_ways(serving, page):
    page.goto(serving(example.app))
    page.get_by_role("button").click()
    for kind in ("sse", "websocket", "polling"):
        page.wait_for_function(f"document.getElementById('{kind}').value === '100: update 100'")


def test_what_asks_again_goes_on_where_it_was(serving, page):
    sockets, polls = [], []

    def cut_the_first(socket):
        sockets.append(socket.url.rpartition("/")[2])
        server = socket.connect_to_server()
        if len(sockets) == 1:
            server.on_message(lambda message: (socket.send(message), server.close(), socket.close(code=1012)))

    def fail_the_second(route):
        polls.append(route.request.url.rpartition("/")[2])
        route.abort() if len(polls) == 2 else route.continue_()

    page.route_web_socket("**/socket?*", cut_the_first)
    page.route("**/updates?*", fail_the_second)
    page.goto(serving(example.app))
    page.get_by_role("button").click()
    for kind in ("websocket", "polling"):
        page.wait_for_function(f"document.getElementById('{kind}').value === '100: update 100'")
    assert sockets[0] == "socket?after=0"
    assert sockets[1] != "socket?after=0"  # one or two messages came before the end
    assert polls[1] == polls[2]


def test_what_a_websocket_client_says_is_ignored(serving, page):
    url = serving(example.app)
    page.goto(url)
    publish(url, "a")
    said = """new Promise((resolve) => {
        const socket = new WebSocket("socket?after=0");
        socket.onopen = () => socket.send("hello");
        socket.onmessage = (event) => resolve(event.data);
    })"""
    assert page.evaluate(said) == "1\ta"
