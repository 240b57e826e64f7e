"""A pooled table: every partition key is bound to a tenant, on reads and writes, in the table and in its indexes."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
from aws_cdk import RemovalPolicy, Stack, assertions
from aws_cdk import aws_sns as sns
from jsonata import Jsonata

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.data import TenantTable
from tenantry.isolation.direct import (
    BodyJson,
    BodyText,
    ContextText,
    Joined,
    PathText,
    ServiceIntegration,
    ServiceReply,
    UnsafeTemplateError,
)
from tenantry.isolation.events import ApplicationBus, EventSaga, EventType, SagaEmission
from tenantry.isolation.vending import TENANT, TENANT_NAME, USER, TokenVendor
from tenantry.model.identifier_checks import tenant_id_condition
from tests.synthesized import new_app

_READS: Final = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
_WRITES: Final = {
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
}


class _Shop:
    """A stack with a table and a function that vends sessions for it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the table's own parameters
        self.stack = Stack(new_app(), "stack")
        self.table = TenantTable(self.stack, "Orders", partition_key="Tenant", sort_key="Id", **options)
        self.vendor = TokenVendor(self.stack, "Vendor")
        self.purpose = self.vendor.purpose("orders")

    def synthesize(self) -> assertions.Template:
        function = PythonFunction(
            self.stack, "Function", entry=package_folder("employees"), defaults=FunctionDefaults(namespace="test")
        )
        self.vendor.grant_vend(function, purposes=["orders"])
        return assertions.Template.from_stack(self.stack)

    def synthesize_without_vending(self) -> assertions.Template:
        self.vendor.node.scope.node.try_remove_child("Vendor")  # type: ignore[union-attr]  # the stack
        return assertions.Template.from_stack(self.stack)

    def statement(self) -> dict[str, Any]:
        """Return the one statement of the tenant role."""
        (role,) = (
            self.synthesize()
            .find_resources("AWS::IAM::Role", {"Properties": {"Policies": assertions.Match.any_value()}})
            .values()
        )
        (statement,) = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        found: dict[str, Any] = statement
        return found


def test_table_is_encrypted_recoverable_and_retained() -> None:
    shop = _Shop()
    shop.table.grant_tenant_read(shop.purpose)
    template = shop.synthesize()

    template.has_resource(
        "AWS::DynamoDB::Table",
        {
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "KeySchema": [
                    {"AttributeName": "Tenant", "KeyType": "HASH"},
                    {"AttributeName": "Id", "KeyType": "RANGE"},
                ],
                "BillingMode": "PAY_PER_REQUEST",
                "SSESpecification": {"SSEEnabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "DeletionProtectionEnabled": True,
            },
        },
    )


def test_ephemeral_table_is_deleted_with_the_stack() -> None:
    shop = _Shop(deletion_protection=False, removal_policy=RemovalPolicy.DESTROY)
    shop.table.grant_tenant_read(shop.purpose)

    shop.synthesize().has_resource(
        "AWS::DynamoDB::Table", {"DeletionPolicy": "Delete", "Properties": {"DeletionProtectionEnabled": False}}
    )


@pytest.mark.parametrize(
    ("grant", "actions"),
    [
        ("grant_tenant_read", _READS),
        ("grant_tenant_write", _WRITES),
        ("grant_tenant_read_write", _READS | _WRITES),
    ],
)
def test_every_grant_is_bound_to_the_leading_key(grant: str, actions: set[str]) -> None:
    shop = _Shop(indexes={"by-name": ("Tenant", "Name")})
    getattr(shop.table, grant)(shop.purpose)

    statement = shop.statement()
    assert set(statement["Action"]) == actions
    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}"]},
        "Null": {"dynamodb:LeadingKeys": ["false"]},  # "for all" is also true of none
        "StringEquals": {"aws:PrincipalTag/Purpose": ["orders"]},
    }


def test_grant_covers_the_table_and_its_own_indexes_only() -> None:
    shop = _Shop(indexes={"by-name": ("Tenant", "Name"), "by-day": ("Tenant", "Day")})
    shop.table.grant_tenant_read_write(shop.purpose)

    parts = [resource.get("Fn::Join", ["", [resource, ""]])[1] for resource in shop.statement()["Resource"]]
    assert {table["Fn::GetAtt"][0] for table, _ in parts} == {"OrdersTable1F8332C7"}
    assert sorted(index for _, index in parts) == ["", "/index/by-day", "/index/by-name"]


def test_leading_key_may_be_narrowed_to_the_user() -> None:
    shop = _Shop(leading_key=f"{TENANT}^{USER}")
    shop.table.grant_tenant_read(shop.purpose)

    condition = shop.statement()["Condition"]["ForAllValues:StringLike"]
    assert condition == {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}^*"]}


