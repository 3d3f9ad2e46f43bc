"""Django in the page of its lesson, behind a path prefix: sign in, save, hear of it, change a file."""

import json
from pathlib import Path

from tests.browser.visitors import FIREFOX_AT_NIGHT, Host, Visitor, files

LESSON = "notebooks/11-django-groups-users-signals.html"
VIEWS = (Path(__file__).parents[2] / "examples/django_yo/views.py").read_text(encoding="utf-8")
REFUSAL = """    if not request.user.is_authenticated:
        return HttpResponseForbidden("Sign in first.\\n", content_type="text/plain")
"""
TASK = 'live-exercise[number="1"]'  # which asks for that change
APP = "document.querySelector('live-example iframe').contentDocument"
SUBMIT = """(selector, fields) => {
  const form = document.querySelector("live-example iframe").contentDocument.querySelector(selector);
  for (const [name, value] of Object.entries(JSON.parse(fields))) form.elements[name].value = value;
  form.querySelector("button").click();
}"""


def run(visitor: Visitor) -> None:
    visitor.press("Run", "live-example")
    visitor.wait("document.querySelector('live-example').getAttribute('state') === 'running'")
    visitor.wait(f"{APP}?.readyState === 'complete' && {APP}.querySelector('h1')?.textContent === 'Yo'")


def states(visitor: Visitor, *wanted: str) -> None:
    """Until the page says of its streams that they are in these states."""
    shown = f"[...{APP}.querySelectorAll('output')].map((each) => each.textContent).join()"
    visitor.wait(f"{APP}.readyState === 'complete' && {shown} === '{','.join(wanted)}'")


def sign_in(visitor: Visitor) -> None:
    visitor.evaluate(SUBMIT, "form", json.dumps({"username": "ann", "password": "yo"}))
    visitor.wait(f"{APP}.body?.textContent.includes('Sign out ann')")
    states(visitor, "listening", "listening")


@FIREFOX_AT_NIGHT
def test_sign_in_send_a_yo_and_change_a_view(visitor: Visitor, built_site: Path) -> None:
    host = Host(files(built_site, "some/prefix"))
    with host.serving() as server:
        sign_in_and_change(visitor, f"{server.url}/some/prefix/")
    assert len([path for path in host.asked if path.endswith("django_yo.marshal.packed")]) == 1
    assert not [path for path in host.asked if path.endswith("all.zip")], "it took what no example is to need"


def sign_in_and_change(visitor: Visitor, site: str) -> None:
    visitor.open(site + LESSON)
    run(visitor)
    states(visitor, "listening")
    assert visitor.evaluate(f"() => {APP}.location.pathname").endswith("/django_yo-1/")
    sign_in(visitor)
    assert visitor.evaluate(f"() => {APP}.location.pathname").endswith("/django_yo-1/")
    assert "session" not in visitor.evaluate(f"() => {APP}.cookie")
    visitor.evaluate(SUBMIT, "#send", json.dumps({"to_user": "2"}))
    visitor.wait(f"{APP}.getElementById('everybodys').textContent.trim() === 'yo from ann to ben'")
    assert visitor.evaluate(f"() => {APP}.getElementById('mine').children.length") == 0
    visitor.wait("document.querySelector('live-example .wire-list').innerText.includes('event yo')")
    changed = VIEWS.replace('may listen."""\n', f'may listen."""\n{REFUSAL}')
    assert changed != VIEWS
    kept = json.dumps({"django_yo/views.py": changed})
    visitor.evaluate("(kept) => localStorage.setItem('streamside-program-django_yo', kept)", kept)
    visitor.open(site + "index.html")
    visitor.open(site + LESSON)
    run(visitor)
    states(visitor, "connecting again")
    sign_in(visitor)
    visitor.press("Check", TASK)
    visitor.wait(f"document.querySelector(`{TASK} .task-state`).textContent === 'Done.'")
