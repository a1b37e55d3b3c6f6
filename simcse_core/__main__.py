"""`python -m simcse_core COMMAND …`."""

import sys

from simcse_core.cli import main

sys.exit(main())
