"""Controls: attacks are breaches where every request is allowed, and none holds where every request is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from tenantry.attacks import accounts, run_resources, saga, world
from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.report import EXIT_BREACHED, EXIT_INCONCLUSIVE
from tenantry.attacks.runner import run
from tenantry.attacks.surfaces import logs
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = '[{"tenantid": "tenant-b", "name": "' + fakes.VICTIM + '"}]'


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (accounts, "_PATIENCE_SECONDS"),
        (saga, "_PATIENCE_SECONDS"),
        (saga, "_DEAD_LETTER_SECONDS"),
        (saga, "_LATE_SECONDS"),
        (world, "_IAM_PATIENCE_SECONDS"),
        (logs, "_PATIENCE_SECONDS"),
        (run_resources, "_UNDER_WAY_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(
        "tenantry.operate.aws._CONFIG", Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
    )


@pytest.fixture
def permissive() -> Iterator[fakes.Server]:
    yield from fakes.serving(200, EVERYTHING)


@pytest.fixture(params=[401, 403, 503])
def refusing(request: pytest.FixtureRequest) -> Iterator[fakes.Server]:
    yield from fakes.serving(request.param, '{"message":"Unauthorized"}')


@pytest.mark.parametrize(
    "attack",
    [
        "identity-alg-none",
        "identity-hs256-public-pem",
        "identity-same-kid",
        "identity-access-token",
        "identity-garbage",
        "tenant-api-no-token-get",
        "tenant-api-named-tenant-headers",
        "tenant-api-foreign-put",
        "tenant-api-existence-get",
        "tenant-api-warm-token",
        "tenant-api-warm-route",
        "tenant-api-crossfire",
        "tenant-api-path-encoded-dots",
        "tenant-api-path-long",
        "admin-api-unsigned",
        "admin-api-own-token",
        "admin-api-operator",
        "tokens-none",
        "tokens-alg-none",
        "tokens-hs256-empty",
        "tokens-named-tenant",
        "tokens-published",
        "tokens-issued-expired",
        "tokens-tenant-wildcard",
        "tokens-user-up",
    ],
)
def test_attack_is_a_breach_where_every_request_is_allowed(attack: str, permissive: fakes.Server) -> None:
    report = run(fakes.target(permissive), only=[attack], users=fakes.users())
    assert [attempt.result for attempt in report.attempts] == [AttackResult.BREACHED], report.attempts[0].outcome
    assert report.exit_code == EXIT_BREACHED


def test_no_attack_holds_where_every_request_is_allowed(permissive: fakes.Server) -> None:
    report = run(fakes.target(permissive), users=fakes.users())
    # These must be allowed: one's own tenant with a header in any case, and a member's token.
    allowed = {"tenant-api-header-lower-case", "tenant-api-header-upper-case", "tenant-api-header-mixed-case"}
    held = {attempt.attack.id for attempt in report.attempts if attempt.result is AttackResult.HELD}
    assert held == allowed | {"tenant-api-member-get", "tenant-api-usage-member"}


def test_no_attack_holds_where_every_request_is_refused(refusing: fakes.Server) -> None:
    report = run(fakes.target(refusing), users=fakes.users())
    held = {
        attempt.attack.id: attempt.outcome.observed
        for attempt in report.attempts
        if attempt.result is AttackResult.HELD
    }
    assert not held
    assert report.exit_code in {EXIT_BREACHED, EXIT_INCONCLUSIVE}


def test_refusal_that_gives_a_reason_is_a_breach(permissive: fakes.Server) -> None:
    permissive.replies = [(401, '{"message":"Signature has expired"}'), (401, '{"message":"Unauthorized"}')]
    report = run(fakes.target(permissive), only=["tenant-api-no-token-put"], users=fakes.users())
    assert report.attempts[0].result is AttackResult.BREACHED
    assert "tells more than it should" in report.attempts[0].outcome.observed


@pytest.mark.parametrize("shown", ["Traceback (most recent call last)", fakes.VICTIM, "botocore.exceptions"])
def test_refusal_that_reveals_data_is_a_breach(shown: str, permissive: fakes.Server) -> None:
    permissive.replies = [(403, shown)]
    report = run(fakes.target(permissive), only=["tenant-api-foreign-get"], users=fakes.users())
    assert report.attempts[0].result is AttackResult.BREACHED


def test_other_refusal_than_required_is_inconclusive(permissive: fakes.Server) -> None:
    permissive.replies = [(400, "{}")]
    report = run(fakes.target(permissive), only=["tenant-api-foreign-get"], users=fakes.users())
    assert report.attempts[0].result is AttackResult.INCONCLUSIVE
    assert report.exit_code == EXIT_INCONCLUSIVE


def test_required_refusal_beside_a_control_request_holds(permissive: fakes.Server) -> None:
    permissive.replies = [(403, '{"message":"Forbidden"}')]
    report = run(fakes.target(permissive), only=["tenant-api-foreign-get"], users=fakes.users())
    assert report.attempts[0].result is AttackResult.HELD
    assert report.exit_code == 0
