"""`python -m tenantry.attacks`."""

import sys

from tenantry.attacks.cli import main

sys.exit(main())
