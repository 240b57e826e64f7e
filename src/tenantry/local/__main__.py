"""`python -m tenantry.local`."""

import sys

from tenantry.extras import run

sys.exit(run("python -m tenantry.local", "local", "tenantry.local.cli"))
