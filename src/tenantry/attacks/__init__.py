"""The attacker: attempts on the isolation of a deployed environment, and what came of each.

>>> from tenantry.attacks import Target, run
>>> report = run(Target.named("local"))
>>> report.exit_code
0
"""

from tenantry.attacks.report import Report
from tenantry.attacks.runner import run
from tenantry.attacks.target import Target

__all__ = ["Report", "Target", "run"]
