"""What builds for the preview: it gets ready before it is wanted, and then builds at each line that comes on stdin.

It is a process of its own, so that Ctrl-C ends it, and another can take its place where our own code has changed.
"""

import sys
from collections.abc import Callable

from streamside.catalogue import Lesson, Project
from streamside.errors import UserError
from streamside.setup import SetupError
from streamside.site import listings, outdated, render_site, run_lessons


def build(
    project: Project, say: Callable[[str], None], render: Callable[[Project], object] = render_site.render
) -> None:
    """Bring the site up to date: where a lesson is outdated, first with its new listings, then with its new outputs.

    Raises `UserError`.
    """
    stale = [lesson for lesson in project.documents if not outdated.is_current(lesson)]
    if stale:
        for lesson in stale:
            listings.refresh(lesson)
        render(Project(project.root))
    run_lessons.run([Lesson(lesson.root, lesson.path) for lesson in stale], say)
    render(Project(project.root))


def main() -> int:
    """Build until stdin ends, and say so on stdout after each; an error is one sentence on stderr. 130 for Ctrl-C."""
    said, sys.stdout = sys.stdout, sys.stderr  # what else is printed is for the author
    try:
        render_site.rehearse(Project())  # a second, for which nobody is waiting yet
        for _ in sys.stdin:
            try:
                build(Project(), lambda text: print(text, flush=True))
            except (UserError, SetupError, OSError) as error:
                print(f"streamside: {error}", flush=True)
            print(file=said, flush=True)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
