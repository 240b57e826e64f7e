"""Direct integrations: what an API may do with a tenant's rows, workflows and queues, and what synthesis refuses."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from tenantry.bundles.sources import package_folder
from tenantry.functions import FunctionDefaults, PythonFunction
from tenantry.isolation.data import TenantTable
from tenantry.isolation.direct import (
    BodyText,
    ContextText,
    Joined,
    NextPage,
    PageCursor,
    PathText,
    QueryText,
    ServiceIntegration,
    ServiceReply,
    SyncWorkflow,
    UnsafeTemplateError,
    When,
    WholeNumber,
    form_template,
    reply_template,
    request_template,
)
from tenantry.isolation.events import TenantQueue
from tenantry.isolation.vending import TENANT
from tests.constructs.templates import rendered
from tests.synthesized import new_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.isolation.direct.template_statements import Value

_TENANT: Final = ContextText("authorizer.tenantId")
_ENDS: Final = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


@pytest.fixture
def stack() -> Stack:
    return Stack(new_app(), "parks")


@pytest.fixture
def table(stack: Stack) -> TenantTable:
    return TenantTable(stack, "Table", partition_key="pk", sort_key="sk", leading_key=f"{TENANT}#*")


def _integrate(stack: Stack, table: TenantTable, operation: str, request: Mapping[str, Value]) -> ServiceIntegration:
    return ServiceIntegration(
        stack,
        "Integration",
        action=table.service_action(operation),
        request=request,
        reply=ServiceReply(body={}),
        refusal="no",
    )


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetItem", {"Key": {"pk": {"S": BodyText("$.tenant")}, "sk": {"S": "x"}}}),
        ("GetItem", {"Key": {"pk": {"S": PathText("id")}, "sk": {"S": "x"}}}),
        ("GetItem", {"Key": {"pk": {"S": Joined(_TENANT, BodyText("$.id"))}, "sk": {"S": "x"}}}),
        ("GetItem", {"Key": {"pk": {"S": Joined(_TENANT, "-", BodyText("$.id"))}, "sk": {"S": "x"}}}),
        ("GetItem", {"Key": {"pk": {"S": "texas"}, "sk": {"S": "x"}}}),
        ("Query", {"ExpressionAttributeValues": {":pk": {"S": QueryText("tenant")}}}),
        ("Query", {"TableName": "other"}),
        ("Query", {"IndexName": BodyText("$.index")}),
        ("Query", {"IndexName": When(PageCursor("[a-z]+").given, BodyText("$.index"))}),
    ],
)
def test_key_without_the_callers_tenant_is_refused(
    stack: Stack, table: TenantTable, operation: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(UnsafeTemplateError):
        _integrate(stack, table, operation, request_)


@pytest.mark.parametrize("operation", ["Scan", "ExecuteStatement", "PartiQLSelect", "TransactGetItems"])
def test_operation_without_tenant_binding_is_refused(stack: Stack, table: TenantTable, operation: str) -> None:
    workflow = SyncWorkflow(stack, "Workflow", definition=_ENDS)

    with pytest.raises(ValueError, match="cannot be bound"):
        table.service_action(operation)
    with pytest.raises(ValueError, match="cannot be bound"):
        table.grant_every_tenant(workflow.grantee, operation)


def test_roles_are_limited_to_keys_with_a_tenant_prefix(stack: Stack, table: TenantTable) -> None:
    _integrate(stack, table, "GetItem", {"Key": {"pk": {"S": Joined(_TENANT, "#x")}, "sk": {"S": "x"}}})
    table.grant_every_tenant(SyncWorkflow(stack, "Workflow", definition=_ENDS).grantee, "UpdateItem")

    for action in ("dynamodb:GetItem", "dynamodb:UpdateItem"):
        statement = {
            "Action": action,
            "Effect": "Allow",
            "Condition": {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["?*#*"]},
                "Null": {"dynamodb:LeadingKeys": ["false"]},
            },
        }
        Template.from_stack(stack).has_resource_properties(
            "AWS::IAM::Policy",
            {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(statement)])}},
        )


def test_request_cannot_set_the_tenant_of_a_workflow_or_message(stack: Stack) -> None:
    workflow = SyncWorkflow(stack, "Workflow", definition=_ENDS)
    with pytest.raises(UnsafeTemplateError, match="cannot be part of the input"):
        workflow.on_request("Start", takes={"tenantId": BodyText("$.tenantId")}, refusal="no")
    consumer = PythonFunction(
        stack,
        "Consumer",
        entry=package_folder("park_statuses"),
        defaults=FunctionDefaults(namespace="parks"),
    )
    queue = TenantQueue(
        stack,
        "Queue",
        consumer=consumer,
        consumer_timeout=Duration.seconds(30),
        alarms=sns.Topic(stack, "Alarms"),
    )
    for name in ("tenantId", "userId", "id", "at", "authTime", "session"):
        with pytest.raises(UnsafeTemplateError, match="never from the body"):
            queue.on_request("Send", takes={name: BodyText("$.x")}, refusal="no")


def test_failed_batch_items_are_retried_alone_and_dead_lettered(stack: Stack) -> None:
    consumer = PythonFunction(
        stack, "Consumer", entry=package_folder("park_statuses"), defaults=FunctionDefaults(namespace="parks")
    )
    alarms = sns.Topic(stack, "Alarms")
    TenantQueue(stack, "Queue", consumer=consumer, consumer_timeout=Duration.seconds(30), alarms=alarms)
    template = Template.from_stack(stack)

    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    )
    template.has_resource_properties(
        "AWS::SQS::Queue",
        {"VisibilityTimeout": 180, "RedrivePolicy": {"maxReceiveCount": 5}, "SqsManagedSseEnabled": True},
    )
    template.resource_count_is("AWS::CloudWatch::Alarm", 2)


def test_page_cursor_works_in_its_own_tenant_only() -> None:
    cursor = PageCursor("[a-z-]+")
    following = reply_template({"x": 1, "cursor": When(NextPage("$.last").exists, NextPage("$.last"))})
    request = request_template({"x": 1, "from": When(cursor.given, cursor.position)}, guards=[cursor.sound])

    # A reply's template sees the authorizer's context as well.
    made = rendered(following, {"last": "big-bend"}, authorizer={"tenantId": "texas"})
    assert rendered(request, query={"cursor": made["cursor"]}, authorizer={"tenantId": "texas"})["from"] == "big-bend"
    assert rendered(request, query={"cursor": made["cursor"]}, authorizer={"tenantId": "texa"}) is None
    assert rendered(request, authorizer={"tenantId": "texas"}) == {"x": 1}
    assert "cursor" not in rendered(following, {}, authorizer={"tenantId": "texas"})
    odd = base64.b64encode(b"texas:big:bend").decode()
    assert rendered(request, query={"cursor": odd}, authorizer={"tenantId": "texas"}) is None


@pytest.mark.parametrize("value", [{"a": When(PageCursor("a").given, 1)}, [When(PageCursor("a").given, 1)]])
def test_optional_member_cannot_be_first_or_only(value: Any) -> None:  # noqa: ANN401 - JSON
    with pytest.raises(UnsafeTemplateError):
        request_template(value)


@pytest.mark.parametrize("pattern", [".*", "[^x]", "a", "\\S+"])
def test_number_pattern_allows_digits_only(pattern: str) -> None:
    with pytest.raises(UnsafeTemplateError):
        WholeNumber(QueryText("limit"), pattern, 1)


@pytest.mark.parametrize("kind", [PathText, QueryText, ContextText])
@pytest.mark.parametrize("name", ["", "a'b", "x')$input.body('", "a b", "$x", "1", "a\n", "x-y", "\u00e9"])
def test_name_that_could_leave_its_quotes_is_refused(kind: type[PathText | QueryText | ContextText], name: str) -> None:
    with pytest.raises(UnsafeTemplateError, match="is not the name of a"):
        kind(name)


@pytest.mark.parametrize("name", ["a&b", "a=b", "", "a b"])
def test_form_field_names_are_plain(name: str) -> None:
    with pytest.raises(UnsafeTemplateError):
        form_template({name: "x"})
