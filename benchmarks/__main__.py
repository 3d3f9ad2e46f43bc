"""`make bench`: all measurements, one after the other; `python -m benchmarks.NAME` is one of them.

Those that take longer are not part of it: `faults`, `floods`, `readers`, `wpt`.
"""

from benchmarks import builds, examinations, fanout, live, many_processes, markdown, storm

for title, module in (
    ("Set-up and pages", builds),
    ("Python in the page", live),
    ("One event to many", fanout),
    ("Many processes", many_processes),
    ("An examination", examinations),
    ("A model's words", markdown),
    ("After a restart", storm),
):
    print(f"\n## {title}\n", flush=True)
    module.main()
