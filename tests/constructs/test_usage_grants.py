"""Counting a tenant's usage: each session counts its tenant's data only, and each counter answers one role only."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from tenantry.isolation.metering import UsageCounter, UsageRegistry
from tests.statements import listed
from tests.statements import statements as statements_of
from tests.synthesized import ENVIRONMENTS, assembly, new_app

_TAG: Final = "${aws:PrincipalTag/TenantId}"
_NAME: Final = "${aws:PrincipalTag/TenantName}"


_COUNTERS: Final = ("storage", "ingestion")


def _resources(stack: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = assembly("prod").templates[stack]["Resources"]
    return found


@pytest.fixture(scope="module")
def statements() -> list[dict[str, Any]]:
    """Return what the sessions of both counters may do."""
    return [
        statement
        for stack in _COUNTERS
        for name, resource in _resources(stack).items()
        if name.startswith("UsageVendorTenantRole")
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


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


def _granted(stack: str, role: str) -> set[str]:
    (policy,) = [found for name, found in _resources(stack).items() if name.startswith(f"{role}DefaultPolicy")]
    return {
        action
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }


@pytest.mark.parametrize("stack", _COUNTERS)
def test_counter_has_no_data_grant(stack: str) -> None:
    granted = _granted(stack, f"{stack.capitalize()}UsageRole")

    assert not [action for action in granted if action.startswith(("s3:", "kms:", "dynamodb:"))]
    assert "sts:AssumeRole" in granted


def test_usage_function_may_list_registrations_and_nothing_else_of_its_own() -> None:
    granted = _granted("tenant", "TenantUsageRole")

    assert {action for action in granted if not action.startswith("xray:")} == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:GetParametersByPath",
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("stack", _COUNTERS)
def test_usage_function_alone_may_invoke_a_counter(environment: str, stack: str) -> None:
    templates = assembly(environment).templates
    resources = templates[stack]["Resources"]
    (counter,) = [
        name
        for name, found in resources.items()
        if found["Type"] == "AWS::Lambda::Function" and f"{stack}_usage." in found["Properties"]["Handler"]
    ]
    named = [
        (name, found)
        for name, found in resources.items()
        if name != counter and "Metadata" not in name and f'"{counter}"' in json.dumps(found)
    ]

    # A policy of the usage function's role, the registration and an alarm: nothing else of the stack names the function.
    assert sorted(found["Type"] for _, found in named) == [
        "AWS::CloudWatch::Alarm",
        "AWS::IAM::Policy",
        "AWS::SSM::Parameter",
    ]
    (policy,) = [found["Properties"] for _, found in named if found["Type"] == "AWS::IAM::Policy"]
    assert [role["Fn::ImportValue"].partition(":")[0] for role in policy["Roles"]] == ["tenantry-tenant"]
    assert "TenantUsageRole" in json.dumps(policy["Roles"])
    assert [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]] == ["lambda:InvokeFunction"]
    # And no other stack can: none of its outputs gives the function away.
    assert counter not in json.dumps(templates[stack].get("Outputs", {}))


def test_policies_of_two_stacks_on_one_role_have_different_names() -> None:
    """IAM keeps one inline policy of a name: the stack that is deployed last would replace the others'."""
    named = [
        (json.dumps(role), resource["Properties"]["PolicyName"])
        for template in assembly("prod").templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy"
        for role in resource["Properties"]["Roles"]
        if "Fn::ImportValue" in role
    ]

    assert len(named) >= len(_COUNTERS)
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_may_write_registrations(environment: str) -> None:
    """A registration names a function that is told a tenant: only a deployment writes one."""
    allowed = {
        action
        for template in assembly(environment).templates.values()
        for resource in template["Resources"].values()
        if resource["Type"].startswith("AWS::IAM::")
        for statement in statements_of(resource["Properties"])
        if statement["Effect"] == "Allow"
        for action in listed(statement.get("Action", "*"))
        if action == "*" or action.startswith("ssm:")
    }

    assert allowed == {"ssm:GetParameter", "ssm:GetParametersByPath"}


@pytest.mark.parametrize("name", ["", "Storage", "failed", "a/b", "1st", "a" * 33, "storage "])
def test_counter_name_that_is_no_part_of_the_reply_is_refused(name: str) -> None:
    stack = Stack(new_app(), "shop")
    registry = UsageRegistry(path="/shop/usage", reader=iam.Role.from_role_name(stack, "Reader", "reader"))

    with pytest.raises(ValueError, match=r"The counter name .* is not valid: use 1 to 32"):
        UsageCounter(stack, "Counter", registry=registry, name=name, function=None)  # type: ignore[arg-type] # unused


@pytest.mark.parametrize("path", ["", "/", "shop/usage", "/shop/usage/", "/shop//usage", "/shop/*"])
def test_path_that_is_none_of_parameter_store_is_refused(path: str) -> None:
    role = iam.Role.from_role_name(Stack(new_app(), "shop"), "Reader", "reader")

    with pytest.raises(ValueError, match=r"The parameter path .* is not valid: begin with"):
        UsageRegistry(path=path, reader=role)
