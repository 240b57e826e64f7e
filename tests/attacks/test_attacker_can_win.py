"""The attacks are able to find a hole, and a target that refuses everybody passes none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from tenantry.attacks import leftovers, people, saga, world
from tenantry.attacks.outcome import Verdict
from tenantry.attacks.report import EXIT_BREACHED, EXIT_INCONCLUSIVE
from tenantry.attacks.runner import run
from tenantry.attacks.surfaces import leaks
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN_DOOR = '[{"tenantid": "tenant-b", "name": "' + fakes.VICTIM + '"}]'


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (people, "_PATIENCE_SECONDS"),
        (saga, "_PATIENCE_SECONDS"),
        (saga, "_LETTER_SECONDS"),
        (saga, "_LATE_SECONDS"),
        (world, "_IAM_PATIENCE_SECONDS"),
        (leaks, "_PATIENCE_SECONDS"),
        (leftovers, "_UNDER_WAY_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(
        "tenantry.operate.aws._CONFIG", Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
    )


@pytest.fixture
def open_door() -> Iterator[fakes.Server]:
    yield from fakes.serving(200, OPEN_DOOR)


@pytest.fixture(params=[401, 403, 503])
def wall(request: pytest.FixtureRequest) -> Iterator[fakes.Server]:
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
def test_an_open_door_is_a_breach(attack: str, open_door: fakes.Server) -> None:
    report = run(fakes.target(open_door), only=[attack], cast=fakes.cast())
    assert [result.verdict for result in report.results] == [Verdict.BREACHED], report.results[0].outcome
    assert report.exit_code == EXIT_BREACHED


def test_no_attack_holds_where_every_door_is_open(open_door: fakes.Server) -> None:
    report = run(fakes.target(open_door), cast=fakes.cast())
    # A header in any case has to open the door of one's own tenant, and so has a member's token; here they do.
    doors = {"tenant-api-header-lower-case", "tenant-api-header-upper-case", "tenant-api-header-mixed-case"}
    held = {result.attack.id for result in report.results if result.verdict is Verdict.HELD}
    assert held == doors | {"tenant-api-member-get", "tenant-api-usage-member"}


def test_no_attack_holds_where_everybody_is_refused(wall: fakes.Server) -> None:
    report = run(fakes.target(wall), cast=fakes.cast())
    held = {result.attack.id: result.outcome.observed for result in report.results if result.verdict is Verdict.HELD}
    assert not held
    assert report.exit_code in {EXIT_BREACHED, EXIT_INCONCLUSIVE}


def test_a_reply_that_says_why_is_a_breach(open_door: fakes.Server) -> None:
    open_door.replies = [(401, '{"message":"Signature has expired"}'), (401, '{"message":"Unauthorized"}')]
    report = run(fakes.target(open_door), only=["tenant-api-no-token-put"], cast=fakes.cast())
    assert report.results[0].verdict is Verdict.BREACHED
    assert "tells more than it should" in report.results[0].outcome.observed


@pytest.mark.parametrize("shown", ["Traceback (most recent call last)", fakes.VICTIM, "botocore.exceptions"])
def test_a_refusal_that_shows_too_much_is_a_breach(shown: str, open_door: fakes.Server) -> None:
    open_door.replies = [(403, shown)]
    report = run(fakes.target(open_door), only=["tenant-api-foreign-get"], cast=fakes.cast())
    assert report.results[0].verdict is Verdict.BREACHED


def test_another_refusal_than_the_required_one_proves_nothing(open_door: fakes.Server) -> None:
    open_door.replies = [(400, "{}")]
    report = run(fakes.target(open_door), only=["tenant-api-foreign-get"], cast=fakes.cast())
    assert report.results[0].verdict is Verdict.ERROR
    assert report.exit_code == EXIT_INCONCLUSIVE


def test_a_refusal_with_a_good_request_beside_it_holds(open_door: fakes.Server) -> None:
    open_door.replies = [(403, '{"message":"Forbidden"}')]
    report = run(fakes.target(open_door), only=["tenant-api-foreign-get"], cast=fakes.cast())
    assert report.results[0].verdict is Verdict.HELD
    assert report.exit_code == 0
