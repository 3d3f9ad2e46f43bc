"""`make bench`: all measurements, one after the other; `python -m benchmarks.NAME` is one of them."""

from benchmarks import builds, fanout, live, markdown, storm

for title, module in (
    ("Set-up and pages", builds),
    ("Python in the page", live),
    ("One event to many", fanout),
    ("A model's words", markdown),
    ("After a restart", storm),
):
    print(f"\n## {title}\n", flush=True)
    module.main()
