"""Preflight knows every CloudFormation type that the stacks use."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.operate.preflight.actions import ACTIONS
from tenantry.operate.preflight.assembly import Assembly, NotSynthesizedError, resolved
from tenantry.operate.preflight.lookups import LOOKUPS
from tests.operate.preflight.accounts import Answers, of_environment
from tests.operate.preflight.assemblies import write_assembly
from tests.synthesized import ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Types whose names several may have, or that are named within another resource of the same stack.
_SHARED: Final = {
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::DocumentationPart",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::EventSchemas::Schema",
    "AWS::Glue::Table",
    "AWS::IAM::Policy",
}
_NAME: Final = re.compile(r"(Name|Bucket|Alias)")
# Names of other things than the resource itself.
_OF_OTHERS: Final = re.compile(r"(MetricName|DisplayName)")


def _named(properties: dict[str, Any], depth: int = 2) -> Iterator[str]:
    for key, value in properties.items():
        if isinstance(value, dict) and depth > 1 and key.endswith(("Config", "Input")):
            yield from _named(value, depth - 1)
        elif isinstance(value, str) and re.search(rf"{_NAME.pattern}$", key) and not _OF_OTHERS.fullmatch(key):
            yield key


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_physical_name_is_checked(environment: str) -> None:
    for resource in of_environment(environment).resources():
        if resource.kind in _SHARED or resource.kind in LOOKUPS or resource.kind.startswith("Custom::"):
            continue
        assert list(_named(dict(resource.properties))) == [], f"{resource.kind} {resource.logical_id}"


def test_only_types_of_the_templates_are_checked() -> None:
    made = {kind for environment in ENVIRONMENTS for kind in of_environment(environment).counts()}

    made.add("AWS::WAFv2::WebACLAssociation")  # where the context `webAcl` is set

    assert (set(LOOKUPS) | set(ACTIONS)) - made == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_has_its_create_permissions(environment: str) -> None:
    kinds = {kind for kind in of_environment(environment).counts() if not kind.startswith("Custom::")}

    assert kinds - set(ACTIONS) == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_reserved_concurrency_fits_a_new_account(environment: str) -> None:
    for resource in of_environment(environment).resources():
        assert "ReservedConcurrentExecutions" not in resource.properties
        assert "ProvisionedConcurrencyConfig" not in resource.properties


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        (
            {"Fn::Join": ["", ["a-", {"Ref": "AWS::AccountId"}, "-", {"Ref": "AWS::Region"}]]},
            "a-123456789012-eu-west-1",
        ),
        ({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x"}, "arn:aws:iam::123456789012:role/x"),
        ({"Ref": "Bucket"}, None),
        ({"Fn::Sub": "${Bucket}-x"}, None),
        ({"Fn::Join": ["", ["a", {"Fn::GetAtt": ["B", "Arn"]}]]}, None),
        (None, None),
    ],
)
def test_names_are_resolved_like_cloudformation(value: object, text: str | None) -> None:
    assert resolved(value, Answers().account) == text


def test_assembly_is_read(tmp_path: Path) -> None:
    role = "arn:${AWS::Partition}:iam::1:role/deploy"
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111122223333/eu-west-1",
        "properties": {
            "templateFile": "a.json",
            "assumeRoleArn": role,
            "cloudFormationExecutionRoleArn": "arn:execution",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/x/version",
        },
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"a": stack, "Tree": {"type": "cdk:tree"}}}))
    (tmp_path / "a.json").write_text(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))

    app = Assembly.read(tmp_path, "dev")

    assert (app.account, app.region) == ("111122223333", "eu-west-1")
    assert (app.bootstrap_parameter, app.bootstrap_version) == ("/cdk-bootstrap/x/version", 6)
    assert (app.roles, app.execution_role) == ([role], "arn:execution")
    assert app.counts() == {"AWS::SNS::Topic": 1}
    assert list(app.templates) == ["a"]


def test_assembly_without_account_fits_any_account(tmp_path: Path) -> None:
    app = Assembly.read(write_assembly(tmp_path), "dev")

    assert (app.account, app.region) == ("", "")


_STACK: Final = {
    "type": "aws:cloudformation:stack",
    "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "a.json"},
}


@pytest.mark.parametrize(
    ("manifest", "template"),
    [
        ("", "{}"),
        ("[]", "{}"),
        ('{"artifacts": {', "{}"),
        ("{}", "{}"),
        ('{"artifacts": []}', "{}"),
        (json.dumps({"artifacts": {"a": {}}}), "{}"),
        (json.dumps({"artifacts": {"a": {**_STACK, "properties": {}}}}), "{}"),
        (json.dumps({"artifacts": {"a": {"type": _STACK["type"], "properties": {}}}}), "{}"),
        (json.dumps({"artifacts": {"a": _STACK}}), None),
        (json.dumps({"artifacts": {"a": _STACK}}), '{"Resources"'),
    ],
)
def test_unreadable_assembly_names_the_remedy(tmp_path: Path, manifest: str, template: str | None) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    if template is not None:
        (tmp_path / "a.json").write_text(template)

    with pytest.raises(NotSynthesizedError, match="make synth ENV=dev"):
        Assembly.read(tmp_path, "dev")


def test_missing_assembly_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotSynthesizedError, match="make synth ENV=dev"):
        Assembly.read(tmp_path, "dev")
