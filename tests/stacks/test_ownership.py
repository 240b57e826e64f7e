"""The account of every template: services act for it, and buckets belong to it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from stacks.application import compose
from stacks.environments import environment
from tenantry.model.policies import MAX_CHARACTERS, PolicyTemplate
from tests.statements import listed, statements
from tests.synthesized import ENVIRONMENTS, Template, assembly, new_app, template

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = ({"Ref": "AWS::AccountId"}, "000000000000")  # the second in the local cloud
_ACCOUNT: Final = "123456789012"
# Services that document that they name their source when they assume a role; `tenantry.functions.service_principal` cites
# each. Of every other the trust asks only if the service names one.
_NAME_THEIR_SOURCE: Final = {
    "credentials.iot.amazonaws.com",
    "events.amazonaws.com",
    "kinesisanalytics.amazonaws.com",
    "states.amazonaws.com",
}
_MAY_NAME_THEIR_SOURCE: Final = {
    "apigateway.amazonaws.com": "it does not name it when it assumes the role of an integration, and would be shut out",
    "lambda.amazonaws.com": "its documentation does not say so for execution roles",
}
# What allows a service without saying on whose behalf, by the type of the resource.
_FOR_WHOMEVER: Final = {
    ("AWS::KMS::Key", "cloudwatch.amazonaws.com"): "CloudWatch sends KMS no condition keys; the topic's policy asks "
    "for the account: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
}
# What may be allowed on S3 whoever owns the bucket.
_OF_NOBODY: Final = {"s3:CreateBucket": "the name of a bucket that is not there yet belongs to no account"}
_IDENTITY_POLICIES: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role")


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_service_roles_trust_this_account_only(environment_name: str) -> None:
    seen = set()
    for _, name, resource in _resources(environment_name, "AWS::IAM::Role"):
        for statement in statements(resource["Properties"]["AssumeRolePolicyDocument"]):
            for service in _services(statement):
                seen.add(service)
                condition = statement.get("Condition", {})
                if service in _NAME_THEIR_SOURCE:
                    assert condition["StringEquals"]["aws:SourceAccount"] in _OWN, name
                    assert _names_own_account(condition["ArnLike"]["aws:SourceArn"]), name
                else:
                    assert service in _MAY_NAME_THEIR_SOURCE, f"{name}: what does {service} send?"
                    assert condition["StringEqualsIfExists"]["aws:SourceAccount"] in _OWN, name
    assert seen == _NAME_THEIR_SOURCE | _MAY_NAME_THEIR_SOURCE.keys()


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_resource_policies_allow_services_for_this_account_only(environment_name: str) -> None:
    let_in, exceptions = [], set()
    for stack, name, resource in _resources(environment_name):
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            let_in.append(name)
            source = {key: properties[key] for key in ("SourceArn", "SourceAccount") if key in properties}
            assert any(_names_own_account(value) for value in source.values()), f"{stack} {name}"
        elif resource["Type"] != "AWS::IAM::Role":
            for statement in statements(properties):
                for service in _services(statement):
                    let_in.append(name)
                    if (resource["Type"], service) in _FOR_WHOMEVER:
                        exceptions.add((resource["Type"], service))
                    else:
                        assert any(_names_own_account(value) for value in _sources(statement)), f"{stack} {name}"

    assert len(let_in) > 50
    assert exceptions == _FOR_WHOMEVER.keys()


def test_foreign_or_missing_source_account_is_found() -> None:
    """The tests above can fail."""
    assert not _names_own_account("arn:aws:s3:::bucket")
    assert not _names_own_account("arn:aws:sns:eu-north-1:999999999999:*")
    assert not _names_own_account({"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Bucket"}]]})
    assert _names_own_account({"Fn::Join": ["", ["arn:aws:sns:eu-north-1:", _OWN[0], ":*"]]})
    assert _names_own_account({"Fn::GetAtt": ["Rule", "Arn"]})


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_s3_statements_are_limited_to_this_account(environment_name: str) -> None:
    found = list(_on_s3(assembly(environment_name).templates))

    _assert_own(found)
    assert {stack for stack, _, _ in found} == {"dashboard", "ingestion", "storage"}


def test_s3_statements_with_tenant_keys_are_limited_to_this_account() -> None:
    _assert_own(list(_on_s3(_with_tenant_keys())))


def _assert_own(found: list[tuple[str, str, dict[str, Any]]]) -> None:
    for stack, name, statement in found:
        actions = {action for action in listed(statement["Action"]) if action.startswith("s3:")} - _OF_NOBODY.keys()
        whose = statement.get("Condition", {}).get("StringEquals", {}).get("aws:ResourceAccount")
        in_the_arn = all(_names_own_account(resource) for resource in listed(statement["Resource"]))
        in_the_condition = whose is not None and listed(whose)[0] in _OWN
        assert not actions or in_the_arn or in_the_condition, f"{stack} {name}: {sorted(actions)}"


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_s3_session_policies_are_limited_to_this_account_and_fit(environment_name: str) -> None:
    templates = [*_session_policies(assembly(environment_name).templates), *_session_policies(_with_tenant_keys())]

    assert len(templates) > 10
    for document in templates:
        for statement in document["Statement"]:
            if any(action.startswith("s3:") for action in listed(statement["Action"])):
                assert statement["Condition"]["StringEquals"]["aws:ResourceAccount"] == _ACCOUNT
        longest = json.dumps(document, separators=(",", ":"))
        for placeholder, length in (("{{tenant_id}}", 38), ("{{tenant_name}}", 38), ("{{user_id}}", 128)):
            longest = longest.replace(placeholder, "x" * length)
        assert len(longest) <= MAX_CHARACTERS


def test_provisioner_is_denied_data_access() -> None:
    held = _provisioner(_with_tenant_keys())
    (never,) = (
        statement
        for statement in held
        if statement["Effect"] == "Deny" and statement["Resource"] == "*" and "Condition" not in statement
    )

    for action in (
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:RestoreObject",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
        "s3:AbortMultipartUpload",
        "s3:BypassGovernanceRetention",
        "s3:ReplicateObject",
        "s3:ReplicateDelete",
        "s3:PutReplicationConfiguration",
        "s3:PutInventoryConfiguration",
        "s3:PutBucketNotification",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:CreateGrant",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:ScheduleKeyDeletion",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:DeleteImportedKeyMaterial",
        "kms:PutKeyPolicy",
        "kms:UpdateAlias",
        "kms:DeleteAlias",
    ):
        assert any(_like(action, denied) for denied in never["Action"]), action


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_provisioner_creates_buckets_and_access_points_only(environment_name: str) -> None:
    held = _provisioner(assembly(environment_name).templates)
    allowed = {action for found in held if found["Effect"] == "Allow" for action in listed(found["Action"])}

    assert {action for action in allowed if action.startswith(("s3:", "kms:"))} == {
        "s3:CreateAccessPoint",
        "s3:CreateBucket",
        "s3:GetAccessPoint",
        "s3:GetBucketPolicy",
        "s3:PutAccessPointPolicy",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    }


def test_provisioner_is_denied_nothing_that_it_needs() -> None:
    held = _provisioner(_with_tenant_keys())
    allowed = {action for found in held if found["Effect"] == "Allow" for action in listed(found["Action"])}
    denied = {
        action
        for found in held
        if found["Effect"] == "Deny" and found["Resource"] == "*"
        for action in listed(found["Action"])
    }

    assert {action for action in allowed if any(_like(action, pattern) for pattern in denied)} == set()


def test_provisioner_has_no_grant_on_existing_keys() -> None:
    on_keys = {
        action: statement
        for statement in _provisioner(_with_tenant_keys())
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if action.startswith("kms:")
    }

    assert on_keys.keys() == {"kms:CreateKey", "kms:CreateAlias", "kms:DescribeKey"}
    assert ":alias/tenantry-storage-*" in json.dumps(on_keys["kms:CreateAlias"]["Resource"])
    assert on_keys["kms:DescribeKey"]["Condition"] == {"StringLike": {"kms:RequestAlias": "alias/tenantry-storage-*"}}


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_provisioner_can_change_no_shared_bucket(environment_name: str) -> None:
    resources = assembly(environment_name).templates["storage"]["Resources"].values()
    shared = {
        _named(resource["Properties"]["BucketName"]) for resource in resources if resource["Type"] == "AWS::S3::Bucket"
    }
    (denial,) = (
        statement
        for statement in _provisioner(assembly(environment_name).templates)
        if statement["Effect"] == "Deny" and statement["Resource"] != "*"
    )

    assert denial["Action"] == ["s3:CreateBucket", "s3:Put*"]
    assert "Condition" not in denial
    assert {_named(arn).rpartition(":::")[2] for arn in denial["Resource"]} == shared
    assert len(shared) == 4


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_provisioner_role_has_the_denied_tag(environment_name: str) -> None:
    resources = assembly(environment_name).templates["storage"]["Resources"]
    tagged = {
        name: {tag["Key"]: tag["Value"] for tag in resource["Properties"].get("Tags", [])}
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
    }
    (variables,) = (
        resource["Properties"]["Environment"]["Variables"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function" and name.startswith("StorageProvisioner")
    )
    key, _, value = variables["PROVISIONER_TAG"].partition("=")

    (role,) = (name for name, tags in tagged.items() if tags.get(key) == value)
    assert role.startswith("StorageProvisionerRole")
    assert variables["ROLE_ARN"] == {"Fn::GetAtt": [role, "Arn"]}


@pytest.mark.parametrize("environment_name", ENVIRONMENTS)
def test_tenant_roles_use_no_name_of_another_tenant(environment_name: str) -> None:
    vending = [
        statement
        for _, _, resource in _resources(environment_name, "AWS::IAM::Role")
        for statement in statements(resource["Properties"]["AssumeRolePolicyDocument"])
        if "sts:TagSession" in listed(statement["Action"])
    ]

    assert len(vending) > 3
    for statement in vending:
        assert statement["Condition"]["StringEqualsIgnoreCase"] == {
            "aws:RequestTag/TenantName": "${aws:RequestTag/TenantId}"
        }


def _with_tenant_keys() -> dict[str, Template]:
    app = new_app()
    compose(app, replace(environment("prod"), tenant_keys=True))
    return {"storage": template(app.node.find_child("tenantry-storage"))}  # type: ignore[arg-type]  # a Stack


def _resources(environment_name: str, kind: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, found in assembly(environment_name).templates.items():
        for name, resource in found["Resources"].items():
            if kind in {"", resource["Type"]}:
                yield stack, name, resource


def _services(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return (
        listed(principal.get("Service", [])) if isinstance(principal, dict) and statement["Effect"] == "Allow" else []
    )


def _sources(statement: dict[str, Any]) -> Iterator[Any]:
    for operator, block in statement.get("Condition", {}).items():
        if operator in {"StringEquals", "ArnEquals", "ArnLike"}:
            yield from (value for key, value in block.items() if key.lower() in {"aws:sourceaccount", "aws:sourcearn"})


def _names_own_account(value: Any) -> bool:  # noqa: ANN401 - a string or an intrinsic function
    """Return whether a value is this account, or the ARN of something in it: a resource of the stack's, or by its text."""
    match value:
        case {"Fn::GetAtt": [_, "Arn"]} | {"Fn::ImportValue": _} | {"Ref": "AWS::AccountId"}:
            return True
        case {"Fn::Join": ["", parts]}:
            return _names_own_account("".join(_OWN[1] if part in _OWN else str(part) for part in parts))
        case str():
            return value == _OWN[1] or (":s3:::" not in value and f":{_OWN[1]}:" in value)
        case _:
            return False


