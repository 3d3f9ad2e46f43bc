import json
import threading
from pathlib import Path

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from examples import django_yo as example
from examples.django_yo import demo, sse
from examples.django_yo.models import Yo
from tests.patience import PATIENCE

AXE = Path(__file__).resolve().parents[3] / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_a_reader_sees(serving, page, in_a_thread):
    page.goto(serving(example.app))
    page.get_by_text("listening").wait_for()
    assert page.locator("section").count() == 1
    axe_finds_nothing(page)
    sign_in(page)
    yo(page, "ann")
    page.get_by_text("yo from ann to ann").nth(1).wait_for()
    in_a_thread(sse.publish, "yo.1", "yo", json.dumps({"id": 99, "text": HOSTILE}))
    page.get_by_text(HOSTILE).wait_for()
    yo(page, "ben")
    page.get_by_text("yo from ann to ben").wait_for()
    axe_finds_nothing(page)
    anns, everybodys = (page.locator("section").nth(number).locator("li") for number in (0, 1))
    assert everybodys.all_inner_texts() == ["yo from ann to ben", "yo from ann to ann"]
    assert anns.all_inner_texts() == [HOSTILE, "yo from ann to ann"]
    page.get_by_role("button", name="Sign out ann").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.get_by_text("listening").wait_for()
    assert everybodys.count() == 0  # there is one section only
    assert anns.all_inner_texts() == ["yo from ann to ben", "yo from ann to ann"]


class Away:
    """The application behind a proxy, which says 502 for streams while the application is away."""

    def __init__(self):
        self.now = False
        self.asked = threading.Semaphore(0)

    async def __call__(self, scope, receive, send):
        if self.now and scope["type"] == "http" and scope["path"].startswith("/events"):
            self.asked.release()
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await example.app(scope, receive, send)


def test_what_is_saved_while_the_browser_is_away_is_in_the_list_when_it_is_back(serving, page, in_a_thread):
    proxy = Away()
    page.goto(serving(proxy))
    page.get_by_text("listening").wait_for()
    proxy.now = True
    sse._loop.call_soon_threadsafe(sse.close)
    for _ in range(2):  # after the first, the event source is closed for good
        assert proxy.asked.acquire(timeout=PATIENCE)
    page.get_by_text("connecting again").wait_for()
    in_a_thread(save, 1, 2)
    proxy.now = False
    page.get_by_text("yo from ann to ben").wait_for()
    page.get_by_text("listening").wait_for()
    in_a_thread(save, 2, 1)
    page.get_by_text("yo from ben to ann").wait_for()
    assert page.locator("li").all_inner_texts() == ["yo from ben to ann", "yo from ann to ben"]


@pytest.mark.parametrize("saved", ["before the list is read", "after it"])
def test_what_is_saved_while_the_list_is_fetched_is_in_it_once(serving, page, in_a_thread, saved):
    def hold(route):
        if saved == "after it":
            answer = route.fetch()
        in_a_thread(save, 1, 2)
        route.continue_() if saved == "before the list is read" else route.fulfill(response=answer)

    url = serving(example.app)
    page.route(lambda address: address == f"{url}/", lambda route: hold(route) if loaded else route.continue_())
    loaded = False
    page.goto(f"{url}/sign-in")
    loaded = True
    page.get_by_text("yo from ann to ben").wait_for()
    in_a_thread(save, 2, 1)
    page.get_by_text("yo from ben to ann").wait_for()
    assert page.locator("li").all_inner_texts() == ["yo from ben to ann", "yo from ann to ben"]


def test_who_is_signed_out_meanwhile_is_asked_to_sign_in_again(serving, page):
    page.goto(serving(example.app))
    sign_in(page)
    page.context.clear_cookies(name="sessionid")
    yo(page, "ben")
    page.get_by_role("button", name="Sign in").wait_for()


def test_the_list_does_not_grow_for_ever(serving, page, in_a_thread):
    page.goto(serving(example.app))
    page.get_by_text("listening").wait_for()
    for number in range(25):
        in_a_thread(sse.publish, "yo", "yo", json.dumps({"id": number, "text": f"number {number}."}))
    page.get_by_text("number 24.").wait_for()
    assert page.locator("li").all_inner_texts() == [f"number {number}." for number in range(24, 4, -1)]


def test_of_events_that_django_compresses_a_browser_reads_the_first_only(serving, page):
    """Each is a gzip file of its own: see `subscribe`."""

    async def numbers(request):
        async def events():
            for number in range(3):
                yield f"data: {number}\n\n"

        return StreamingHttpResponse(events(), content_type="text/event-stream")

    gzip = ["django.middleware.gzip.GZipMiddleware"]
    with override_settings(
        MIDDLEWARE=gzip, ROOT_URLCONF=(path("", lambda _: HttpResponse()), path("numbers", numbers))
    ):
        handler = ASGIHandler()
        page.goto(serving(handler_below(handler)))
        heard = """new Promise((resolve) => {
            const heard = [];
            const source = new EventSource("numbers");
            source.onopen = () => heard.push("open");
            source.onmessage = (event) => heard.push(event.data);
            source.onerror = () => { source.close(); resolve(heard); };
        })"""
        assert page.evaluate(heard) == ["open", "0"]


def handler_below(handler):
    async def app(scope, receive, send):
        await (example.app if scope["type"] == "lifespan" else handler)(scope, receive, send)

    return app


def save(sender, receiver):
    Yo.objects.create(from_user_id=sender, to_user_id=receiver)


def sign_in(page):
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out ann").wait_for()
    page.wait_for_function("[...document.querySelectorAll('output')].every(state => state.textContent == 'listening')")


def yo(page, receiver):
    page.get_by_label("Send a yo to").select_option(receiver)
    page.get_by_role("button", name="Yo", exact=True).click()


def axe_finds_nothing(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.locator("h1").click()  # pico 2.1.1 gives a button with mouse or focus on it a contrast of 4.37 in dark
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # a colour on its way to another is no fault
        found = page.evaluate("axe.run()")["violations"]
        assert not found, [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
