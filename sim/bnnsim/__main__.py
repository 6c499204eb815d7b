"""`python -m bnnsim` is `bnnsim`."""

import sys

from bnnsim.cli.main import main

sys.exit(main())
