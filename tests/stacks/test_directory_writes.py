"""Who may write which attributes of the directory: every grant names them, and returns no items."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from stacks.platform.defaults import allow, reads, writes
from tenantry.attacks.directory_grants import GRANTS, KEYS, Grant
from tenantry.model.stores import ACKNOWLEDGED
from tests.statements import listed
from tests.synthesized import ENVIRONMENTS, ROOT, assembly, new_app, template

_TABLES: Final = {
    "Users": "users",
    "Tenants": "tenants",
    "TenantUsers": "tenant-users",
    "Invitations": "invitations",
}
_WRITES: Final = {"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem"}
_ARN: Final = "arn:aws:dynamodb:eu-north-1:123456789012:table/shelves"

# Role, table, action: the attributes.
EXPECTED: Final = {(grant.role, grant.table, grant.action): {*KEYS[grant.table], *grant.attributes} for grant in GRANTS}


def _statements(environment: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return role, table and statement of each grant of a write to the directory."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for stack in assembly(environment).templates.values():
        for name, resource in stack["Resources"].items():
            if resource["Type"] not in {"AWS::IAM::Policy", "AWS::IAM::Role"}:
                continue
            documents = [resource["Properties"].get("PolicyDocument")] + [
                policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", [])
            ]
            for statement in (part for document in documents if document for part in listed(document["Statement"])):
                actions = {str(action).partition(":")[2] for action in listed(statement.get("Action", []))}
                if statement["Effect"] == "Allow" and actions & _WRITES:
                    tables = filter(None, map(_table, listed(statement["Resource"])))
                    found.extend((_role(name), table, statement) for table in tables)
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_role_writes_its_attributes_only(environment: str) -> None:
    granted: dict[tuple[str, str, str], set[str]] = {}
    for role, table, statement in _statements(environment):
        bound = [value for key, value in statement.get("Condition", {}).items() if key.startswith("ForAllValues:")]
        names = listed(bound[0]["dynamodb:Attributes"]) if bound else ["all"]
        for action in listed(statement["Action"]):
            key = (role, table, action.partition(":")[2])
            granted[key] = granted.get(key, set()) | set(names)
    assert granted == EXPECTED


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_grants_name_attributes_and_return_no_items(environment: str) -> None:
    for role, table, statement in _statements(environment):
        condition = statement["Condition"]
        assert condition["Null"] == {"dynamodb:Attributes": "false"}, (role, table)
        assert listed(condition["StringEqualsIfExists"]["dynamodb:ReturnValues"]) == ["NONE"], (role, table)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_transactional_writes_are_transaction_only(environment: str) -> None:
    outside = {
        role
        for role, _, statement in _statements(environment)
        if listed(statement["Condition"].get("ForAnyValue:StringEquals", {}).get("dynamodb:EnclosingOperation", []))
        != ["TransactWriteItems"]
    }
    assert outside == {grant.role for grant in GRANTS if not grant.in_transaction}


def test_document_lists_the_write_grants() -> None:
    page = (ROOT / "docs" / "membership.md").read_text()
    rows = [line for line in page.splitlines() if re.fullmatch(r"\| \w+ \| .*`\w+Item` \| .* \| (yes|no) \|", line)]
    assert rows == [_row(grant) for grant in GRANTS]


def test_grant_without_attributes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Name the attributes .*table/shelves"):
        writes(_ARN, "dynamodb:UpdateItem", attributes=[])
    with pytest.raises(ValueError, match=r"Name the attributes .*table/shelves"):
        reads(_ARN, "dynamodb:GetItem", attributes=[])


def test_attribute_pattern_uses_string_like() -> None:
    plain = writes(_ARN, "dynamodb:UpdateItem", attributes=["id", "color"]).to_statement_json()["Condition"]
    assert plain["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["color", "id"]}
    pattern = writes(_ARN, "dynamodb:UpdateItem", attributes=["id", "color:*"]).to_statement_json()["Condition"]
    assert pattern["ForAllValues:StringLike"] == {"dynamodb:Attributes": ["color:*", "id"]}
    assert "ForAllValues:StringEquals" not in pattern


def test_write_grant_limits_return_values() -> None:
    statement = writes(
        _ARN, "dynamodb:UpdateItem", attributes=["id"], in_transaction=False, returned=["NONE", "UPDATED_NEW"]
    ).to_statement_json()
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id"]},
        "Null": {"dynamodb:Attributes": "false"},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]},
    }


def test_read_grant_must_name_attributes() -> None:
    statement = reads(_ARN, "dynamodb:GetItem", attributes=["id", "color"]).to_statement_json()
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["color", "id"]},
        "Null": {"dynamodb:Attributes": "false"},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }


def test_statements_are_added_to_a_role() -> None:
    stack = Stack(new_app(), "stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    allow(role, writes(_ARN, "dynamodb:UpdateItem", attributes=["id"]), because="It is a test.")
    assert role.node.try_find_child("DefaultPolicy") is not None
    (made,) = [found for found in template(stack)["Resources"].values() if found["Type"] == "AWS::IAM::Role"]
    assert made["Metadata"][ACKNOWLEDGED] == [
        {"resource": _ARN, "actions": ["dynamodb:UpdateItem"], "reason": "It is a test."}
    ]


def _row(grant: Grant) -> str:
    table = grant.table if grant.table == "invitations" else f"`App-{grant.table}`"
    names = ", ".join(f"`{name}`" for name in grant.attributes) or "-"
    return f"| {grant.role} | {table} | `{grant.action}` | {names} | {'yes' if grant.in_transaction else 'no'} |"


def _role(name: str) -> str:
    """Return whose role a policy's logical id names."""
    return next((grant.role for grant in GRANTS if name.startswith(f"{grant.role}Role")), name)


def _table(resource: Any) -> str:  # noqa: ANN401 - a reference to a table
    text = str(resource)
    if "/index/" in text:
        return ""
    by_name = [table for table in _TABLES.values() if re.search(rf"table/[a-z]+-{table}'", text)]
    by_reference = [word for word in _TABLES if f"'{word}" in text or f"FnGetAtt{word}" in text]
    return by_name[0] if by_name else _TABLES[max(by_reference, key=len)] if by_reference else ""
