"""The smoke check: passes for a healthy deployment that rejects unauthenticated calls, and reports failures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
import responses

from tenantry.cli.main import main
from tenantry.operate import smoke
from tenantry.operate.aws import Aws
from tenantry.operate.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

_TENANT = "https://tenant.example/prod"
_ADMIN = "https://admin.example/prod"
_KEYS = "https://cognito-idp.eu-north-1.amazonaws.com/pool/.well-known/jwks.json"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> responses.RequestsMock:
    environment = Environment(
        name="dev",
        app="tenantry",
        outputs={
            "tenantry-tenant": {"TenantApiUrl": _TENANT, "TenantAdminApiUrl": _ADMIN},
            "tenantry-user": {"UserPoolId": "pool"},
        },
        aws=Aws(boto3.Session(region_name="eu-north-1")),
    )
    monkeypatch.setattr(Environment, "load", lambda *_, **__: environment)
    web = responses.RequestsMock(assert_all_requests_are_fired=False)
    web.get(_KEYS, body=json.dumps({"keys": []}))
    web.options(f"{_TENANT}{smoke.NO_TENANT}", status=204)
    web.get(f"{_TENANT}{smoke.NO_TENANT}", status=401)
    web.get(f"{_ADMIN}/tenants/nobody", status=403)
    return web


def test_healthy_deployment_passes(web: responses.RequestsMock, capsys: pytest.CaptureFixture[str]) -> None:
    with web:
        assert main(["smoke", "--env", "dev"]) == 0
    assert "FAILED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "status", "told"),
    [
        (f"{_TENANT}{smoke.NO_TENANT}", 500, "500 instead of 401"),
        (f"{_TENANT}{smoke.NO_TENANT}", 200, "200 instead of 401"),
        (f"{_ADMIN}/tenants/nobody", 200, "200 instead of 403"),
        (_KEYS, 200, 'the reply lacks "keys"'),
    ],
)
def test_failures_are_reported(
    web: responses.RequestsMock, capsys: pytest.CaptureFixture[str], url: str, status: int, told: str
) -> None:
    web.replace("GET", url, status=status, body="{}")
    with web:
        assert main(["smoke", "--env", "dev"]) == 1
    assert told in capsys.readouterr().out


def test_unreachable_api_is_a_failure(web: responses.RequestsMock, capsys: pytest.CaptureFixture[str]) -> None:
    web.remove("GET", _KEYS)
    with web:
        assert main(["smoke", "--env", "dev"]) == 1
    assert "ConnectionError" in capsys.readouterr().out


def test_missing_environment_is_not_a_failed_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", "--state", str(tmp_path)]) == 2
    assert "make up" in capsys.readouterr().err
