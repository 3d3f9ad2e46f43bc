"""What a site made by Quarto needs besides its pages: `_quarto.yml` has Quarto run this when it has rendered.

`python -m streamside.site.quarto` puts theme, live examples and feed where they are in the site that `render` makes.
"""

import sys

from streamside.catalogue import SiteError
from streamside.site import render


def main() -> int:
    """Complete `_site`; return the exit status."""
    try:
        render.complete()
    except SiteError as error:
        print(f"streamside: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
