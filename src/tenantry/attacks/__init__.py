"""The attacker: attempts on the isolation of a deployed environment, and what came of each.

>>> from tenantry.attacks.runner import run
>>> from tenantry.attacks.target import Target
>>> report = run(Target.named("local"))
>>> report.exit_code
0
"""
