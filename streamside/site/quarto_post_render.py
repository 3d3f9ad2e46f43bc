"""What a site made by Quarto needs besides its pages: `_quarto.yml` has Quarto run this when it has rendered."""

import os
import sys
from pathlib import Path

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.site import render_site


def main(project: Project | None = None) -> int:
    """Complete the site in the folder that Quarto says; return the exit status."""
    project = project or Project()
    try:
        render_site.complete(project, project.root / Path(os.environ["QUARTO_PROJECT_OUTPUT_DIR"]))
    except UserError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
