"""The checks that decide what an attack ended in."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tenantry.attacks.assertions import all_denied, denied, refused, together
from tenantry.attacks.http import Reply
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive


def test_redirect_is_inconclusive() -> None:
    assert refused(Reply(302, ""), 403).result is AttackResult.INCONCLUSIVE


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("AccessDeniedException", AttackResult.HELD),
        ("ThrottlingException", AttackResult.INCONCLUSIVE),
        ("InternalError", AttackResult.INCONCLUSIVE),
    ],
)
def test_other_errors_than_a_denial_are_inconclusive(code: str, result: AttackResult) -> None:
    def call() -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Call")

    assert denied(call).result is result


def test_successful_call_is_a_breach() -> None:
    assert denied(lambda: None).result is AttackResult.BREACHED


def test_worst_step_decides_and_only_failures_are_shown() -> None:
    outcome = together(("a", held("fine")), ("b", inconclusive("odd")), ("c", breached("open")))
    assert (outcome.result, outcome.observed) == (AttackResult.BREACHED, "b: odd; c: open")
    assert together(("a", held("fine")), held("fine too")).observed == "a: fine; fine too"


def test_without_a_step_nothing_is_proved() -> None:
    assert together().result is AttackResult.INCONCLUSIVE
    assert together(told="all denied").result is AttackResult.INCONCLUSIVE
    assert together(*all_denied([]), told="all denied").result is AttackResult.INCONCLUSIVE


@pytest.mark.parametrize("step", [inconclusive("odd"), breached("open")])
def test_summary_is_told_only_if_every_step_held(step: Outcome) -> None:
    assert together(held("fine"), told="all denied").observed == "all denied"

    outcome = together(("a", held("fine")), ("b", step), told="all denied")
    assert (outcome.result, outcome.observed) == (step.result, f"b: {step.observed}")
