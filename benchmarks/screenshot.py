"""Takes README's picture anew, of lesson one with a cut cable in the built site: `python -m benchmarks.screenshot`."""

from playwright.sync_api import sync_playwright

from benchmarks.static import serving
from streamside.paths import ROOT
from tests import browsers

PICTURE = ROOT / "blog/screenshot.png"


def main() -> None:
    """Run the first stream, cut its cable after four messages, and wait until the browser tries again."""
    with serving(ROOT / "_site") as url, sync_playwright() as playwright:
        path = browsers.program(browsers.CHROMIUM)
        chromium = playwright.chromium.launch(executable_path=path, args=list(browsers.ARGUMENTS))
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.goto(f"{url}notebooks/01-your-first-stream.html")
        live = page.locator("live-example").first
        live.get_by_role("button", name="Run", exact=True).click()
        live.frame_locator("iframe").get_by_text("message number 3").wait_for(timeout=60_000)
        live.get_by_role("button", name="Cut the cable").click()
        live.get_by_text("waiting in the cut cable").first.wait_for()
        live.evaluate(
            "(live) => scrollTo({ top: live.getBoundingClientRect().top + scrollY - 150, behavior: 'instant' })"
        )
        page.mouse.move(0, 0)
        page.screenshot(path=PICTURE)
        chromium.close()


if __name__ == "__main__":
    main()