@pytest.mark.parametrize("leading_key", [USER, f"{USER}^{TENANT}", f"x{TENANT}", ""])
def test_leading_key_must_begin_with_the_tenant(leading_key: str) -> None:
    with pytest.raises(ValueError, match="must begin with the tenant"):
        _Shop(leading_key=leading_key)


# "a" and "b-c" would be "a-b" and "c".
@pytest.mark.parametrize("leading_key", [f"{TENANT}-{USER}", f"{TENANT}{USER}", f"{TENANT}*", f"{TENANT}.x?"])
def test_ambiguous_leading_key_is_refused(leading_key: str) -> None:
    reason = rf"The leading key '{re.escape(leading_key)}' does not show where the tenant ends.*: put a character"
    with pytest.raises(ValueError, match=reason):
        _Shop(leading_key=leading_key)
    with pytest.raises(ValueError, match=reason):
        TenantTable.from_table_name(
            Stack(new_app(), "s"), "T", table_name="orders", partition_key="id", leading_key=leading_key
        )


@pytest.mark.parametrize("rest", [TENANT_NAME, "{{tenant}}", "${aws:userid}", "{user}"])
def test_leading_key_with_another_placeholder_is_refused(rest: str) -> None:
    reason = (
        rf"The leading key '{re.escape(TENANT)}\^{re.escape(rest)}' has a placeholder that is neither .*: use these"
    )
    with pytest.raises(ValueError, match=reason):
        _Shop(leading_key=f"{TENANT}^{rest}")


def test_operations_can_be_granted_one_by_one() -> None:
    shop = _Shop()
    shop.table.grant_tenant(shop.purpose, "GetItem", "PutItem")

    assert shop.statement()["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]


@pytest.mark.parametrize("operation", ["Scan", "PartiQLSelect", "*", "DescribeTable", "dynamodb:Query", "DeleteTable"])
def test_operation_without_leading_key_is_refused(operation: str) -> None:
    shop = _Shop()

    with pytest.raises(ValueError, match="cannot be bound to one tenant"):
        shop.table.grant_tenant(shop.purpose, "Query", operation)


@pytest.mark.parametrize("grant", ["grant_tenant_read", "grant_tenant_write", "grant_tenant_read_write"])
def test_restricted_attributes_must_be_named(grant: str) -> None:
    shop = _Shop()
    getattr(shop.table, grant)(shop.purpose, attributes=["Tenant", "Id", "Name"])

    condition = shop.statement()["Condition"]
    assert condition["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["Tenant", "Id", "Name"]}
    assert condition["Null"] == {"dynamodb:LeadingKeys": ["false"], "dynamodb:Attributes": ["false"]}
    assert condition["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}"]}
    # Neither a read of all attributes nor the old row that a write can ask for gets around them.
    assert condition["StringEqualsIfExists"] == {
        "dynamodb:Select": ["SPECIFIC_ATTRIBUTES"],
        "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
    }


def test_no_scan_and_no_other_grants() -> None:
    shop = _Shop(indexes={"by-name": ("Tenant", "Name")})
    shop.table.grant_tenant_read_write(shop.purpose)
    template = shop.synthesize()

    granted = {
        (name, action)
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role")
        for name, resource in template.find_resources(kind).items()
        for action in ("dynamodb:Scan", "dynamodb:PartiQL", "dynamodb:*", "dynamodb:")
        if action in json.dumps(resource)
    }
    assert granted == {("VendorTenantRole8973D4F5", "dynamodb:")}


def test_resource_policy_allows_nobody() -> None:
    shop = _Shop()
    shop.table.grant_tenant_read(shop.purpose)

    (table,) = shop.synthesize().find_resources("AWS::DynamoDB::Table").values()
    assert "ResourcePolicy" not in table["Properties"]


_ORDERED: Final = EventType(source="shop.orders", detail_type="placed")
_TENANT_PATH: Final = "$event.detail.tenantId"
_IN_EVENT: Final = "$states.context.Execution.Input.detail.tenantId"


def _saga(leading_key: str = "", **task: Any) -> assertions.Template:  # noqa: ANN401 - the task's own parameters
    shop = _Shop(leading_key=leading_key or (f"{TENANT}^{USER}" if "user" in task else TENANT))
    EventSaga(
        shop.stack,
        "Saga",
        bus=ApplicationBus(shop.stack, "Bus", bus_name="bus", archive_days=1, event_schemas={}),
        on=_ORDERED,
        checks=[],
        tasks=[
            shop.table.saga_task(
                "Write",
                **{
                    "operation": "PutItem",
                    "tenant": _TENANT_PATH,
                    "row": {"Id": {"S": "{% $event.detail.id %}"}},
                    **task,
                },
            )
        ],
        emits=SagaEmission(event=_ORDERED, detail={}),
        alarms=sns.Topic(shop.stack, "Alarms"),
    )
    return shop.synthesize_without_vending()


def _states(template: assertions.Template) -> dict[str, Any]:
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    states: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "TOKEN" for part in parts))["States"]
    return states


