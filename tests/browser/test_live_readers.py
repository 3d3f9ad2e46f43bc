"""Several readers of one server: each in a frame, with cookies of its own or not, and told apart in the Wire."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.laboratory import VISITS, Laboratory
from tests.browser.stand_in import EVENT_STREAM, emit, run, violations, wire

Show = Callable[..., Locator]


def request(connection: int, reader: int) -> list[dict[str, object]]:
    of = {"connection": connection, "reader": reader, "source": connection}
    return [
        {**of, "kind": "request", "time": 10, "method": "GET", "path": "/numbers", "headers": []},
        {**of, "kind": "response", "time": 20, "status": 200, "headers": EVENT_STREAM},
        {**of, "kind": "source", "what": "open", "time": 20, "url": "numbers", "readyState": 1},
    ]


def test_readers_come_and_go_and_the_wire_says_whose_each_line_is(show: Show, page: Page) -> None:
    live = show()
    run(live)
    frames, add = live.locator("iframe"), live.get_by_role("button", name="Add a reader")
    emit(page, *request(1, 1))
    expect(wire(live).first).not_to_contain_text("Reader 1", use_inner_text=True)
    add.click()
    live.get_by_label("own cookies").check()
    add.click()
    expect(frames).to_have_count(3)
    assert [url.partition("?")[2] for url in frames.evaluate_all("all => all.map(({ src }) => src)")] == [
        "",
        "2,1",
        "3,3",
    ]
    expect(live.locator(".live-reader > p").nth(1)).to_contain_text("Reader 2, cookies of reader 1")
    expect(live.locator(".live-reader > p").nth(2)).to_contain_text("Reader 3, own cookies")
    emit(page, *request(2, 3))
    expect(wire(live).first).to_contain_text("Reader 1", use_inner_text=True)
    expect(wire(live).last).to_contain_text("Reader 3", use_inner_text=True)
    expect(live.locator(".wire-sources")).to_contain_text("Reader 3: Event source 2: OPEN")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert violations(page) == []
    text = page.evaluate("document.querySelector('live-example').live.wire.text")
    assert "Reader 1 #1 > GET /numbers" in text
    assert "Reader 3 #2 > GET /numbers" in text
    add.click()
    expect(add).to_be_disabled()
    live.get_by_role("button", name="Remove reader 3").click()
    emit(page, {"kind": "end", "connection": 2, "reader": 3, "time": 30, "by": "client", "why": ""})
    expect(live.locator(".wire-sources")).not_to_contain_text("Reader 3")
    expect(frames).to_have_count(3)
    expect(add).to_be_focused()
    live.get_by_role("button", name="Stop").click()
    expect(frames).to_have_count(1)
    expect(add).to_have_count(0)


def test_a_reader_has_the_first_ones_cookies_or_its_own_wherever_it_goes(laboratory: Laboratory) -> None:
    first = laboratory.run(VISITS)
    texts = laboratory.page.evaluate(
        f"""async () => {{
          const {{ running }} = {first.name};
          const read = (jar, path) => new Promise((resolve) => {{
            const frame = document.createElement("iframe");
            frame.src = running.urlFor(2, jar);
            const steps = [];
            frame.onload = () => {{
              const {{ body, location }} = frame.contentDocument;
              steps.push(body.innerText.trim().split("\\n")[0]);
              if (steps.length === 1) body.querySelector("form").requestSubmit();
              else if (steps.length === 2) body.querySelector("a").click();
              else {{ frame.remove(); resolve([...steps, location.pathname.split("/").at(-2)]); }}
            }};
            document.body.append(frame);
          }});
          return [await read(2), await read(1), await read(2)];
        }}"""
    )
    own, shared, again = texts
    assert own[0] == "visit 1"
    assert shared[0] == "visit 2"  # after the first reader's
    assert own[2] == "visit 2"  # by a link to an absolute path
    assert again[0] == "visit 3"
    assert re.fullmatch(r"program-\d+~2~2", own[3])
    first.wait("run.wire.at(-1).reader === 2")
    assert {each["reader"] for each in first.wire(kind="request")} == {1, 2}
