"""The parks' templates as they are deployed, run in a real engine, and what their roles and workflows may do.

Whatever a caller sends, in every field at once, the partition and the workflow's tenant are those of the authorizer.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from functools import cache
from typing import Any, Final

import botocore.session
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stacks.application_plane.parks.schemas import PARK_ID_PATTERN, STATUSES
from tenantry.local.patching import vtl
from tenantry.model.names import name_refusal
from tests.statements import listed
from tests.synthesized import Template, assembly

_thorough: Final = settings(max_examples=150, deadline=None)
_HOSTILE: Final = "'\"\\#${}()[]/\n\r\t\b\x00\x1f\x7f\u2028é\U0001f600ab,:@&=%+"
_texts: Final = (
    st.text()
    | st.text(alphabet=_HOSTILE)
    | st.sampled_from(
        [
            '"},"pk":{"S":"other#park"},"x":{"S":"',
            '","tenantId":"other","x":"',
            "\\",
            "#set($v1 = 'other')#set($context.authorizer.tenantId = 'other')",
            "$context.authorizer.tenantId ${v1} $!{quote} ${hash}",
            "&Action=DeleteQueue&QueueUrl=other",
            "{% $states.context.Execution.Id %}",
        ]
    )
)
_ids: Final = st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z").filter(lambda park: park != "statuses")
_TENANT: Final = "texas"


@cache
def _template() -> Template:
    return assembly("prod").templates["parks"]


def _resources(kind: str) -> dict[str, Any]:
    return {name: item for name, item in _template()["Resources"].items() if item["Type"] == kind}


def _text(value: Any) -> str:  # noqa: ANN401 - a string or an intrinsic function
    """Return a template's text with the names of references in their places."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_text, parts))
        case {"Ref": name}:
            return str(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case _:
            raise AssertionError(value)


def _path(resource: Any) -> str:  # noqa: ANN401 - a reference to a resource
    if "Fn::GetAtt" in resource:
        return ""
    part = _template()["Resources"][resource["Ref"]]["Properties"]
    return f"{_path(part['ParentId'])}/{part['PathPart']}"


@cache
def _integrations() -> dict[str, Any]:
    """Return the integrations of all routes."""
    return {
        f"{method['HttpMethod']} {_path(method['ResourceId'])}": method["Integration"]
        for method in (item["Properties"] for item in _resources("AWS::ApiGateway::Method").values())
        if method["Integration"]["Type"] != "MOCK"  # the answers to a browser's preflight
    }


def _rendered(
    route: str,
    body: object = None,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    tenant: str = _TENANT,
    headers: dict[str, str] | None = None,
) -> str:
    return vtl.render(
        _text(_integrations()[route]["RequestTemplates"]["application/json"]),
        body=json.dumps(body),
        parameters={"path": path or {}, "querystring": query or {}, "header": {"tenantId": "other", **(headers or {})}},
        context={
            "authorizer": {
                "tenantId": tenant,
                "userId": "ada",
                "roles": '["admin"]',
                "authTime": "1763999999",
                "session": "s-1",
            },
            "requestId": "r-1",
            "requestTimeEpoch": 1764000000000,
        },
    )


def test_routes_are_strict_direct_integrations() -> None:
    assert sorted(_integrations()) == [
        "DELETE /parks/{id}/webhooks/{webhookId}",
        "GET /parks",
        "GET /parks/{id}",
        "GET /parks/{id}/webhooks",
        "POST /parks",
        "POST /parks/statuses",
        "POST /parks/{id}/statuses",
        "POST /parks/{id}/webhooks",
        "POST /parks/{id}/webhooks/{webhookId}/owner",
    ]
    for integration in _integrations().values():
        assert integration["Type"] == "AWS"
        assert integration["PassthroughBehavior"] == "NEVER"
        assert set(integration["RequestTemplates"]) == {"application/json"}


def test_integration_roles_allow_one_action_on_one_resource() -> None:
    roles = [integration["Credentials"]["Fn::GetAtt"][0] for integration in _integrations().values()]
    assert len(set(roles)) == len(roles)
    granted = []
    for policy in (item["Properties"] for item in _resources("AWS::IAM::Policy").values()):
        if policy["Roles"][0]["Ref"] in roles:
            (statement,) = policy["PolicyDocument"]["Statement"]
            resources = [_text(part) for part in listed(statement["Resource"])]
            granted.append((statement["Action"], len({part.partition("/index/")[0] for part in resources})))
            assert not any("*" in part for part in resources)
            if statement["Action"].startswith("dynamodb:"):
                assert statement["Condition"]["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["?*#*"]}
                assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": ["false"]}
    assert sorted(granted) == [
        ("dynamodb:GetItem", 1),
        ("dynamodb:Query", 1),
        ("dynamodb:UpdateItem", 1),
        ("sqs:SendMessage", 1),
        *[("states:StartSyncExecution", 1)] * 5,
    ]


def test_nothing_may_scan_or_use_partiql() -> None:
    text = json.dumps([item["Properties"]["PolicyDocument"] for item in _resources("AWS::IAM::Policy").values()])
    assert "dynamodb:Scan" not in text
    assert "PartiQL" not in text
    assert "dynamodb:*" not in text


def test_every_partition_key_begins_with_the_tenant() -> None:
    (table,) = (item["Properties"] for item in _resources("AWS::DynamoDB::Table").values())
    schemas = [table["KeySchema"], *(index["KeySchema"] for index in table["GlobalSecondaryIndexes"])]
    assert [schema[0] for schema in schemas] == [{"AttributeName": "pk", "KeyType": "HASH"}] * 2


@_thorough
@given(name=_texts, other=_texts, park=_ids)
def test_name_is_exact_and_key_has_the_callers_tenant(name: str, other: str, park: str) -> None:
    made = json.loads(
        _rendered("POST /parks", {"id": park, "name": name, "pk": other, "tenantId": other}, query={"tenantId": other})
    )

    if name_refusal(name):
        assert _TENANT not in json.dumps(made)
        assert "sk" not in made.get("Key", {})  # which DynamoDB refuses
        return
    assert made["Key"] == {"pk": {"S": f"{_TENANT}#park"}, "sk": {"S": park}}
    assert made["ExpressionAttributeValues"][":name"] == {"S": name}
    assert made["ExpressionAttributeValues"][":statuskey"] == {"S": f"park-opened#{park}"}
    assert made["ConditionExpression"] == "attribute_not_exists(pk)"


@_thorough
@given(identifier=_texts, status=_texts)
def test_malformed_id_or_status_makes_an_invalid_request(identifier: str, status: str) -> None:
    assume(status not in STATUSES or not _is_park(identifier))
    for route, path, query, body in (
        ("POST /parks", {}, {}, {"id": identifier, "name": "x", "status": status or "closed"}),
        ("GET /parks/{id}", {"id": f"{identifier}#"}, {}, None),
        ("GET /parks", {}, {"status": status or "x", "limit": "0"}, None),
    ):
        made = json.loads(_rendered(route, body, path=path, query=query))
        assert _TENANT not in json.dumps(made)
        assert "sk" not in made.get("Key", {})
        assert made.get("Limit", 0) == 0


@_thorough
@given(park=_ids, status=st.sampled_from(STATUSES), extra=_texts)
def test_workflow_gets_the_authorizers_tenant(park: str, status: str, extra: str) -> None:
    body = {"status": status, "tenantId": extra, "input": extra, "stateMachineArn": extra, "id": extra}
    made = json.loads(_rendered("POST /parks/{id}/statuses", body, path={"id": park}, query={"tenantId": extra}))

    assert set(made) == {"stateMachineArn", "input"}
    assert extra not in made["stateMachineArn"] or extra in _text(
        _integrations()["POST /parks/{id}/statuses"]["RequestTemplates"]["application/json"]
    )
    assert json.loads(made["input"]) == {
        "tenantId": _TENANT,
        "userId": "ada",
        "id": park,
        "status": status,
        "at": "1764000000000",
    }


@_thorough
@given(rest=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=200), park=_ids)
def test_endpoint_is_passed_exactly(rest: str, park: str) -> None:
    body = {"eventType": "park-closed", "endpoint": f"https://{rest or 'x'}"}
    made = json.loads(_rendered("POST /parks/{id}/webhooks", body, path={"id": park}))

    assert json.loads(made["input"]) == {"tenantId": _TENANT, "userId": "ada", "id": park, **body}


@_thorough
@given(identifier=_texts, webhook=_texts, status=_texts)
def test_refused_request_starts_no_workflow(identifier: str, webhook: str, status: str) -> None:
    assume(not _is_park(identifier) and status not in STATUSES)
    for route, body in (
        ("POST /parks/{id}/statuses", {"status": "park-closed"}),
        ("POST /parks/{id}/webhooks", {"eventType": "park-closed", "endpoint": "https://a.example/"}),
        ("GET /parks/{id}/webhooks", None),
        ("DELETE /parks/{id}/webhooks/{webhookId}", None),
        ("POST /parks/{id}/webhooks/{webhookId}/owner", None),
    ):
        made = json.loads(_rendered(route, body, path={"id": identifier, "webhookId": webhook}))
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(made["input"])
    made = json.loads(_rendered("POST /parks/{id}/statuses", {"status": status}, path={"id": "good"}))
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(made["input"])


@_thorough
@given(ids=st.lists(_texts, max_size=5), status=st.sampled_from(STATUSES), extra=_texts)
def test_message_has_the_authorizers_caller(ids: list[str], status: str, extra: str) -> None:
    named = dict.fromkeys(("tenantId", "userId", "at", "authTime", "session"), extra)
    body = {"ids": ids, "status": status, **named}
    form = urllib.parse.parse_qs(_rendered("POST /parks/statuses", body), strict_parsing=True)

    assert set(form) == {"Action", "MessageBody"}
    assert form["Action"] == ["SendMessage"]
    (text,) = form["MessageBody"]
    assert json.loads(text) == {
        "id": "r-1",
        "tenantId": _TENANT,
        "userId": "ada",
        "authTime": "1763999999",
        "session": "s-1",
        "at": "1764000000000",
        "ids": ids,
        "status": status,
    }


@_thorough
@given(status=_texts)
def test_refused_form_lacks_required_parameters(status: str) -> None:
    """SQS documents what it says to that; what it says to a form without an action it does not."""
    assume(status not in STATUSES)
    form = urllib.parse.parse_qs(_rendered("POST /parks/statuses", {"ids": ["good"], "status": status}))

    assert form == {"Action": ["SendMessage"]}
    send = botocore.session.get_session().get_service_model("sqs").operation_model("SendMessage")
    assert send.input_shape
    assert "MessageBody" in send.input_shape.required_members


@pytest.mark.parametrize("kind", ["MissingParameter", "InvalidParameterValue"])
def test_sqs_refusal_is_a_400_with_a_reason(kind: str) -> None:
    (refusal,) = [
        part for part in _integrations()["POST /parks/statuses"]["IntegrationResponses"] if part["StatusCode"] == "400"
    ]
    said = {"Error": {"Type": "Sender", "Code": kind, "Message": "The request must contain the parameter MessageBody."}}
    override: dict[str, Any] = {"header": {}}
    text = vtl.render(
        refusal["ResponseTemplates"]["application/json"],
        body=json.dumps(said),
        parameters={"path": {}, "querystring": {}, "header": {}},
        context={"authorizer": {"tenantId": _TENANT}, "responseOverride": override},
    )

    assert json.loads(text)["message"].startswith("status must be one of")
    assert "status" not in override


@_thorough
@given(park=_ids, tenant=st.sampled_from(["texas", "texas-2", "texa", "Texas", "colorado"]))
def test_cursor_works_in_its_tenant_only(park: str, tenant: str) -> None:
    cursor = base64.b64encode(f"{tenant}:{park}".encode()).decode()
    made = json.loads(_rendered("GET /parks", query={"cursor": cursor}))

    if tenant == _TENANT:
        assert made["ExclusiveStartKey"] == {"pk": {"S": "texas#park"}, "sk": {"S": park}}
        assert made["ExpressionAttributeValues"] == {":pk": {"S": "texas#park"}}
    else:
        assert "ExclusiveStartKey" not in made
        assert made["Limit"] == 0


@_thorough
@given(cursor=_texts | st.binary().map(lambda content: base64.b64encode(content).decode()), status=_texts)
def test_cursor_stays_in_the_callers_partition(cursor: str, status: str) -> None:
    made = json.loads(_rendered("GET /parks", query={"cursor": cursor, "status": status}))

    assert made.get("ExclusiveStartKey", {"pk": {"S": "texas#park"}})["pk"] == {"S": "texas#park"}
    assert set(made.get("ExpressionAttributeValues", {})) <= {":pk", ":status", ":nobody"}


_CALLS: Final[dict[str, Any]] = {
    "GET /parks": None,
    "GET /parks/{id}": None,
    "POST /parks": {"id": "good", "name": "x"},
    "POST /parks/{id}/statuses": {"status": "park-closed"},
    "POST /parks/statuses": {"ids": ["good"], "status": "park-closed"},
    "POST /parks/{id}/webhooks": {"eventType": "park-closed", "endpoint": "https://a.example/"},
    "GET /parks/{id}/webhooks": None,
    "DELETE /parks/{id}/webhooks/{webhookId}": None,
    "POST /parks/{id}/webhooks/{webhookId}/owner": None,
}


@_thorough
@given(named=_texts | st.sampled_from(["texas-2", "texa", "TEXAS", "", "texas ", "other"]), name=st.booleans())
def test_expected_tenant_mismatch_makes_no_request(named: str, name: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    assert set(_CALLS) == set(_integrations())
    path = {"id": "good", "webhookId": "0" * 32}
    headers = {"expected-tenant" if name else "Expected-Tenant": named}
    for route, body in _CALLS.items():
        assert "good" in _rendered(route, body, path=path) or route == "GET /parks"
        made = _rendered(route, body, path=path, headers=headers)
        assert "good" not in made
        assert f"{_TENANT}#" not in made
        same = _rendered(route, body, path=path, headers={"Expected-Tenant": _TENANT})
        assert same == _rendered(route, body, path=path)


@_thorough
@given(named=_texts | st.sampled_from(["texas-2", "", "other"]))
def test_expected_tenant_mismatch_has_its_own_error(named: str) -> None:
    words = "Expected-Tenant names another tenant than the one this request would act in"
    for integration in _integrations().values():
        (refusal,) = [part for part in integration["IntegrationResponses"] if part["StatusCode"] == "400"]
        override: dict[str, Any] = {"header": {}}
        text = vtl.render(
            refusal["ResponseTemplates"]["application/json"],
            body=json.dumps({"__type": "ValidationException", "message": "x"}),
            parameters={"path": {}, "querystring": {}, "header": {"expected-tenant": named}},
            context={"authorizer": {"tenantId": _TENANT}, "responseOverride": override},
        )
        assert override["status"] == 409
        assert json.loads(text) == {"message": words}
        others = [part for part in integration["IntegrationResponses"] if part is not refusal]
        assert not any(words in json.dumps(part) for part in others)


@pytest.mark.parametrize("tenant", ["", "*", "a", "texas#park", "prefix", "x" * 39])
def test_caller_without_tenant_makes_no_request(tenant: str) -> None:
    for route, body in (
        ("GET /parks", None),
        ("GET /parks/{id}", None),
        ("POST /parks", {"id": "good", "name": "x"}),
        ("POST /parks/{id}/statuses", {"status": "park-closed"}),
        ("POST /parks/statuses", {"ids": ["good"], "status": "park-closed"}),
    ):
        assert "#park" not in _rendered(route, body, path={"id": "good"}, tenant=tenant)
        assert "good" not in _rendered(route, body, path={"id": "good"}, tenant=tenant)


def test_topic_names_have_no_common_prefix_and_fit_sns() -> None:
    names = set()
    tenants = ["a-b", "a", "a-b-c", "x" * 38]
    parks = ["b", "b-c", "c", "p" * 128]
    for tenant in tenants:
        for park in parks:
            for status in STATUSES:
                names.add(f"{'a' * 20}-parks-{tenant}_{park}_{status}")
    assert len(names) == len(tenants) * len(parks) * len(STATUSES)
    assert max(map(len, names)) <= 256
    assert "_" not in PARK_ID_PATTERN


def test_workflow_keys_and_topics_begin_with_the_input_tenant() -> None:
    definitions = [
        _text(item["Properties"]["DefinitionString"])
        for item in _resources("AWS::StepFunctions::StateMachine").values()
    ]
    given_in = "$states.context.Execution.Input"
    assert not any("sns:publish" in text for text in definitions)  # a function does, with the tenant's credentials
    subscribing = [json.loads(text)["States"] for text in definitions if "sns:createTopic" in text]
    assert len(subscribing) == 2
    for states in subscribing:
        name = states["Make the topic"]["Arguments"]["Name"]
        assert f"-parks-' & {given_in}.tenantId & '_' & {given_in}.id & '_' & " in name
    (setting,) = [json.loads(text)["States"] for text in definitions if "Set the status" in text]
    assert setting["Publish"]["Arguments"]["Payload"]["tenantId"] == f"{{% {given_in}.tenantId %}}"
    for text in definitions:
        for key in _keys(json.loads(text)):
            assert key.startswith(f"{{% {given_in}.tenantId & '#")


def _keys(value: Any) -> list[str]:  # noqa: ANN401 - a part of a definition
    """Return every value of a partition key in a definition."""
    found: list[str] = []
    if isinstance(value, dict):
        for name, part in value.items():
            found += [part["S"]] if name in {"pk", ":pk"} else _keys(part)
    elif isinstance(value, list):
        for part in value:
            found += _keys(part)
    return found


def _is_park(text: str) -> bool:
    made = json.loads(_rendered("GET /parks/{id}", path={"id": text}))
    return "sk" in made.get("Key", {})


def test_lost_access_events_start_webhook_pauses() -> None:
    rules = [item["Properties"] for item in _resources("AWS::Events::Rule").values()]
    heard = {
        (rule["EventPattern"]["source"][0], rule["EventPattern"]["detail-type"][0]): rule["Targets"][0]
        for rule in rules
        if "WebhookPauses" in json.dumps(rule) or "Pause" in json.dumps(rule["Targets"])
    }
    assert set(heard) == {
        ("tenantry.tenant", "memberRemoved"),
        ("tenantry.tenant", "memberRolesChanged"),
        ("tenantry.user", "blocked"),
        ("tenantry.user", "deleted"),
    }
    for target in heard.values():
        assert target["DeadLetterConfig"]["Arn"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 20
    invocations = [item["Properties"] for item in _resources("AWS::Lambda::EventInvokeConfig").values()]
    assert any("Pauses" in json.dumps(config["DestinationConfig"]) for config in invocations)


def test_webhook_functions_have_no_tenant_data_grant() -> None:
    roles = {
        name: item["Properties"]
        for name, item in _resources("AWS::IAM::Policy").items()
        if name.startswith(("ParksPauseRole", "ParksPublishRole", "ParksSetStatusesRole"))
    }
    assert len(roles) == 3
    for policy in roles.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = listed(statement["Action"])
            assert not any(action in {"sns:Publish", "sns:ListSubscriptionsByTopic"} for action in actions)
            assert "ParksTable" not in json.dumps(statement["Resource"])
