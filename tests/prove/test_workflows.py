"""Requests that templates and workflows compose: proven as they are, and every weakening of them is found."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

import pytest

from tenantry.local.patching import vtl
from tenantry.prove.integrations import methods
from tenantry.prove.keys import AUTHORIZED, Tenants, named_by
from tenantry.prove.ownership import Holding
from tenantry.prove.principals import principals
from tenantry.prove.prover import Result
from tenantry.prove.texts import By, Given, joined, text
from tenantry.prove.workflows import Workflows, workflows
from tests.oracles import requests
from tests.prove.excerpts import MACHINE, METHOD, ROLES, excerpt, whole, with_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.prove.assembly import Assembly, Resource
    from tenantry.prove.requests import Request

_ENVIRONMENT: Final = "prod"
_ESCAPED: Final = r"""$util.escapeJavaScript("$!{%s}").replaceAll("\\'","'")"""
_TENANT: Final = _ESCAPED % "context.authorizer.tenantId"
_OTHER: Final = "globex"
_CALLERS: Final = Given(By.CALLER, "$input.params('x')")
_PARAMETER: Final = re.compile(r"\$input\.params\('([\w-]+)'\)")
_MEMBER: Final = re.compile(r"\$input\.(?:path|json)\('\$\.(\w+)'\)")
_PATH_TENANT: Final = _ESCAPED % "input.params('tenantId')"


@dataclass(frozen=True)
class Weakening:
    """Something that a template could say instead.

    Attributes
    ----------
    name
        What is weaker.
    text
        What is replaced, as a regular expression.
    by
        By what.
    of
        The routes or machines that it is about, as a regular expression.
    is_shown
        Whether a request that shows it must be found, or it is enough that it is not judged.
    """

    name: str
    text: str
    by: str
    of: str = ".*"
    is_shown: bool = True

    def __str__(self) -> str:
        """Return its name."""
        return self.name


def _e(text: str) -> str:
    return re.escape(text)


_TEMPLATES: Final = (
    Weakening("tenant from the body", _e(_TENANT), _ESCAPED % "input.path('$.tenantId')"),
    Weakening("tenant from a query or a header", _e(_TENANT), _ESCAPED % "input.params('tenant')"),
    Weakening("tenant from all headers", _e(_TENANT), "$input.params().header.get('X-Tenant')", is_shown=False),
    Weakening("tenant is the user", _e(_TENANT), _ESCAPED % "context.authorizer.userId", is_shown=False),
    Weakening("tenant is the caller of IAM", _e(_TENANT), _ESCAPED % "context.identity.user", is_shown=False),
    Weakening("tenant in lower case", _e(_TENANT), _e(_TENANT)[:0] + _TENANT + ".toLowerCase()", is_shown=False),
    Weakening("tenant of the path from the body", _e(_PATH_TENANT), _ESCAPED % "input.path('$.tenantId')"),
    Weakening("tenant of the path from a header", _e(_PATH_TENANT), _ESCAPED % "input.params('X-Tenant')"),
    Weakening("form of the path's tenant", r"\$v1\.matches\('\(\?![^)]*\)\$\)[^']*'\)", "true", r"POST /\{tenantId\}.*"),
    Weakening("form of the path's tenant, wider", r"\$v1\.matches\('[^']*'\)", "$v1.matches('.+')", r"POST /\{tenantId\}.*"),
    Weakening("guards are alternatives", r"\$v2 && \$v1", "$v2 || $v1", r"POST /\{tenantId\}.*"),
    Weakening("no separator", r'("pk":\{"S":"\$\{v\d+\})\$\{hash\}park"', r'\1park"'),
    Weakening("no separator in a condition", r'(":pk":\{"S":"\$\{v\d+\})\$\{hash\}park"', r'\1park"'),
    Weakening("tenant's place is the caller's", r'"pk":\{"S":"\$\{v\d+\}', '"pk":{"S":"$!input.params(\'p\')'),
    Weakening("something before the tenant", r'"pk":\{"S":"', '"pk":{"S":"all-', r"GET /parks/\{id\}", is_shown=False),
    Weakening("a row for everybody", r'"Key":\{"pk":\{"S":"-', '"Key":{"pk":{"S":"acme'),
    Weakening("table from the request", r'"TableName":"[^"]*"', '"TableName":"$!{input.params(\'table\')}"'),
    Weakening("index from the request", r'"IndexName":"by-status"', "\"IndexName\":\"$!{input.params('i')}\""),
    Weakening("stream from the request", r'"StreamName":"[^"]*"', '"StreamName":"$!{input.params(\'s\')}"'),
    Weakening("condition from the request", r'"pk = :pk"', "\"$!{input.params('condition')}\""),
    Weakening("condition on the sort key alone", r'"pk = :pk"', '"sk = :pk"', is_shown=False),
    Weakening("name without its escape", _e(_ESCAPED % "input.path('$.name')"), "\"$!{input.path('$.name')}\""),
    Weakening("endpoint without its escape", _e(_ESCAPED % "input.path('$.endpoint')"), "\"$!{input.path('$.endpoint')}\""),
    Weakening("cursor without its escape", r'\$util\.escapeJavaScript\("\$!\{(v6[^}]*)\}"\)\.replaceAll\([^)]*\)', r'"$!{\1}"', is_shown=False),
    Weakening("cursor with its partition", r'"ExclusiveStartKey":\{"pk":\{"S":"\$\{v\d+\}\$\{hash\}park"', '"ExclusiveStartKey":{"pk":{"S":"${v10}"', is_shown=False),
    Weakening("id without escape and guard", r"\$v3\.matches\('\(\?!statuses\$\)[^']*'\)(.*?)" + _e(_ESCAPED % "input.params('id')"), r"""true\1"$!{input.params('id')}\"""", r"GET /parks/\{id\}"),
    Weakening("JSON within a string", r"\$\{v\d+\}\$\{quote\},\$\{quote\}data", "$input.json('$.t')${quote},${quote}data"),
    Weakening("record's tenant from the body", r"(tenantid\$\{quote\}:\$\{quote\})\$\{v\d+\}", r"\1$util.escapeJavaScript($input.path('$.t'))"),
    Weakening("record without a tenant", r"\$\{quote\}tenantid\$\{quote\}", "${quote}sender${quote}", is_shown=False),
    Weakening("record as the caller has it", r'"Data":"\$\{v\d+\}"', r'"Data":$input.json(' + "'$.Data')"),
    Weakening("partition key from the body", r'"PartitionKey":"\$\{v\d+\}"', r'"PartitionKey":"$util.escapeJavaScript($input.path(' + "'$.k'))\""),
    Weakening("whole input from the body", r'"input":"\$\{v\d+\}"', '"input":"$util.escapeJavaScript($input.body)"', is_shown=False),
    Weakening("tenant twice", r"(\{\$\{quote\}tenantId\$\{quote\})", r"{${quote}tenantId${quote}:${quote}acme${quote},${quote}tenantId${quote}", is_shown=False),
    Weakening("a second key", r'"Key":\{', '"Key":{"pk":{"S":"acme#park"}},"Key":{', is_shown=False),
    Weakening("input not escaped as a text", r'"input":"\$\{v\d+\}"', '"input":"${v8}"', r"GET /parks/\{id\}/webhooks", is_shown=False),
    Weakening("message not encoded", r"\$util\.urlEncode\((\$v\d+)\)", r"\1", is_shown=False),
    Weakening("a field of the form from the request", r"Action=SendMessage&", "Action=SendMessage&DelaySeconds=$input.params('d')&"),
    Weakening("message's tenant from the body", r"(tenantId\$\{quote\}:\$\{quote\})\$\{v\d+\}", r"\1$util.escapeJavaScript($input.path('$.t'))", "POST /parks/statuses"),
    Weakening("another header of the integration", r"^", "#set($context.requestOverride.header.X = 'y')\n", is_shown=False),
    Weakening("evaluated text", r"^", '#evaluate("$input.body")\n', is_shown=False),
    Weakening("the body as it is", r"(?s)^.*$", "$input.json('$')", is_shown=False),
)  # fmt: skip


