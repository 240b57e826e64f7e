"""The run of attacks."""

from __future__ import annotations

from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.runner import run
from tests.attacks import fakes


def test_crashed_attack_is_inconclusive_and_others_run(server: fakes.Server) -> None:
    server.replies = [(200, "not JSON")]
    report = run(
        fakes.target(server), only=["identity-other-client", "tenant-api-member-get"], users=fakes.users(), workers=1
    )
    assert [attempt.result for attempt in report.attempts] == [AttackResult.INCONCLUSIVE, AttackResult.HELD]
