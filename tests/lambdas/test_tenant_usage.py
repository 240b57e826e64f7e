"""The usage route: each registered counter asked for the caller's tenant, and a failure kept to its own part."""

from __future__ import annotations

import importlib
import io
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError
from moto import mock_aws

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


@pytest.mark.parametrize("failure", [lambda: None, _denied], ids=["it raises", "not granted"])
def test_failed_counter_fails_its_part_only(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, failure: Callable[[], object]
) -> None:
    _register("storage", "ingestion")
    _answer(monkeypatch, module, {"arn:storage": failure, "arn:ingestion": lambda: {"complete": True}})

    assert _call(module, "t-1") == (200, {"ingestion": {"complete": True}, "failed": ["storage"]})


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
