"""What a site made by Quarto needs besides its pages: `_quarto.yml` has Quarto run this when it has rendered.

`python -m streamside.site.quarto_post_render` puts theme, live examples and feed where `render_site` would put them.
"""

import sys

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.site import render_site


def main() -> int:
    """Complete `_site`; return the exit status."""
    try:
        render_site.complete(Project())
    except UserError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
