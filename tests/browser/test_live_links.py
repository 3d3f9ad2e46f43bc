"""Links, forms, redirects and cookies: what leads to an absolute path stays in the example."""

import re

import pytest

from tests.browser.laboratory import VISITS, Laboratory


def test_cookies_forms_redirects_and_absolute_paths(laboratory: Laboratory) -> None:
    run = laboratory.run(VISITS)
    frame = run.frame()
    frame.locator("h1", has_text="visit 1").wait_for()
    frame.locator("input").fill("Grüße & mehr")
    frame.locator("button").click()
    frame.locator("p", has_text="said Grüße & mehr after 1").wait_for()
    assert re.search(r"/program-\d+/said$", run.inside("location.pathname"))
    assert run.inside("fetch('/said').then((response) => response.text())").count("said Grüße") == 1
    assert run.inside("fetch('gone').then((response) => response.url)").endswith("/said")
    sent = "fetch('sent').then(({ headers }) => ['hx-redirect', 'hx-location'].map((name) => headers.get(name)))"
    redirect, there = run.inside(sent)
    assert re.search(r"/program-\d+/said\?x=1$", redirect)
    assert there == "said"
    origins = [[value for name, value in each["headers"] if name == "origin"] for each in run.wire(kind="request")]
    assert origins[:3] == [[], [run.inside("location.origin")], []]
    run.inside("location.href = document.baseURI.replace('said', ''); 0")
    frame.locator("h1", has_text="visit 2").wait_for()
    other = laboratory.run(VISITS)
    other.frame().locator("h1", has_text="visit 1").wait_for()  # a visitor of another server has other cookies


LINKS = """
from fasthtml.common import A, Button, FastHTML, Form, H1, Input, Script

app = FastHTML(default_hdrs=False)

@app.get("/deep/index")
def index():
    link = A("Link", href="/there?by=link#part", id="link")
    unlike = A("No link", href="/mistake", onclick="said = this.getAttribute('href'); return false", id="unlike")
    form = Form(action="/there", method="post", id="form")(
        Input(name="by", value="form"), Button("Send"), Button("Look", formaction="/there", formmethod="get", id="look")
    )
    return H1("Links"), link, A("New", href="/there?by=tab", target="_blank", id="new"), unlike, form

@app.route("/there", methods=["GET", "POST"])
def there(request, by: str):
    return H1(f"{request.method} by {by}"), Script("document.body.append(location.hash)")
"""


@pytest.mark.parametrize(
    ("leave", "arrived"),
    [
        ("document.getElementById('link').click()", "GET by link"),
        ("document.getElementById('form').requestSubmit()", "POST by form"),
        ("document.getElementById('form').submit()", "POST by form"),
        ("document.getElementById('look').click()", "GET by form"),
        ("location = '/there?by=script'; 0", "GET by script"),
    ],
)
def test_what_leads_to_an_absolute_path_stays_in_the_example(laboratory: Laboratory, leave: str, arrived: str) -> None:
    run = laboratory.run(LINKS, path="/deep/index")
    run.inside(leave)
    run.frame().locator("h1", has_text=arrived).wait_for()
    assert re.search(r"/program-\d+/there", run.inside("location.pathname"))
    if "link" in arrived:
        assert "#part" in run.inside("document.body.textContent")
        run.inside("history.back()")
        run.frame().locator("h1", has_text="Links").wait_for()
        assert run.inside("document.getElementById('link').getAttribute('href')") == "/there?by=link#part"


def test_links_do_what_the_page_and_its_reader_want_of_them(laboratory: Laboratory) -> None:
    run = laboratory.run(LINKS, path="/deep/index")
    run.frame().locator("#unlike").click()
    assert run.inside("said") == "/mistake"
    for name, options in (("#new", {}), ("#link", {"modifiers": ["ControlOrMeta"]}), ("#link", {"button": "middle"})):
        with laboratory.page.context.expect_page() as opening:
            run.frame().locator(name).click(**options)
        opening.value.locator("h1", has_text="GET by").wait_for()
        assert re.search(r"/program-\d+/there", opening.value.url)
    assert run.frame().locator("h1", has_text="Links").count()
    with laboratory.page.expect_download() as downloading:
        run.inside(
            "const file = document.createElement('a'); file.href = URL.createObjectURL(new Blob(['a file']));"
            "file.download = 'file.txt'; document.body.append(file); file.click()"
        )
    assert downloading.value.path().read_text() == "a file"
