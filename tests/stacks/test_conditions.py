"""What conditions the policies of the templates use: each operator with the keys that it is right for, and no other."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.model.variables import TOKEN_VENDOR
from tests.statements import listed, statements
from tests.synthesized import ENVIRONMENTS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANY_VALUED: Final = {
    "aws:tagkeys",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "events:detail-type",
    "events:source",
    "s3:requestobjecttagkeys",
}
# `ForAllValues` is true of a request without the key, `Null` asks for it. Of a request without tags there is nothing to
# limit.
_MAY_BE_ABSENT: Final = {"aws:tagkeys", "s3:requestobjecttagkeys"}
_KEYS: Final = {
    "ArnEquals": {"aws:sourcearn"},
    "ArnLike": {"aws:sourcearn"},
    "ForAllValues:StringEquals": _MANY_VALUED - {"dynamodb:leadingkeys"},
    "ForAllValues:StringLike": {"dynamodb:attributes", "dynamodb:leadingkeys"},
    "ForAnyValue:StringEquals": {"dynamodb:enclosingoperation"},
    "Null": _MANY_VALUED - _MAY_BE_ABSENT,
    "StringEquals": {
        "aws:principaltag/purpose",
        "aws:principaltag/tenantid",
        "aws:requesttag/purpose",
        "aws:resourceaccount",
        "aws:sourceaccount",
        "aws:sourcearn",
        "kms:requestalias",
        "kms:viaservice",
        "s3:dataaccesspointarn",
        "sns:protocol",
    },
    # Requests without these return no items, or all that are projected; services do not always name their source.
    "StringEqualsIfExists": {"aws:sourceaccount", "dynamodb:returnvalues", "dynamodb:select"},
    "StringEqualsIgnoreCase": {"aws:requesttag/tenantname"},
    "StringLike": {
        "aws:requesttag/tenantid",
        "aws:requesttag/tenantname",
        "s3:existingobjecttag/tenant_id",
        "s3:existingobjecttag/user_id",
        "s3:prefix",
        "s3:requestobjecttag/tenant_id",
        "s3:requestobjecttag/user_id",
        "sns:endpoint",
    },
}
_OF_ITEMS: Final = {
    f"dynamodb:{name}"
    for name in ("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
}
_STANDING: Final = {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
_DIRECTORY: Final = {*_STANDING, "dynamodb:Query"}
# Who reads whole items of the directory, and the provisioner's list of names.
_WHOLE_ITEMS: Final = {
    "control/AccountChangesDirectory": _DIRECTORY,
    "control/ControlUsers": _DIRECTORY,
    "control/Reconciliation": _DIRECTORY,
    "employees/ApiAuthorizerFunction": _STANDING,
    "membership/ApiAuthorizerFunction": _STANDING,
    "membership/Membership": _DIRECTORY,
    "parks/ApiAuthorizerFunction": _STANDING,
    "parks/ParksPause": _STANDING,
    "parks/ParksPublish": _STANDING,
    "parks/ParksSetStatuses": _STANDING,
    "storage/ApiAuthorizerFunction": _STANDING,
    "storage/StorageProvisioner": {"dynamodb:PutItem"},
    "tenant/TenantApiAuthorizerFunction": _STANDING,
}
_BY_SERVICES: Final = {
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "s3:GetObject",
    "sns:Publish",
    "sqs:SendMessage",
    "sts:AssumeRole",
}
_MAKES_POINTS: Final = {"s3:CreateAccessPoint", "s3:PutAccessPointPolicy"}
_BINDS_ITEMS: Final = {"dynamodb:attributes", "dynamodb:leadingkeys"}


def _allowing(environment: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack, template in assembly(environment).templates.items():
        for name, resource in template["Resources"].items():
            for statement in statements(resource.get("Properties", {})):
                if statement["Effect"] == "Allow":
                    yield f"{stack}/{name}", statement
            for statement in _handed_over(resource):
                yield f"{stack}/{name} vends", statement


def _handed_over(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the statements of the session policies that a function is handed, without what references stand for."""
    variables = resource.get("Properties", {}).get("Environment", {})
    given = variables.get("Variables", {}).get(TOKEN_VENDOR) if isinstance(variables, dict) else None
    if given is not None:
        parts = given["Fn::Join"][1] if isinstance(given, dict) else [given]
        text = "".join(part if isinstance(part, str) else "reference" for part in parts)
        for policy in json.loads(text)["policies"].values():
            for actions, resources, *more in policy:
                yield {"Effect": "Allow", "Action": actions, "Resource": resources, "Condition": dict(*more[:1])}


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for operator, block in statement.get("Condition", {}).items():
        for key, values in block.items():
            yield operator, key.lower(), values


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_operators_are_used_with_the_keys_that_they_are_right_for(environment: str) -> None:
    used = [(where, one, key) for where, found in _allowing(environment) for one, key, _ in _conditions(found)]

    assert len(used) > 100
    assert [(where, one, key) for where, one, key in used if key not in _KEYS.get(one, ())] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_grants_name_what_they_are_about(environment: str) -> None:
    inverted = [where for where, found in _allowing(environment) if {"NotAction", "NotResource"} & found.keys()]

    assert inverted == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_keys_with_many_values_are_there_and_limited(environment: str) -> None:
    for where, statement in _allowing(environment):
        limited = {key for operator, key, _ in _conditions(statement) if operator.startswith("ForAllValues:")}
        present = {key for operator, key, values in _conditions(statement) if operator == "Null" and values}
        asked = [values for operator, _, values in _conditions(statement) if operator == "Null"]

        assert limited - _MAY_BE_ABSENT == present, where
        assert all(listed(values) == ["false"] for values in asked), where


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_condition_takes_any_value(environment: str) -> None:
    for where, statement in _allowing(environment):
        for operator, key, values in _conditions(statement):
            if "Like" in operator and not key.endswith("objecttag/user_id"):
                assert not {"*", "**"} & set(map(str, listed(values))), (where, key)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_grants_on_items_name_keys_or_attributes(environment: str) -> None:
    unlimited: dict[str, set[str]] = {}
    for where, statement in _allowing(environment):
        actions = _OF_ITEMS & set(listed(statement.get("Action", [])))
        if actions and not {key for _, key, _ in _conditions(statement)} & _BINDS_ITEMS:
            unlimited.setdefault(where.partition("RoleDefaultPolicy")[0], set()).update(actions)

    assert unlimited == _WHOLE_ITEMS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_are_let_in_for_named_actions(environment: str) -> None:
    for where, statement in _allowing(environment):
        if "Service" in statement.get("Principal", {}):
            assert set(listed(statement["Action"])) <= _BY_SERVICES, where


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sessions_use_access_points_by_name(environment: str) -> None:
    found = [
        (where, {key for _, key, _ in _conditions(statement)})
        for where, statement in _allowing(environment)
        if ":accesspoint/" in str(statement.get("Resource")) and not _MAKES_POINTS & set(listed(statement["Action"]))
    ]

    assert len(found) > 3
    assert [where for where, keys in found if "s3:dataaccesspointarn" not in keys] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_subscriptions_are_limited_to_https(environment: str) -> None:
    found = [one for _, one in _allowing(environment) if "sns:Subscribe" in listed(one.get("Action", []))]

    assert found
    for statement in found:
        asked = {(operator, key): listed(values) for operator, key, values in _conditions(statement)}
        assert asked["StringEquals", "sns:protocol"] == ["https"]
        assert asked["StringLike", "sns:endpoint"] == ["https://*"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_let_in_roles_of_their_own_stack_and_services_only(environment: str) -> None:
    for where, statement in _allowing(environment):
        principal = statement.get("Principal", {})
        assert isinstance(principal, dict), where
        assert "NotPrincipal" not in statement, where
        for name in listed(principal.get("AWS", [])):
            role = isinstance(name, dict) and "Fn::GetAtt" in name
            # A key's policy leaves it to the account's own policies.
            account = "Key" in where and re.search(r"::('.*AWS::AccountId.*'|000000000000):root", str(name))
            assert role or account, (where, name)


_PLAIN: Final = {"Bool": {"aws:SecureTransport": "false"}}
_OLD: Final = {"NumericLessThan": {"s3:TlsVersion": 1.2}}
# By type: the action, who is denied, how many resources these are, and for which connections.
_OVER_TLS: Final = {
    "AWS::S3::BucketPolicy": ("s3:*", {"AWS": "*"}, 2, [_PLAIN, _OLD]),
    "AWS::SNS::TopicPolicy": ("sns:Publish", "*", 1, [_PLAIN]),
    "AWS::SQS::QueuePolicy": ("sqs:*", {"AWS": "*"}, 1, [_PLAIN]),
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_buckets_queues_and_topics_deny_plain_http_and_old_tls(environment: str) -> None:
    seen = set()
    for where, resource in _resources(environment, *_OVER_TLS):
        seen.add(resource["Type"])
        action, everybody, count, connections = _OVER_TLS[resource["Type"]]
        denials = [
            one["Condition"]
            for one in statements(resource["Properties"])
            if one["Effect"] == "Deny" and one["Action"] == action and one["Principal"] == everybody
            if len(listed(one["Resource"])) == count
        ]

        assert [one for one in denials if one in (_PLAIN, _OLD)] == connections, where
    assert seen == _OVER_TLS.keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_objects_behind_access_points_are_reached_by_these_only(environment: str) -> None:
    (denial,) = (
        one
        for _, resource in _resources(environment, "AWS::S3::BucketPolicy")
        for one in statements(resource["Properties"])
        if "s3:DataAccessPointAccount" in one["Condition"].get("StringNotEquals", {})
    )

    assert denial["Action"] == ["s3:DeleteObject*", "s3:GetObject*", "s3:ListBucket*", "s3:PutObject*"]
    assert denial["Principal"] == {"AWS": "*"}
    assert len(denial["Resource"]) == 2  # the bucket and its objects
    assert len(denial["Condition"]) == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sessions_have_no_tags_but_those_that_are_known(environment: str) -> None:
    tagging = [
        one for _, one in _allowing(environment) if "Principal" in one and "sts:TagSession" in listed(one["Action"])
    ]

    assert len(tagging) > 3
    for statement in tagging:
        limits = {(operator, key): values for operator, key, values in _conditions(statement)}
        assert limits["ForAllValues:StringEquals", "aws:tagkeys"] == ["TenantId", "TenantName", "Purpose"]


def _resources(environment: str, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack, template in assembly(environment).templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] in types:
                yield f"{stack}/{name}", resource