def _methods(assembly: Assembly) -> Iterator[tuple[str, Resource]]:
    for method in methods(assembly):
        if method.integration.get("Type") == "AWS":
            yield f"{method.verb} {method.path}", method.resource


def _weak(found: Workflows, *, shown: bool) -> bool:
    results = {finding.result for finding in found.findings}
    return Result.COUNTEREXAMPLE in results if shown else bool(results)


def _sent(template: str, request: Request) -> Iterator[str]:
    """Yield what the service is sent, by an engine of Velocity, when a caller sends what a finding shows."""
    for harmless in requests.variants(requests.harmless(template)):
        case = harmless.case()
        for name, (sent,) in request.keys.items():
            parameter, member = _PARAMETER.fullmatch(name), _MEMBER.fullmatch(name)
            if parameter:
                place = case["path"] if parameter[1] in case["path"] else case["querystring"]
                place[parameter[1]] = sent
            elif member:
                held = json.loads(sent) if "json" in name else sent
                case["body"] = json.dumps({**json.loads(case["body"] or "{}"), member[1]: held})
            else:
                case["body"] = sent
        places = {kind: case[kind] for kind in ("path", "querystring", "header")}
        printed = vtl.render(template, body=case["body"], parameters=places, context=case["context"])
        encoded = [base64.b64decode(found) for found in re.findall(r'"Data":"([^"]*)"', printed)]
        yield "".join([unquote_plus(printed), *(one.decode() for one in encoded)])