def _on_s3(templates: dict[str, Template]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, found in templates.items():
        for name, resource in found["Resources"].items():
            if resource["Type"] in _IDENTITY_POLICIES:
                for statement in statements(resource["Properties"]):
                    if statement["Effect"] == "Allow" and any(
                        action.startswith("s3:") or action == "*" for action in listed(statement["Action"])
                    ):
                        yield stack, name, statement


def _session_policies(templates: dict[str, Template]) -> Iterator[dict[str, Any]]:
    for found in templates.values():
        for resource in found["Resources"].values():
            variables = resource.get("Properties", {}).get("Environment", {})
            if isinstance(variables, dict) and "TOKEN_VENDOR" in variables.get("Variables", {}):
                given = json.loads(_text(variables["Variables"]["TOKEN_VENDOR"]))
                for held in given["policies"].values():
                    yield dict(PolicyTemplate.of(held, account=_ACCOUNT).document)


def _text(value: Any) -> str:  # noqa: ANN401 - a string or an intrinsic function
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part) for part in parts)
        case str():
            return value
        case {"Ref": "AWS::AccountId"}:
            return _ACCOUNT
        case _:
            return "x" * 40


def _provisioner(templates: dict[str, Template]) -> list[dict[str, Any]]:
    return [
        statement
        for name, resource in templates["storage"]["Resources"].items()
        if resource["Type"] == "AWS::IAM::Policy" and name.startswith("StorageProvisioner")
        for statement in statements(resource["Properties"])
    ]


def _like(text: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


def _named(value: Any) -> str:  # noqa: ANN401 - a string or an intrinsic function
    """Return a name or an ARN in one piece, each of its references as what it refers to."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_named, parts))
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)
