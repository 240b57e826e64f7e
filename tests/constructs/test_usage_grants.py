"""Counting a tenant's usage: each session sees its tenant's aggregates only."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.statements import listed
from tests.synthesized import assembly

_TAG: Final = "${aws:PrincipalTag/TenantId}"
_NAME: Final = "${aws:PrincipalTag/TenantName}"


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = assembly("prod").templates["tenant"]["Resources"]
    return found


@pytest.fixture(scope="module")
def statements(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    (role,) = [resource for name, resource in resources.items() if name.startswith("UsageVendorTenantRole")]
    (policy,) = role["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_session_may_list_and_read_aggregates_only(statements: list[dict[str, Any]]) -> None:
    actions = {action for statement in statements for action in listed(statement["Action"])}

    assert actions == {"kms:Decrypt", "s3:GetObject", "s3:ListBucket"}


def test_listings_are_limited_to_the_tenant(statements: list[dict[str, Any]]) -> None:
    for statement in statements:
        if statement["Action"] != "s3:ListBucket":
            continue
        prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        bound_by_name = all(_NAME in json.dumps(resource) for resource in listed(statement["Resource"]))
        assert bound_by_name or listed(prefixes) in ([f"{_TAG}/*"], [f"aggregates/tenantid={_TAG}/*"])


def test_only_aggregates_are_readable(statements: list[dict[str, Any]]) -> None:
    (reads,) = [statement for statement in statements if statement["Action"] == "s3:GetObject"]

    assert json.dumps(reads["Resource"]).endswith(f'/aggregates/tenantid={_TAG}/*"]]}}')


def test_lake_key_is_limited_to_s3_and_tenant_sessions(statements: list[dict[str, Any]]) -> None:
    (decrypts,) = [statement for statement in statements if statement["Action"] == "kms:Decrypt"]
    condition = decrypts["Condition"]["StringEquals"]

    assert condition["aws:PrincipalTag/TenantId"] == [_TAG]
    assert "s3." in json.dumps(condition["kms:ViaService"])


def test_function_role_has_no_data_grant(resources: dict[str, dict[str, Any]]) -> None:
    (policy,) = [resource for name, resource in resources.items() if name.startswith("TenantUsageRoleDefaultPolicy")]
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in listed(statement["Action"])}

    assert not [action for action in actions if action.startswith(("s3:", "kms:", "dynamodb:"))]
    assert "sts:AssumeRole" in actions
