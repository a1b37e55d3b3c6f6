"""`python -m simcse_core COMMAND …`."""

import sys

from simcse_core.commands.main import main

sys.exit(main())