def test_saga_writes_the_row_of_the_events_tenant() -> None:
    task = _states(_saga(arguments={"ConditionExpression": "attribute_not_exists(Id)"}))["Write"]

    assert task["Resource"] == "arn:aws:states:::dynamodb:putItem"
    assert task["Arguments"] == {
        "TableName": "TOKEN",
        "Item": {"Tenant": {"S": f"{{% ({_TENANT_PATH}) %}}"}, "Id": {"S": "{% $event.detail.id %}"}},
        "ConditionExpression": "attribute_not_exists(Id)",
    }


def test_saga_makes_the_key_of_tenant_and_user_where_the_table_has_both() -> None:
    states = _states(_saga(operation="UpdateItem", user="$event.detail.userId"))

    key = states["Write"]["Arguments"]["Key"]["Tenant"]["S"]
    assert key == '{% ($event.detail.tenantId) & "^" & ($event.detail.userId) %}'
    assert "detail.userId, /^[A-Za-z0-9]" in states["Check the event"]["Choices"][0]["Condition"]


def test_saga_checks_the_tenants_id_before_it_does_anything() -> None:
    check = _states(_saga())["Check the event"]

    assert check["Choices"][0]["Condition"].startswith(f"{{% {tenant_id_condition(_IN_EVENT)}")
    assert check["Default"] == "Refuse the event"


_ODD: Final = ("", "-a", "a/b", "a^b", "ada\n", "*", None, ["abc"], {"x": "abc"})


@pytest.mark.parametrize(
    "detail",
    [
        *({"tenantId": odd, "userId": "ada"} for odd in (*_ODD, "prefix")),
        *({"tenantId": "t-1", "userId": odd} for odd in (*_ODD, "a..b")),
        {"userId": "ada"},
        {"tenantId": "t-1"},
        {},
    ],
)
def test_event_with_an_invalid_id_becomes_a_dead_letter_before_anything_is_done(detail: dict[str, Any]) -> None:
    states = _states(_saga(user="$event.detail.userId"))

    assert _route(states, {"tenantId": "t-1", "userId": "ada"}) == "Write"
    refused = _route(states, detail)
    assert states[refused]["Next"] == "Keep as dead letter"
    assert states["Keep as dead letter"]["Arguments"]["MessageBody"]["event"] == "{% $states.context.Execution.Input %}"


def _route(states: dict[str, Any], detail: dict[str, Any]) -> str:
    """Return the state that comes after the check of an event."""
    check = states["Check the event"]
    (choice,) = check["Choices"]
    condition = Jsonata(choice["Condition"].removeprefix("{%").removesuffix("%}"))
    condition.assign("states", {"context": {"Execution": {"Input": {"detail": detail}}}})
    following: str = choice["Next"] if condition.evaluate(None) is True else check["Default"]
    return following


def test_task_gives_the_rest_of_the_key_where_the_table_has_a_wildcard() -> None:
    template = _saga(leading_key=f"{TENANT}#*", partition="#park")

    assert _states(template)["Write"]["Arguments"]["Item"]["Tenant"] == {
        "S": '{% ($event.detail.tenantId) & "#park" %}'
    }
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": assertions.Match.array_with(
                    [
                        assertions.Match.object_like(
                            {
                                "Action": "dynamodb:PutItem",
                                "Condition": {
                                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["?*#*"]},
                                    "Null": {"dynamodb:LeadingKeys": ["false"]},
                                },
                            }
                        )
                    ]
                )
            }
        },
    )


def test_task_names_the_user_where_the_rest_of_the_key_does() -> None:
    states = _states(_saga(leading_key=f"{TENANT}#*", partition=f"#of#{USER}", user="$event.detail.userId"))

    assert states["Write"]["Arguments"]["Item"]["Tenant"] == {
        "S": '{% ($event.detail.tenantId) & "#of#" & ($event.detail.userId) %}'
    }
    with pytest.raises(ValueError, match="name the user in both"):
        _saga(leading_key=f"{TENANT}#*", partition=f"#of#{USER}")


