"""The usage route: each registered counter asked for the caller's tenant, and a failure kept to its own part."""

from __future__ import annotations

import importlib
import io
import json
import threading
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from tenant_usage import counters
from tests.lambdas.events import Context, proxy_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

_PATH: Final = "/shop/usage"
_ADA: Final = {"userId": "ada", "tenantId": "t-1"}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("USAGE_PATH", _PATH)
    with mock_aws():
        yield importlib.reload(importlib.import_module("tenant_usage.handler"))


def _register(*names: str) -> None:
    for name in names:
        value = json.dumps({"function": f"arn:{name}", "tenantIsolated": False})
        boto3.client("ssm").put_parameter(Name=f"{_PATH}/{name}", Value=value, Type="String")


def _answer(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, answers: Mapping[str, Callable[[], object]]
) -> list[dict[str, Any]]:
    """Let counters answer, and return the events that they are invoked with."""
    events: list[dict[str, Any]] = []

    def invoke(*, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        events.append(json.loads(Payload))
        answer = answers[FunctionName]()
        failed = {"FunctionError": "Unhandled"} if answer is None else {}
        return {"Payload": io.BytesIO(json.dumps(answer or {"errorMessage": "Secret"}).encode()), **failed}

    monkeypatch.setattr(module.counters._functions, "invoke", invoke)  # noqa: SLF001 - what is asked
    return events


def _call(module: ModuleType, tenant: str, authorizer: dict[str, Any] | None = _ADA) -> tuple[int, Any]:
    event = proxy_event(path={"tenantId": tenant}, authorizer=authorizer, route="GET /tenant/{tenantId}/usage")
    answer = module.handler({**event, "body": '{"tenantId": "t-2"}'}, Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_every_registered_counter_is_asked_for_the_verified_tenant(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    _register("storage", "ingestion")
    asked = _answer(
        monkeypatch, module, {"arn:storage": lambda: {"objects": 1}, "arn:ingestion": lambda: {"complete": True}}
    )

    assert _call(module, "t-1") == (200, {"storage": {"objects": 1}, "ingestion": {"complete": True}})
    assert asked == [{"tenantId": "t-1", "userId": "ada", "correlationId": "request"}] * 2


def test_parameters_elsewhere_are_no_counters(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    _register("storage")
    for name in ("/shop/usage-of-others/x", "/shop/usage/deeper/x", "/usage/x"):
        boto3.client("ssm").put_parameter(Name=name, Value="{}", Type="String")
    _answer(monkeypatch, module, {"arn:storage": lambda: {"objects": 1}})

    assert _call(module, "t-1") == (200, {"storage": {"objects": 1}})


def test_without_counters_usage_is_empty(module: ModuleType) -> None:
    assert _call(module, "t-1") == (200, {})


def _denied() -> object:
    raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "Invoke")


def _unreachable() -> object:
    raise ConnectionResetError


def _late() -> object:
    raise TimeoutError


@pytest.mark.parametrize(
    "failure",
    [lambda: None, _denied, _unreachable, _late],
    ids=["it raises", "not granted", "unreachable", "timeout"],
)
def test_failed_counter_fails_its_part_only(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, failure: Callable[[], object]
) -> None:
    _register("storage", "ingestion")
    _answer(monkeypatch, module, {"arn:storage": failure, "arn:ingestion": lambda: {"complete": True}})

    assert _call(module, "t-1") == (200, {"ingestion": {"complete": True}, "failed": ["storage"]})


@pytest.mark.parametrize("value", ["[]", '"x"', "null", "3", "{}", '{"function": "arn:storage"}', "no JSON"])
def test_registration_that_is_none_fails_its_part_only(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    _register("ingestion")
    boto3.client("ssm").put_parameter(Name=f"{_PATH}/storage", Value=value, Type="String")
    _answer(monkeypatch, module, {"arn:ingestion": lambda: {"complete": True}})

    assert _call(module, "t-1") == (200, {"ingestion": {"complete": True}, "failed": ["storage"]})


def test_counter_that_hangs_fails_its_part_only(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    _register("ingestion", "storage", "zoo")
    given_up = threading.Event()
    answers = {
        "arn:ingestion": lambda: {"complete": True},
        "arn:storage": lambda: given_up.wait(30) and {"objects": 1},
        "arn:zoo": lambda: {"animals": 2},
    }
    asked = _answer(monkeypatch, module, answers)
    monkeypatch.setattr("tenant_usage.counters._SECONDS", 2.0)

    try:
        answer = _call(module, "t-1")
        assert not given_up.is_set()
    finally:
        given_up.set()
    assert answer == (200, {"ingestion": {"complete": True}, "zoo": {"animals": 2}, "failed": ["storage"]})
    assert len(asked) == 3


def test_many_counters_are_asked_at_once(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"c{number}" for number in range(12)]
    _register(*names)
    everybody = threading.Barrier(len(names), timeout=10)
    _answer(monkeypatch, module, {f"arn:{name}": lambda: {"place": everybody.wait()} for name in names})

    status, usage = _call(module, "t-1")

    assert (status, sorted(usage)) == (200, sorted(names))


def test_counter_that_gives_no_answer_in_time_is_not_invoked_again(module: ModuleType) -> None:
    _register("storage")
    invoked: list[str] = []

    def hang(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's
        invoked.append(request.url)
        raise ReadTimeoutError(endpoint_url=request.url)

    events = module.counters._functions.meta.events  # noqa: SLF001 - what is sent
    events.register_first("before-send.lambda.Invoke", hang)

    assert _call(module, "t-1") == (200, {"failed": ["storage"]})
    assert len(invoked) == 1


def test_counters_own_timeout_ends_before_the_invocation_and_that_before_the_answer(module: ModuleType) -> None:
    config = module.counters._functions.meta.config  # noqa: SLF001 - for how long it waits

    assert config.read_timeout > 12
    assert config.connect_timeout + config.read_timeout < counters._SECONDS < 28  # noqa: SLF001 - as above
    assert config.max_pool_connections >= counters.MOST_AT_ONCE


def test_figures_of_one_tenant_are_not_kept_for_another(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    _register("storage")
    answers: list[object] = [{"objects": 1}, None]
    _answer(monkeypatch, module, {"arn:storage": lambda: answers.pop(0)})

    assert _call(module, "t-1") == (200, {"storage": {"objects": 1}})
    assert _call(module, "t-2", {"userId": "bob", "tenantId": "t-2"}) == (200, {"failed": ["storage"]})


@pytest.mark.parametrize("isolated", [True, False])
def test_tenant_isolated_counter_is_invoked_with_its_tenant(module: ModuleType, *, isolated: bool) -> None:
    value = json.dumps({"function": "storage", "tenantIsolated": isolated})
    boto3.client("ssm").put_parameter(Name=f"{_PATH}/storage", Value=value, Type="String")
    sent: list[object] = []

    def respond(request: Any, **_: object) -> AWSResponse:  # noqa: ANN401 - botocore's
        sent.append(request.headers.get("X-Amz-Tenant-Id"))
        return AWSResponse(request.url, 200, HTTPHeaders(), io.BytesIO(b'{"objects": 1}'))

    events = module.counters._functions.meta.events  # noqa: SLF001 - what is sent
    events.register_first("before-send.lambda.Invoke", respond)

    assert _call(module, "t-1") == (200, {"storage": {"objects": 1}})
    assert sent == ([b"t-1"] if isolated else [None])


@pytest.mark.parametrize("tenant", ["t-2", "T-1", "t-1/", "", "t-1*"])
def test_another_tenant_is_refused_before_a_counter_is_asked(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    _register("storage")
    asked = _answer(monkeypatch, module, {})

    assert _call(module, tenant)[0] == 403
    assert asked == []


def test_request_without_authorizer_or_tenant_is_refused(module: ModuleType) -> None:
    assert _call(module, "t-1", None)[0] == 401
    assert _call(module, "t-1", {"userId": "ada"})[0] == 403