@pytest.mark.parametrize("environment", ["prod", "staging", "dev", "local"])
def test_templates_and_workflows_are_proven(environment: str) -> None:
    found = workflows(whole(environment))

    assert found.findings == []
    assert all(found.starters.values())


def test_every_direct_integration_and_machine_is_judged() -> None:
    assembly = whole(_ENVIRONMENT)
    found = workflows(assembly)
    roles = {resource.properties["Integration"]["Credentials"] for _, resource in _methods(assembly)}
    roles |= {machine.properties["RoleArn"] for machine in assembly.resources(MACHINE)}

    assert len(roles) > 15
    assert roles <= found.proven.keys()


@pytest.mark.parametrize("weakening", _TEMPLATES, ids=str)
def test_weakened_template_is_found(weakening: Weakening) -> None:
    assembly = whole(_ENVIRONMENT)
    weakened = 0
    for route, method in _methods(assembly):
        integration = method.properties["Integration"]
        (kind, template), *_ = integration["RequestTemplates"].items()
        changed = re.sub(weakening.text, weakening.by, template, flags=re.DOTALL)
        if changed == template or not re.search(weakening.of + "$", route):
            continue
        weakened += 1
        properties = {**method.properties, "Integration": {**integration, "RequestTemplates": {kind: changed}}}
        machines = (MACHINE,) if "stateMachineArn" in template else ()
        found = workflows(excerpt(assembly, method, properties, *machines))

        assert _weak(found, shown=weakening.is_shown), f"{route}\n{changed}"
        for finding in found.findings:
            if finding.request and finding.request.keys:
                assert any(_OTHER in sent for sent in _sent(changed, finding.request)), f"{finding.request}\n{changed}"
        assert any(finding.path == method.path for finding in found.findings)
    assert weakened


