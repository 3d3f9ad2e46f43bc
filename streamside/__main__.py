"""`python -m streamside` is the command `streamside`."""

import sys

from streamside.cli import main

sys.exit(main())
