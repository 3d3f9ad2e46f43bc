"""What `streamside` does with the tutorial: build, preview, run, lab, new, check, newest."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamside.catalogue import Lesson, Project
from streamside.errors import Complaint, UserError
from streamside.paths import COMMAND
from streamside.site import check, example_rules, jupyterlab, new_lesson, newest, outdated, render_site, run_lessons
from streamside.site.pyodide import example_trial


def add_to(commands: Any, root: Path) -> None:
    """Add them to the subparsers of a command line, for the project in `root`."""

    build = commands.add_parser("build", help="run outdated lessons and make the pages in _site")
    build.add_argument("--cards", action="store_true", help="with site-url: take the pictures that cards lack")
    build.set_defaults(command=_build)

    serve = commands.add_parser("preview", help="build, serve the pages on this machine, rebuild what changes")
    serve.set_defaults(command=_preview)

    execute = commands.add_parser("run", help="run outdated lessons and store their outputs")
    execute.add_argument("lesson", nargs="*", help="a notebook's path; without any: all lessons")
    execute.add_argument("--all", action="store_true", help="also those that are up to date")
    execute.set_defaults(command=_run)

    open_lab = commands.add_parser("lab", help="open the lessons in JupyterLab")
    open_lab.add_argument("options", nargs="*", help="JupyterLab's own, such as `-- --no-browser`")
    open_lab.set_defaults(command=_lab)

    start = commands.add_parser("new", help="start a lesson: example, test and notebook, entered in _quarto.yml")
    start.add_argument("title", help='such as "Many events, one connection"')
    start.add_argument("--example", default="", help="an example that is there, or the name of a new one")
    kinds = "; ".join(f"{name}: {what}" for name, what in new_lesson.STARTS.items())
    start.add_argument("--start", default="", help=f"what a new example is made from ({kinds})")
    start.add_argument("--part", default="", help="the title of a part of _quarto.yml; else that of the last lesson")
    start.set_defaults(command=_new)

    examine = commands.add_parser("check", help="say what is wrong with the lessons, their examples and their pages")
    examine.add_argument("file", nargs="?", type=Path, help="a notebook, or a file in examples/; without any: all")
    examine.add_argument("--fix", action="store_true", help="mend what is mechanical")
    examine.set_defaults(command=_check)

    canary = commands.add_parser(
        "newest", help="try the newest release of a package that is taught; changes this checkout"
    )
    canary.add_argument("package", help=", ".join((*newest.PYTHON, *newest.BROWSER)))
    canary.set_defaults(command=_newest)
    for parser in commands.choices.values():
        if command := parser.get_default("command"):
            parser.set_defaults(command=lambda options, command=command: command(Project(root), options))


def _build(project: Project, options: argparse.Namespace) -> int:
    changed = _make(project)
    if options.cards:
        from streamside.site import card_pictures  # what drives a browser takes a while to import

        if card_pictures.take(project):
            changed += render_site.render(Project(project.root))  # pages that name them
    print(f"_site: {len(changed)} files changed" if changed else "_site: nothing has changed")
    return 0


def _make(project: Project) -> list[str]:
    """Run outdated lessons, make the pages; return what has changed in the site."""
    _run_outdated(project.documents)
    return render_site.render(Project(project.root))  # as the lessons are after their run


def _preview(project: Project, _: argparse.Namespace) -> int:
    from streamside.site import preview  # its server takes half a second to import, and no other command needs it

    _make(project)
    preview.serve(project.root)
    return 0


def _run(project: Project, options: argparse.Namespace) -> int:
    lessons = project.documents
    if options.lesson:
        lessons = tuple(_named(path, lessons) for path in options.lesson)
    if options.all:
        run_lessons.run([lesson for lesson in lessons if any(lesson.code)], _say)
    elif not _run_outdated(lessons):
        print("all outputs are up to date")
    return 0


def _lab(project: Project, options: argparse.Namespace) -> int:
    return jupyterlab.start(project, options.options)


def _new(project: Project, options: argparse.Namespace) -> int:
    def run(lesson: Lesson) -> None:
        run_lessons.run([lesson], _say)

    start = options.start or next(iter(new_lesson.STARTS))
    files = new_lesson.new(options.title, project, example=options.example, start=start, part=options.part, run=run)
    paths = [path.relative_to(project.root).as_posix() for path in files]
    print("\n".join(paths))
    print(f"Write it with `make lab`; `{COMMAND} check {paths[-1]}` says what is still to be written")
    return 0


def _check(project: Project, options: argparse.Namespace) -> int:
    complaints = _complaints(project, options.file)
    fixes = [complaint for complaint in complaints if complaint.fix] if options.fix else []
    for complaint in fixes:
        print(f"fixing {complaint.where}: {complaint.what}", file=sys.stderr)
        if complaint.fix:
            complaint.fix()
    if fixes:
        complaints = _complaints(Project(project.root), options.file)
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} complaints" if complaints else "nothing to complain of")
    return 1 if complaints else 0


def _complaints(project: Project, file: Path | None) -> list[Complaint]:
    """All about the tutorial, or a file of it; of examples that do not start, no more than that."""
    within = check.scope(project, file)
    complaints = [*example_rules.complaints(within.examples), *example_rules.linted(within.examples)]
    if any(example_rules.keeps_it_from_starting(complaint) for complaint in complaints):
        return complaints
    render_site.render(project)
    pages = project.root / "_site"
    complaints += check.check(project, pages, within)
    complaints += check.invalid_html(within.lessons, pages)
    complaints += check.false_claims(within.examples, example_trial.try_out(within.examples))
    return complaints


def _newest(project: Project, options: argparse.Namespace) -> int:
    return newest.main(options.package, project.root)


def _named(path: str, lessons: Sequence[Lesson]) -> Lesson:
    for lesson in lessons:
        if Path(path).resolve() == lesson.file.resolve():
            return lesson
    raise UserError(path, "no such lesson in _quarto.yml")


def _run_outdated(lessons: Sequence[Lesson]) -> bool:
    stale = [lesson for lesson in lessons if not outdated.is_current(lesson)]
    run_lessons.run(stale, _say)
    return bool(stale)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