_INPUT: Final = "$states.context.Execution.Input."
_WORKFLOWS: Final = (
    Weakening("key from the id", _e(_INPUT + "tenantId & '#"), _INPUT + "id & '#"),
    Weakening("key from the endpoint", _e(_INPUT + "tenantId & '#"), _INPUT + "endpoint & '#", "Subscribe.*", is_shown=False),
    Weakening("key from the user", _e(_INPUT + "tenantId & '#"), _INPUT + "userId & '#", is_shown=False),
    Weakening("key of a member that is not in the input", _e(_INPUT + "tenantId & '#"), "$nothing & '#", is_shown=False),
    Weakening("no separator", r"tenantId & '#park'", r"tenantId & 'park'"),
    Weakening("separator after the id", r"tenantId & '#webhook'", "tenantId & " + _INPUT + "id & '#webhook'"),
    Weakening("something before the tenant", _e(_INPUT + "tenantId & '#"), "'all-' & " + _INPUT + "tenantId & '#", is_shown=False),
    Weakening("tenant in lower case", _e(_INPUT + "tenantId & '#"), "$lowercase(" + _INPUT + "tenantId) & '#", is_shown=False),
    Weakening("a row for everybody", _e("{% " + _INPUT + "tenantId & '#park' %}"), "acme#park"),
    Weakening("key from a row", r"(dynamodb:updateItem.*?)" + _e(_INPUT) + "tenantId & '#webhook'", r"\1$endpoint & '#webhook'", "TakeOver.*", is_shown=False),
    Weakening("a condition decides on the key", _e(_INPUT + "tenantId & '#park'"), f"({_INPUT}id = 'x' ? {_INPUT}id : {_INPUT}tenantId) & '#park'"),
    Weakening("table from the input", r'"TableName": ?"[^"]*"', '"TableName":"{% ' + _INPUT + 'id %}"'),
    Weakening("condition from the input", r'"pk = :pk AND begins_with\(sk, :park\)"', '"{% ' + _INPUT + 'id %}"'),
    Weakening("condition on the sort key alone", r'"pk = :pk AND begins_with\(sk, :park\)"', '"sk = :pk"', is_shown=False),
    Weakening("scan", "dynamodb:query", "dynamodb:scan"),
    Weakening("statement of PartiQL", "dynamodb:query", "dynamodb:executeStatement"),
    Weakening("an action that is not known", "dynamodb:getItem", "dynamodb:batchGetItem", is_shown=False),
    Weakening("a service that is not known", r"aws-sdk:dynamodb:getItem", "aws-sdk:rdsdata:executeStatement", is_shown=False),
    Weakening("topic without the tenant", r"'tenantry-parks-' & [\w$.]*tenantId & '_' & ", "'tenantry-parks-' & "),
    Weakening("topic without a separator", r"tenantId & '_' & ", "tenantId & "),
    Weakening("topic of another's name", r"'tenantry-parks-' & ", "'other-parks-' & ", is_shown=False),
    Weakening("subscription to a topic of the input", _e('"TopicArn":"{% $topic %}"'), '"TopicArn":"{% ' + _INPUT + 'endpoint %}"', "Subscribe.*"),
    Weakening("end of a subscription of the input", _e('"SubscriptionArn":"{% $subscription %}"'), '"SubscriptionArn":"{% ' + _INPUT + 'id %}"'),
    Weakening("function is told another tenant", r'("Payload": ?\{"tenantId": ?"\{% )[^%]*%', r"\1" + _INPUT + "id %"),
    Weakening("function is told no tenant", r'"Payload": ?\{"tenantId": ?"\{% [^%]*%\}",', '"Payload":{', is_shown=False),
    Weakening("function is told what the caller sends", r'"Payload":\{"tenantId"(?:[^{}]|\{%|%\})*\}', '"Payload":"{% $states.context.Execution.Input.id %}"', is_shown=False),
    Weakening("function of the input", r'"FunctionName": ?"[^"]*"', '"FunctionName":"{% ' + _INPUT + 'id %}"', "SetStatus.*"),
    Weakening("language that is not read", r'"QueryLanguage":"JSONata"', '"QueryLanguage":"SQL"', is_shown=False),
    Weakening("role of the task's own", r'"Type":"Task",', '"Type":"Task","Credentials":{"RoleArn":"arn:aws:iam::111122223333:role/x"},', is_shown=False),
    Weakening("state of a type that is not known", r'"Type":"Choice"', '"Type":"Chance"', is_shown=False),
)  # fmt: skip
_SAGAS: Final = (
    Weakening("tenant of the event unchecked", r"\(\$type\([^()]*detail\.tenantId\) = 'string' and .*?\)\)\) and ", "", is_shown=False),
    Weakening("tenant of the event checked for its beginning", r"\$not\(\$contains\([^()]*detail\.tenantId, /.*?/\)\)", "true", is_shown=False),
    Weakening("one check or the other", r"= 'string' and \$contains\((\S*detail\.tenantId)", r"= 'string' or $contains(\1", is_shown=False),
    Weakening("key is the user's", _e('"tenantid":{"S":"{% $event.detail.tenantId %}"}'), '"tenantid":{"S":"{% $event.detail.userName %}"}', is_shown=False),
    Weakening("roles in another tenant", _e("'roles:' & $event.detail.tenantId"), "'roles:' & $event.detail.email", is_shown=False),
    Weakening("attribute of the event's choice", _e("{% 'roles:' & $event.detail.tenantId %}"), "{% $event.detail.email %}", is_shown=False),
    Weakening("event about another tenant", _e('"Detail":{"tenantId":"{% $event.detail.tenantId %}"'), '"Detail":{"tenantId":"{% $event.detail.email %}"', is_shown=False),
    Weakening("new tenant's id is the user's name", _e("{% $tenantId %}"), "{% $event.detail.userName %}", is_shown=False),
    Weakening("new tenant's id is a part of the name", _e("$hash('tenant of ' & "), "$lowercase('tenant of ' & ", is_shown=False),
)  # fmt: skip


