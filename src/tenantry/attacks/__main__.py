"""`python -m tenantry.attacks`."""

import sys

from tenantry.extras import run

sys.exit(run("python -m tenantry.attacks", "attack", "tenantry.attacks.cli"))
