"""The token vending machine: one call for concurrent requests, and never another tenant's credentials."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tenantry.model.caller import TenantCaller
from tenantry.model.identifiers import tenant_id, user_id
from tenantry.model.policies import PolicyTemplate, TemplateError
from tenantry.runtime import observability
from tenantry.runtime.vending import TenantSession, TokenVendor, session_name
from tests.lambdas.expected_owner import demand_owners
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sts import STSClient

_ACCOUNT: Final = "123456789012"
_ROLE: Final = f"arn:aws:iam::{_ACCOUNT}:role/tenant"
_STATEMENT: Final = ["s3:GetObject", "arn:aws:s3:::bucket/{{tenant_id}}/{{user_id}}/*"]
_LISTING: Final = [
    "s3:ListBucket",
    "arn:aws:s3:::bucket",
    {"StringLike": {"s3:prefix": "{{tenant_id}}/{{user_id}}/*"}},
]
_TEMPLATES: Final = {
    "read": PolicyTemplate.of([_STATEMENT], account=_ACCOUNT),
    "list": PolicyTemplate.of([_LISTING], account=_ACCOUNT),
}
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class _Sts:
    """An STS that hands out numbered keys and remembers what it was asked for."""

    now: datetime = _START
    packed: int = 10
    failures: list[Exception] = field(default_factory=list)
    called: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def assume_role(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - STS's own parameters
        self.called.append(asked)
        number = len(self.called)
        assert self.gate.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{number:016}",
                "SecretAccessKey": f"secret-{number}",
                "SessionToken": f"token-{number}",
                "Expiration": self.now + timedelta(seconds=asked["DurationSeconds"]),
            },
            "PackedPolicySize": self.packed,
        }

    def clock(self) -> float:
        return self.now.timestamp()

    @property
    def purposes(self) -> Counter[str]:
        """How often it was asked, by the session policy."""
        return Counter(asked["Policy"] for asked in self.called)


@pytest.fixture
def sts() -> _Sts:
    return _Sts()


@pytest.fixture
def vendor(sts: _Sts) -> TokenVendor:
    return _vendor(sts)


def _vendor(sts: _Sts, capacity: int = 256) -> TokenVendor:
    return TokenVendor(_ROLE, _TEMPLATES, sts=cast("STSClient", sts), clock=sts.clock, capacity=capacity)


def _caller(tenant: str = "tenant-1", user: str = "user-1") -> TenantCaller:
    return TenantCaller(tenant_id=tenant_id(tenant), user_id=user_id(user))


def _key(session: TenantSession, service: str = "s3") -> str:
    """Return the access key that the session's client of a service signs with."""
    operation = {"s3": "list_buckets", "dynamodb": "list_tables"}[service]
    url: str = session.client(service).generate_presigned_url(operation)
    query = parse_qs(urlsplit(url).query)
    (key,) = query.get("AWSAccessKeyId") or query["X-Amz-Credential"]
    return key.partition("/")[0]


def test_s3_sessions_are_limited_to_own_accounts_buckets(vendor: TokenVendor) -> None:
    client = vendor.session(_caller(), "read").client("s3")
    calls = demand_owners(client, _ACCOUNT)
    client.meta.events.register(
        "before-send.s3", lambda request, **_: AWSResponse(request.url, 200, HTTPHeaders(), _Nothing())
    )

    client.put_object(Bucket="bucket", Key="key", Body=b"x")
    client.delete_object(Bucket="bucket", Key="key")

    assert calls == ["PutObject", "DeleteObject"]


class _Nothing:
    """The body of an answer without one."""

    def stream(self, **_: object) -> list[bytes]:
        return []