@pytest.mark.parametrize(
    ("leading_key", "partition", "reason"),
    [
        (f"{TENANT}#*", "", r"'\{\{tenant_id}}#\*' has a wildcard, .*: give .* in partition=.*fits '.*#\*'"),
        (f"{TENANT}#?", "", "has a wildcard"),
        (f"{TENANT}#*", "#*", "has a wildcard"),
        (
            f"{TENANT}#*",
            "park",
            r"partition='park' does not fit the leading key '.*' of stack/Orders: give what follows",
        ),
        (f"{TENANT}#*", "-b#park", "does not fit"),
        (f"{TENANT}#?", "#ab", "does not fit"),
        (f"{TENANT}#[ab]*", "#a", "does not fit"),
        (TENANT, "#park", "does not fit"),
        (f"{TENANT}^{USER}", "^ada", "does not fit"),
        (f"{TENANT}#*", "#{{park}}", r"partition='#\{\{park}}' has a placeholder that is neither"),
        (f"{TENANT}#*", "# %}", "has a placeholder"),
    ],
)
def test_task_without_one_partition_that_fits_is_refused(leading_key: str, partition: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _saga(leading_key=leading_key, partition=partition)


@pytest.mark.parametrize(
    "path",
    [
        "$event.detail.a ? 'x' : $event.detail.b",
        "$event.detail.tenantId & 'x'",
        "'t1'",
        "$event",
        "$event.",
        "$event.detail.tenantId\n",
        "$event.detail.*",
        "$event.detail[0]",
        "$events.detail",
        "$states.input.tenantId",
        "$event.detail.1",
        "$event.d\u00e9tail",
    ],
)
def test_id_that_is_no_path_in_the_event_is_refused(path: str) -> None:
    reason = rf"{re.escape(repr(path))} does not say where the event has an id: give a path such as"
    with pytest.raises(ValueError, match=reason):
        _saga(tenant=path)
    with pytest.raises(ValueError, match=reason):
        _saga(user=path)


def test_sagas_role_gets_the_operation_on_rows_of_some_tenant_and_nothing_else_of_the_table() -> None:
    policies = _saga().find_resources("AWS::IAM::Policy").values()
    (statement,) = (
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "dynamodb:" in json.dumps(statement["Action"])
    )

    assert statement == {
        "Effect": "Allow",
        "Action": "dynamodb:PutItem",
        "Resource": {"Fn::GetAtt": ["OrdersTable1F8332C7", "Arn"]},
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["?*"]},
            "Null": {"dynamodb:LeadingKeys": ["false"]},
        },
    }


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"operation": "Scan"}, r"cannot do 'Scan' .*: choose of GetItem, PutItem, UpdateItem, DeleteItem"),
        ({"operation": "Query"}, r"cannot do 'Query'"),
        ({"row": {"Tenant": {"S": "t"}}}, r"'Tenant' is for stack/Orders to say"),
        ({"arguments": {"TableName": "other"}}, r"'TableName' is for stack/Orders to say"),
        ({"arguments": {"Item": {}}}, r"'Item' is for stack/Orders to say"),
    ],
)
def test_task_that_would_choose_the_tenant_or_the_table_is_refused(task: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _saga(**task)


def test_task_names_the_user_where_the_leading_key_does() -> None:
    for leading_key, user in ((TENANT, "$event.detail.userId"), (f"{TENANT}^{USER}", "")):
        with pytest.raises(ValueError, match=r"leading key .* do not fit: name the user in both"):
            _Shop(leading_key=leading_key).table.saga_task("W", "PutItem", tenant=_TENANT_PATH, user=user, row={})


@pytest.mark.parametrize(
    "request_",
    [
        {"Item": {"Tenant": {"S": BodyText("$.tenant")}, "Id": {"S": "x"}}},
        {"Item": {"Tenant": {"S": Joined(BodyText("$.tenant"), "#", ContextText("authorizer.tenantId"))}}},
        {"Key": {"Tenant": {"S": PathText("tenant")}}},
        {"ExpressionAttributeValues": {":Tenant": {"S": BodyText("$.tenant")}}},
        {"ExpressionAttributeValues": {":Tenant": BodyJson("$.tenant")}},
    ],
    ids=str,
)
def test_integration_cannot_take_its_partition_from_the_caller(request_: dict[str, Any]) -> None:
    shop = _Shop()

    with pytest.raises(UnsafeTemplateError, match="decides whose a thing is"):
        ServiceIntegration(
            shop.stack,
            "Integration",
            action=shop.table.service_action("PutItem"),
            request=request_,
            reply=ServiceReply(body={}),
            refusal="No",
        )


def test_integration_names_an_index_that_the_table_has() -> None:
    shop = _Shop(indexes={"by-name": ("Tenant", "Name")})

    assert shop.table.service_action("Query", indexes=["by-name"]).index_arns
    with pytest.raises(ValueError, match=r"stack/Orders has no index 'by-day'; it has by-name"):
        shop.table.service_action("Query", indexes=["by-day"])
