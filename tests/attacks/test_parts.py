"""The parts that attacks are made of."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from tenantry.attacks import http, saga
from tenantry.attacks.cleanup import Cleanup
from tenantry.attacks.http import Http, Reply, presentable
from tenantry.attacks.judge import denied, refused, together
from tenantry.attacks.outcome import Verdict, breached, held, inconclusive
from tenantry.attacks.people import tokens_of
from tenantry.attacks.runner import run
from tenantry.attacks.sigv4 import Signer
from tenantry.attacks.world import World
from tests.attacks import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[fakes.Server]:
    yield from fakes.serving(200, "{}")


# Cleanup


def test_cleanup_undoes_the_latest_first_and_goes_on_after_a_failure() -> None:
    cleanup, order = Cleanup(), list[str]()

    def fail() -> None:
        raise RuntimeError("stuck")

    cleanup.later("first", lambda: order.append("first"))
    cleanup.later("second", fail)
    cleanup.later("third", lambda: order.append("third"))
    assert cleanup.run() == ["second (RuntimeError: stuck)"]
    assert order == ["third", "first"]
    assert cleanup.run() == []


# Requests


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2e/b", "/a%2Fb", "/a//b", "/a/b;c", "/a/%ZZ", "/a?x=%2F&y"])
def test_a_path_is_sent_as_it_is_written(path: str, server: fakes.Server) -> None:
    Http().send("GET", server.url + path)
    # urllib3 writes escapes in capitals, and a percent sign that begins none as %25: neither changes what is asked for.
    assert server.requests[0][1].lower().replace("%25zz", "%zz") == path.lower()


def test_nothing_from_netrc_gets_into_a_request(
    server: fakes.Server, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Http().send("GET", server.url)
    assert "Authorization" not in server.requests[0][2]


def test_a_throttled_request_is_sent_again(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PATIENCE", (0, 0))
    server.replies = [(429, ""), (429, "")]
    assert Http().send("GET", server.url).status == 200
    assert len(server.requests) == 3


def test_patience_with_a_throttle_ends(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PATIENCE", (0,))
    server.replies = [(429, "")] * 5
    assert Http().send("GET", server.url).status == 429


def test_what_is_shown_holds_no_token() -> None:
    token = fakes.person("alice", "tenant-a").tokens.id
    assert presentable(f'{{"t": "{token}"}}') == '{"t": "(a token)"}'
    assert token not in str(Reply(200, token))
    assert len(presentable("x" * 10_000)) < 300


def test_a_tokens_mark_is_its_signature() -> None:
    tokens = fakes.person("alice", "tenant-a").tokens
    assert tokens_of(tokens) == [tokens.id.split(".")[2], tokens.access.split(".")[2]]


# Signatures


def test_a_signature_is_dated_as_asked() -> None:
    signer = Signer(
        credentials=ReadOnlyCredentials("AKID", "secret", None),
        region="eu-west-1",
        service="s3",
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    headers = signer.headers("GET", "https://host.example/prod/tenants/x")
    assert headers["X-Amz-Date"] == "20260102T030405Z"
    assert "Credential=AKID/20260102/eu-west-1/s3/aws4_request" in headers["Authorization"]


# Judgement


def test_a_redirect_is_not_a_refusal() -> None:
    assert refused(Reply(302, ""), 403).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("AccessDeniedException", Verdict.HELD), ("ThrottlingException", Verdict.ERROR), ("InternalError", Verdict.ERROR)],
)
def test_a_call_is_denied_only_by_a_denial(code: str, verdict: Verdict) -> None:
    def call() -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Call")

    assert denied(call).verdict is verdict


def test_a_call_that_succeeds_is_a_breach() -> None:
    assert denied(lambda: None).verdict is Verdict.BREACHED


def test_the_worst_step_decides_and_only_what_did_not_hold_is_told() -> None:
    outcome = together(("a", held("fine")), ("b", inconclusive("odd")), ("c", breached("open")))
    assert (outcome.verdict, outcome.observed) == (Verdict.BREACHED, "b: odd; c: open")
    assert together(("a", held("fine")), held("fine too")).observed == "a: fine; fine too"


# The world


def test_what_is_made_once_is_made_once_by_all_threads(server: fakes.Server) -> None:
    world, made = World(fakes.target(server), cast=fakes.cast()), list[int]()

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: world.once("thing", make), range(8))) == {1}


def test_two_things_can_be_made_at_the_same_time(server: fakes.Server) -> None:
    world, together_now = World(fakes.target(server), cast=fakes.cast()), threading.Barrier(2, timeout=5)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda key: world.once(key, together_now.wait), ("one", "other")))


def test_who_waits_for_events_to_settle_waits_for_a_sign_up_that_began_after_them(
    server: fakes.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float] = []

    def arrive(_: object, __: object) -> str:
        begun.append(time.monotonic())
        time.sleep(0.05)
        return "tenant"

    monkeypatch.setattr(saga.Newcomer, "arrive", arrive)
    world = World(fakes.target(server), cast=fakes.cast())

    def wait(number: int) -> bool:
        time.sleep(number * 0.01)
        came = time.monotonic()
        saga.settle(world)
        return any(moment >= came for moment in begun)

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(wait, range(20)))
    assert len(begun) < 20  # those who wait at the same time share


def test_a_sign_up_that_fails_leaves_nobody_waiting_for_ever(
    server: fakes.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object, __: object) -> str:
        raise RuntimeError("down")

    monkeypatch.setattr(saga.Newcomer, "arrive", fail)
    world = World(fakes.target(server), cast=fakes.cast())
    for _ in range(2):
        with pytest.raises(RuntimeError):
            saga.settle(world)


def test_an_attack_that_crashes_proves_nothing_and_the_others_go_on(server: fakes.Server) -> None:
    server.replies = [(200, "not JSON")]
    report = run(
        fakes.target(server), only=["identity-other-client", "tenant-api-member-get"], cast=fakes.cast(), workers=1
    )
    assert [result.verdict for result in report.results] == [Verdict.ERROR, Verdict.HELD]
