"""A build that is started before it is wanted: it imports what it needs, waits for a line on stdin, and then builds.

The preview keeps one waiting. Each is a process of its own, so that it uses the code that there is, and Ctrl-C ends it.
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
    """Get ready, wait, build; 2 for an error, which is one sentence, 130 for Ctrl-C."""
    try:
        from streamside.site import notebook_page  # noqa: F401  # a second, for which nobody is waiting yet

        if sys.stdin.readline():
            build(Project(), lambda text: print(text, file=sys.stderr, flush=True))
    except (UserError, SetupError, OSError) as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
