"""The attacker: attempts on the isolation of a deployed environment, and what came of each.

>>> from attacks import Target, run
>>> report = run(Target.named("local"))
>>> report.exit_code
0
"""

from attacks.report import Report
from attacks.runner import run
from attacks.target import Target

__all__ = ["Report", "Target", "run"]