def _weakened(weakening: Weakening, *, sagas: bool) -> Iterator[tuple[Resource, Workflows]]:
    assembly = whole(_ENVIRONMENT)
    for machine in assembly.resources(MACHINE):
        text = machine.properties["DefinitionString"]
        changed = re.sub(
            weakening.text, lambda found: found.expand(weakening.by.replace("\\", "\\\\").replace("\\\\1", "\\1")), text
        )
        if changed == text or not re.match(f"(Parks)?{weakening.of}", machine.logical_id):
            continue
        properties = {**machine.properties, "DefinitionString": changed}
        part = with_roles(assembly, machine, properties) if sagas else excerpt(assembly, machine, properties, METHOD)
        yield machine, workflows(part)


@pytest.mark.parametrize("weakening", _WORKFLOWS, ids=str)
def test_weakened_workflow_is_found(weakening: Weakening) -> None:
    found = [
        (machine, after) for machine, after in _weakened(weakening, sagas=False) if machine.stack.endswith("parks")
    ]

    assert found
    for machine, after in found:
        own = [finding for finding in after.findings if finding.path == machine.path]
        assert any(finding.result is Result.COUNTEREXAMPLE for finding in own) if weakening.is_shown else own


@pytest.mark.parametrize("weakening", _SAGAS, ids=str)
def test_weakened_saga_is_found(weakening: Weakening) -> None:
    found = list(_weakened(weakening, sagas=True))

    assert found
    assert all(any(finding.path == machine.path for finding in after.findings) for machine, after in found)


def test_subscription_of_a_row_is_what_a_task_has_made() -> None:
    assembly = whole(_ENVIRONMENT)
    machine = next(one for one in assembly.resources(MACHINE) if one.logical_id.startswith("ParksSubscribe"))
    own, others = '"subscription":{"S":"{% $subscription %}"}', f'"subscription":{{"S":"{{% {_INPUT}endpoint %}}"}}'
    changed = machine.properties["DefinitionString"].replace(own, others)

    found = workflows(excerpt(assembly, machine, {**machine.properties, "DefinitionString": changed}, METHOD, MACHINE))

    assert len({finding.path for finding in found.findings if "SubscriptionArn is" in finding.reason}) == 3