class TestAssumeRole:
    def test_assume_role_has_role_policy_and_duration_of_the_purpose(self, vendor: TokenVendor, sts: _Sts) -> None:
        vendor.session(_caller("T001", "ada@example.com"), "read")

        (asked,) = sts.called
        assert asked["RoleArn"] == _ROLE
        assert asked["DurationSeconds"] == 900
        assert json.loads(asked["Policy"]) == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::bucket/T001/ada@example.com/*",
                    "Condition": {"StringEquals": {"aws:ResourceAccount": _ACCOUNT}},
                }
            ],
        }

    def test_session_tags_are_transitive(self, vendor: TokenVendor, sts: _Sts) -> None:
        vendor.session(_caller("T001"), "read")

        (asked,) = sts.called
        assert asked["Tags"] == [
            {"Key": "TenantId", "Value": "T001"},
            {"Key": "TenantName", "Value": "t001"},
            {"Key": "Purpose", "Value": "read"},
        ]
        assert asked["TransitiveTagKeys"] == ["TenantId", "TenantName", "Purpose"]

    def test_session_name_and_source_identity_have_the_tenant(self, vendor: TokenVendor, sts: _Sts) -> None:
        vendor.session(_caller("T001", "ada"), "read")

        (asked,) = sts.called
        assert asked["RoleSessionName"] == "T001.ada"
        assert asked["SourceIdentity"] == "T001"

    def test_unknown_purpose_is_refused_before_sts(self, vendor: TokenVendor, sts: _Sts) -> None:
        with pytest.raises(KeyError):
            vendor.session(_caller(), "write")

        assert sts.called == []


class TestSessionName:
    @given(
        tenant=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{1,36}[A-Za-z0-9]", fullmatch=True),
        user=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@_+-]{0,127}", fullmatch=True),
    )
    def test_session_name_is_valid_and_begins_with_the_tenant(self, tenant: str, user: str) -> None:
        name = session_name(TenantCaller(tenant_id=tenant_id(f"x{tenant[1:]}"), user_id=user_id(user)))

        assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)
        assert name.startswith(f"x{tenant[1:]}.")

    def test_long_user_ids_give_distinct_session_names(self) -> None:
        names = {session_name(_caller("t" * 38, "u" * length)) for length in range(1, 129)}

        assert len(names) == 128

    @given(st.sets(st.from_regex(r"[a-z0-9@+-]{1,40}", fullmatch=True), min_size=2, max_size=20))
    def test_session_names_are_unique(self, ends: set[str]) -> None:
        names = {session_name(_caller("t" * 38, f"{'u' * 60}{end}")) for end in ends}

        assert len(names) == len(ends)


class TestCache:
    def test_second_request_is_cached(self, vendor: TokenVendor, sts: _Sts) -> None:
        assert vendor.session(_caller(), "read") is vendor.session(_caller(), "read")
        assert len(sts.called) == 1

    def test_sessions_are_separate_by_tenant_user_and_purpose(self, vendor: TokenVendor, sts: _Sts) -> None:
        callers = [_caller(tenant, user) for tenant in ("t-1", "t-10", "T-1") for user in ("u", "u1")]
        asked = [(caller, purpose) for caller in callers for purpose in _TEMPLATES]

        keys = [_key(vendor.session(caller, purpose)) for caller, purpose in asked]
        again = [_key(vendor.session(caller, purpose)) for caller, purpose in asked]

        assert keys == again
        assert len(set(keys)) == len(sts.called) == 12

    def test_equal_policies_share_no_session_between_tenants(self, sts: _Sts) -> None:
        alike = {"name": PolicyTemplate.of([["s3:GetObject", "arn:aws:s3:::b-{{tenant_name}}/x"]], account=_ACCOUNT)}
        vendor = TokenVendor(_ROLE, alike, sts=cast("STSClient", sts), clock=sts.clock)

        one, other = (vendor.session(_caller(tenant), "name") for tenant in ("T001", "t001"))

        assert sts.called[0]["Policy"] == sts.called[1]["Policy"]
        assert _key(one) != _key(other)

    def test_equal_policies_share_no_session_between_users(self, sts: _Sts) -> None:
        alike = {"all": PolicyTemplate.of([["s3:GetObject", "arn:aws:s3:::b/{{tenant_id}}/*"]], account=_ACCOUNT)}
        vendor = TokenVendor(_ROLE, alike, sts=cast("STSClient", sts), clock=sts.clock)

        one, other = (vendor.session(_caller(user=user), "all") for user in ("ada", "bob"))

        assert sts.called[0]["Policy"] == sts.called[1]["Policy"]
        assert _key(one) != _key(other)
        assert [asked["RoleSessionName"] for asked in sts.called] == ["tenant-1.ada", "tenant-1.bob"]

    @pytest.mark.parametrize(("seconds", "calls"), [(0, 1), (599, 1), (600, 2), (900, 2)])
    def test_cached_session_ends_five_minutes_before_expiry(
        self, vendor: TokenVendor, sts: _Sts, seconds: int, calls: int
    ) -> None:
        vendor.session(_caller(), "read")
        sts.now += timedelta(seconds=seconds)
        vendor.session(_caller(), "read")

        assert len(sts.called) == calls

    def test_least_recently_used_session_is_evicted(self, sts: _Sts) -> None:
        vendor = _vendor(sts, capacity=3)
        for tenant in ("t-1", "t-2", "t-3", "t-1", "t-4"):
            vendor.session(_caller(tenant), "read")
        assert len(sts.called) == 4

        for tenant in ("t-1", "t-3", "t-4"):
            vendor.session(_caller(tenant), "read")
        assert len(sts.called) == 4
        vendor.session(_caller("t-2"), "read")
        assert len(sts.called) == 5

    def test_cache_size_is_limited(self, sts: _Sts) -> None:
        vendor = _vendor(sts, capacity=8)
        for number in range(1000):
            vendor.session(_caller(f"tenant-{number}"), "read")

        assert len(vendor._sessions) == 8  # noqa: SLF001 - what is kept shows nowhere else
        assert not vendor._pending  # noqa: SLF001

    def test_sessions_share_service_models(self, vendor: TokenVendor) -> None:
        """A model takes some 13 MB: one for each tenant would be more than a function has."""
        one, other = (vendor.session(_caller(tenant), "read").client("s3") for tenant in ("t-1", "t-2"))

        assert one._loader is other._loader  # noqa: SLF001 - what is shared shows nowhere else


def _at_once(vendor: TokenVendor, sts: _Sts, count: int) -> list[Future[TenantSession]]:
    """Ask for the same session in many threads; STS answers once all have asked."""
    asked: list[int] = []

    def ask(number: int) -> TenantSession:
        asked.append(number)
        return vendor.session(_caller(), "read")

    sts.gate.clear()
    with ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(ask, number) for number in range(count)]
        try:
            until(lambda: len(asked) == count, f"{count} threads that ask")
        finally:
            sts.gate.set()
    return waiting


class TestConcurrency:
    def test_concurrent_misses_make_one_call(self, vendor: TokenVendor, sts: _Sts) -> None:
        sessions = {id(future.result()) for future in _at_once(vendor, sts, 32)}

        assert len(sts.called) == len(sessions) == 1

    def test_other_keys_do_not_wait(self, vendor: TokenVendor, sts: _Sts) -> None:
        sts.gate.clear()
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(vendor.session, _caller(f"tenant-{number}"), "read") for number in range(8)]
            try:
                until(lambda: len(sts.called) == 8, "eight calls of STS at once")
            finally:
                sts.gate.set()
            keys = {_key(future.result()) for future in waiting}

        assert len(keys) == 8

    def test_concurrent_callers_get_their_own_tenants_session(self, sts: _Sts) -> None:
        vendor = _vendor(sts, capacity=4)  # fewer than there are, so that sessions come and go
        tenants = [f"tenant-{number}" for number in range(10)]
        barrier = threading.Barrier(8)

        def ask(worker: int) -> list[tuple[str, str]]:
            barrier.wait()
            asked = (tenants[(worker + step) % 10] for step in range(100))
            return [(tenant, _key(vendor.session(_caller(tenant), "read"))) for tenant in asked]

        with ThreadPoolExecutor(8) as pool:
            answers = list(itertools.chain.from_iterable(pool.map(ask, range(8))))

        vended = {f"ASIA{number:016}": asked["SourceIdentity"] for number, asked in enumerate(sts.called, 1)}
        assert len(answers) == 800
        assert [tenant for tenant, _ in answers] == [vended[key] for _, key in answers]

    def test_service_client_is_created_once(self, vendor: TokenVendor) -> None:
        session = vendor.session(_caller(), "read")
        with ThreadPoolExecutor(8) as pool:
            clients = set(pool.map(lambda _: id(session.client("s3")), range(8)))

        assert len(clients) == 1
        assert _key(session) == _key(session, "dynamodb")


class TestFailure:
    def test_refusal_is_not_cached(self, vendor: TokenVendor, sts: _Sts) -> None:
        sts.failures = [ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "AssumeRole")]

        with pytest.raises(ClientError, match="AccessDenied"):
            vendor.session(_caller(), "read")
        assert not vendor._pending  # noqa: SLF001 - what is left behind shows nowhere else

        assert _key(vendor.session(_caller(), "read")) == f"ASIA{2:016}"

    def test_waiting_callers_retry_after_a_refusal(self, vendor: TokenVendor, sts: _Sts) -> None:
        sts.failures = [ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "AssumeRole")]
        outcomes = [future.exception() for future in _at_once(vendor, sts, 4)]

        assert sum(outcome is not None for outcome in outcomes) == 1

    def test_session_repr_hides_credentials(self, vendor: TokenVendor) -> None:
        session = vendor.session(_caller(), "read")
        session.client("s3")

        assert not re.search(r"secret|token-|ASIA", repr(session))

    def test_policy_near_the_size_limit_logs_a_warning(
        self, vendor: TokenVendor, sts: _Sts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warned: list[int] = []
        monkeypatch.setattr(observability.logger, "warning", lambda _message, *, percent: warned.append(percent))
        for number, packed in enumerate((80, 81, 100)):
            sts.packed = packed
            vendor.session(_caller(f"tenant-{number}"), "read")

        assert warned == [81, 100]


class TestSettings:
    @pytest.fixture
    def configured(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TokenVendor]:
        def configure(**policies: object) -> TokenVendor:
            monkeypatch.setenv("TOKEN_VENDOR", json.dumps({"role": _ROLE, "policies": policies}))
            return TokenVendor.from_environment()

        return configure

    def test_missing_settings_fail_at_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TOKEN_VENDOR", raising=False)

        with pytest.raises(KeyError, match="TOKEN_VENDOR"):
            TokenVendor.from_environment()

    def test_unsafe_template_fails_at_start(self, configured: Callable[..., TokenVendor]) -> None:
        with pytest.raises(TemplateError, match="bind the tenant"):
            configured(read=[_STATEMENT], all=[{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}])

    def test_throttled_sts_call_is_retried(
        self, configured: Callable[..., TokenVendor], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vendor = configured(read=[_STATEMENT])
        answers = iter([_throttled(), _throttled(), _vended()])
        pauses: list[float] = []
        monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
        events: Any = vendor._sts.meta.events  # noqa: SLF001 - in place of a network
        events.register("before-send.sts", lambda **_: next(answers))

        assert _key(vendor.session(_caller(), "read")) == "ASIAVENDED"
        assert len(pauses) == 2
        assert len(set(pauses)) == 2  # with jitter, so that many do not come back as one


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


def _answer(status: int, text: str) -> AWSResponse:
    return AWSResponse("https://sts.amazonaws.com", status, HTTPHeaders(), _Raw(text.encode()))


def _throttled() -> AWSResponse:
    return _answer(
        400, "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    )


def _vended() -> AWSResponse:
    return _answer(
        200,
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        "<AccessKeyId>ASIAVENDED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
    )
