"""A notebook's frame, without the notebook around it: it runs an example that is served by the kernel."""

from playwright.sync_api import Page, expect

from streamside.notebook_frames import Frames


def test_its_example_runs_is_cut_off_and_comes_back(page: Page) -> None:
    frames = Frames()
    try:
        number = frames.add("A frame", '<live-example example="heartbeats"></live-example>')
        page.goto(f"http://127.0.0.1:{frames.port}/{frames.secret}/{number}.html")
        live, wire = page.locator("live-example"), page.locator(".wire-list")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(live).to_have_attribute("state", "running")
        expect(wire.locator(".browser.event").first).to_be_attached()
        page.get_by_role("button", name="Cut the cable").click()
        expect(wire).to_contain_text("The cable was cut.")
        page.get_by_role("button", name="Mend the cable").click()
        expect(wire.locator(".browser.open")).to_have_count(2)
        page.goto("about:blank")  # before its server goes
    finally:
        frames.stop()