def _changed(method: Resource, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a method's properties, with some of the integration's where they are of it."""
    integration = {**method.properties["Integration"], **changes.get("Integration", {})}
    return {**method.properties, **changes, "Integration": integration}


@pytest.mark.parametrize(
    ("route", "changes", "result"),
    [
        (r"GET /parks", {"AuthorizationType": "NONE"}, Result.OPEN),
        (r"GET /parks", {"AuthorizationType": "COGNITO_USER_POOLS"}, Result.OPEN),
        (r"GET /parks", {"AuthorizationType": "AWS_IAM"}, Result.OPEN),
        (r"GET /parks", {"AuthorizerId": "another"}, Result.OPEN),
        (r"POST /\{tenantId\}", {"AuthorizationType": "NONE"}, Result.COUNTEREXAMPLE),
        (r"GET /parks", {"Integration": {"PassthroughBehavior": "WHEN_NO_MATCH"}}, Result.COUNTEREXAMPLE),
        (r"GET /parks", {"Integration": {"PassthroughBehavior": None}}, Result.COUNTEREXAMPLE),
        (
            r"GET /parks",
            {"Integration": {"RequestParameters": {"integration.request.header.X-Amz-Target": "method.request.header.T"}}},
            Result.COUNTEREXAMPLE,
        ),
        (
            r"GET /parks",
            {"Integration": {"RequestParameters": {"integration.request.querystring.Action": "'Scan'"}}},
            Result.OPEN,
        ),
        (
            r"GET /parks",
            {"Integration": {"Uri": "arn:aws:apigateway:us-east-1:dynamodb:action/Scan"}},
            Result.COUNTEREXAMPLE,
        ),
        (
            r"GET /parks",
            {"Integration": {"Uri": "arn:aws:apigateway:us-east-1:dynamodb:action/ExecuteStatement"}},
            Result.COUNTEREXAMPLE,
        ),
        (r"GET /parks", {"Integration": {"Uri": "arn:aws:apigateway:us-east-1:rds-data:action/Execute"}}, Result.OPEN),
        (
            r"GET /parks",
            {"Integration": {"Uri": "arn:aws:apigateway:us-east-1:dynamodb:action/${stageVariables.action}"}},
            Result.OPEN,
        ),
        (
            r"POST /parks/statuses",
            {"Integration": {"Uri": "arn:aws:apigateway:us-east-1:sqs:path/111122223333/another"}},
            Result.OPEN,
        ),
        (r"GET /parks", {"Integration": {"Type": "HTTP"}}, Result.OPEN),
        (r"GET /parks", {"Integration": {"Type": "HTTP_PROXY", "Uri": "https://{host}/parks"}}, Result.OPEN),
    ],
)  # fmt: skip
def test_weakened_integration_is_found(route: str, changes: Mapping[str, Any], result: Result) -> None:
    assembly = whole(_ENVIRONMENT)
    (method,) = [found for name, found in _methods(assembly) if re.fullmatch(route, name)]

    found = workflows(excerpt(assembly, method, _changed(method, changes)))

    assert result in {finding.result for finding in found.findings if finding.path == method.path}


def test_integration_with_a_server_elsewhere_takes_no_role_along() -> None:
    assembly = whole(_ENVIRONMENT)
    (method,) = [found for name, found in _methods(assembly) if name == "GET /parks"]
    elsewhere = {"Integration": {"Type": "HTTP_PROXY", "Uri": "https://parks.shop.example/{tenantId}"}}

    found = workflows(excerpt(assembly, method, _changed(method, elsewhere)))

    assert [finding for finding in found.findings if finding.path == method.path] == []


@pytest.mark.parametrize(
    ("source", "result"),
    [("method.request.header.X-Tenant", Result.COUNTEREXAMPLE), ("context.authorizer.userId", Result.OPEN)],
)
def test_isolated_function_of_another_tenant_is_found(source: str, result: Result) -> None:
    assembly = whole(_ENVIRONMENT)
    header = "integration.request.header.X-Amz-Tenant-Id"
    isolated = [one for one in methods(assembly) if header in (one.integration.get("RequestParameters") or {})]

    assert isolated
    for one in isolated:
        parameters = {"Integration": {"RequestParameters": {header: source}}}
        found = workflows(excerpt(assembly, one.resource, _changed(one.resource, parameters)))
        assert [finding.result for finding in found.findings] == [result]


def test_cached_replies_are_found() -> None:
    assembly = whole(_ENVIRONMENT)
    stage = next(assembly.resources("AWS::ApiGateway::Stage"))
    cached = {**stage.properties, "MethodSettings": [{"HttpMethod": "GET", "CachingEnabled": True}]}

    (finding,) = workflows(excerpt(assembly, stage, cached)).findings

    assert (finding.result, finding.path) == (Result.COUNTEREXAMPLE, stage.path)


@pytest.mark.parametrize("more", [{"Body": {"openapi": "3.0.1"}}, {"BinaryMediaTypes": ["image/png"]}])
def test_api_that_is_more_than_its_methods_is_not_judged(more: Mapping[str, Any]) -> None:
    assembly = whole(_ENVIRONMENT)
    api = next(assembly.resources("AWS::ApiGateway::RestApi"))

    (finding,) = workflows(excerpt(assembly, api, {**api.properties, **more})).findings

    assert (finding.result, finding.path) == (Result.OPEN, api.path)


def _saga_with(kind: str, logical_id: str, change: Mapping[str, Any]) -> Workflows:
    assembly = whole(_ENVIRONMENT)
    resource = next(one for one in assembly.resources(kind) if one.logical_id.startswith(logical_id))
    return workflows(excerpt(assembly, resource, {**resource.properties, **change}, *ROLES, MACHINE))


@pytest.mark.parametrize("operator", ["Null", "ForAllValues:StringEquals"])
def test_publisher_of_anything_is_found(operator: str) -> None:
    assembly = whole(_ENVIRONMENT)
    policy = next(one for one in assembly.resources("AWS::IAM::Policy") if one.logical_id.startswith("TenantSagaRole"))
    document = json.loads(json.dumps(policy.properties["PolicyDocument"]))
    for statement in document["Statement"]:
        statement.get("Condition", {}).pop(operator, None)

    found = _saga_with("AWS::IAM::Policy", "TenantSagaRole", {"PolicyDocument": document})

    assert [(finding.result, finding.path) for finding in found.findings] == [(Result.COUNTEREXAMPLE, policy.path)]


def test_rule_for_anybodys_events_is_found() -> None:
    found = _saga_with("AWS::Events::Rule", "AdminSagaRule", {"EventPattern": {"detail-type": ["created"]}})

    assert any("any source" in finding.reason for finding in found.findings)


def test_rule_that_makes_up_its_input_is_found() -> None:
    assembly = whole(_ENVIRONMENT)
    rule = next(one for one in assembly.resources("AWS::Events::Rule") if one.logical_id.startswith("AdminSagaRule"))
    target = {**rule.properties["Targets"][0], "InputTransformer": {"InputTemplate": "{}"}}

    found = _saga_with("AWS::Events::Rule", "AdminSagaRule", {"Targets": [target]})

    assert any(
        finding.path.endswith("AdminSaga/Machine") or "AdminSagaMachine" in finding.path for finding in found.findings
    )


def test_starters_and_publishers_are_named() -> None:
    found = workflows(whole(_ENVIRONMENT))
    (admin,) = [who for path, who in found.starters.items() if "AdminSaga" in path]
    queue = next(
        one for one in found.reached if one.type == "AWS::SQS::Queue" and "BulkQueue" in one.path.replace("/", "")
    )
    stream = next(one for one in found.reached if one.type == "AWS::Kinesis::Stream")

    assert len(admin) == 1
    assert admin[0].startswith("events tenantry.tenant@created of ")
    assert "TenantSaga" in admin[0]
    assert len(queue.who) == 1
    assert len(stream.who) == 2


def test_role_is_proven_for_what_is_asked_for_only() -> None:
    assembly = whole(_ENVIRONMENT)
    found = workflows(assembly)
    get = next(one for one in principals(assembly) if "ParksGetRole" in one.arn)
    holding = Holding("rows", "", "", ())

    assert found(assembly, get, holding, ["dynamodb:GetItem"])
    assert not found(assembly, get, holding, ["dynamodb:GetItem", "dynamodb:Scan"])
    assert not found(assembly, replace(get, arn="another"), holding, ["dynamodb:GetItem"])


_OLDER: Final = {
    "StartAt": "Read",
    "States": {
        "Read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {
                "TableName": "TABLE",
                "Key": {
                    "pk": {"S.$": "States.Format('{}#park', $.tenantId)"},
                    "sk": {"S.$": "$$.Execution.Input.id"},
                },
            },
            "ResultPath": "$.row",
            "End": True,
        }
    },
}


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("States.Format('{}#park', $.tenantId)", None),
        ("States.Format('{}#park', $$.Execution.Input.tenantId)", None),
        ("States.Format('{}park', $.tenantId)", Result.COUNTEREXAMPLE),
        ("States.Format('{}#park', $.id)", Result.COUNTEREXAMPLE),
        ("States.Format($.id, $.tenantId)", Result.COUNTEREXAMPLE),
        ("$.id", Result.COUNTEREXAMPLE),
        ("$..tenantId", Result.OPEN),
        ("States.Base64Decode($.userId)", Result.OPEN),
    ],
)
def test_workflow_in_jsonpath_is_read(expression: str, result: Result | None) -> None:
    assembly = whole(_ENVIRONMENT)
    machine = next(one for one in assembly.resources(MACHINE) if one.logical_id.startswith("ParksSetStatus"))
    table = next(one for one in assembly.resources("AWS::DynamoDB::Table") if one.stack == machine.stack)
    text = json.dumps(_OLDER).replace("States.Format('{}#park', $.tenantId)", expression).replace("TABLE", table.name)

    found = workflows(excerpt(assembly, machine, {**machine.properties, "DefinitionString": text}, METHOD))

    assert {finding.result for finding in found.findings} == ({result} if result else set())


@pytest.mark.parametrize(
    ("parts", "form", "is_own"),
    [
        ([AUTHORIZED], "{tenant}", True),
        ([AUTHORIZED, "#x"], "{tenant}#*", True),
        ([AUTHORIZED, "#", _CALLERS], "{tenant}#*", True),
        (["data/tenantid=", AUTHORIZED, "/"], "data/tenantid={tenant}/", True),
        (["-#x"], "{tenant}#*", True),
        (["prefix#x"], "{tenant}#*", True),
        (["acmes"], "{tenant}#*", True),
        ([], "{tenant}#*", True),
        ([AUTHORIZED], "{tenant}#*", False),
        ([AUTHORIZED, "#x"], "{tenant}", False),
        ([AUTHORIZED, "-x"], "{tenant}-{user}", False),
        ([AUTHORIZED, _CALLERS], "{tenant}#*", False),
        ([AUTHORIZED, AUTHORIZED], "{tenant}#*", False),
        ([_CALLERS, "#", AUTHORIZED], "{tenant}#*", False),
        (["x", AUTHORIZED, "#"], "{tenant}#*", False),
        (["data/", AUTHORIZED, "/"], "data/tenantid={tenant}/", False),
        (["acme#x"], "{tenant}#*", False),
        (["acme"], "{tenant}", False),
        ([AUTHORIZED, "#x"], "*{tenant}#*", False),
        ([AUTHORIZED, "#x"], "everything", False),
    ],
)
def test_key_is_its_tenants_own(parts: list[str | Given], form: str, is_own: bool) -> None:  # noqa: FBT001 - a case
    value = joined(*(text(part) if isinstance(part, str) else (part,) for part in parts))

    assert (named_by(value, [form], Tenants(frozenset({AUTHORIZED})), frozenset()) is None) is is_own
