"""`python -m tenantry.local`."""

import sys

from tenantry.local.cli import main

sys.exit(main())
