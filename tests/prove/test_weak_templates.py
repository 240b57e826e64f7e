"""Weaknesses that somebody thought of and planted by hand, each in a small template that is proven without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tenantry.prove.assembly import Assembly, Stack
from tenantry.prove.isolation import prove_isolation
from tests.prove.templates import BUCKET, TABLE, TENANT, joined, objects, of_role, proof_of, rows, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.prove.templates import Statement, Template

_ROLE, _FUNCTION = "TenantRole", "FunctionRole"
_OUTSIDE: Final = "arn:aws:iam::999988887777:role/reader"
_TENANT_ARN: Final = {"Fn::GetAtt": [_ROLE, "Arn"]}
_SESSION: Final = {"Fn::Sub": "arn:aws:sts::${AWS::AccountId}:assumed-role/${TenantRole}/s"}
_ELSEWHERE: Final = "arn:aws:s3:::elsewhere"
_OTHER_TABLE: Final = "arn:aws:dynamodb:us-east-1:111122223333:table/elsewhere"
_EVERY_ROW: Final = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [TABLE]}


def _allow(action: Any, resource: Any, **more: Any) -> Statement:  # noqa: ANN401 - parts of a template
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _on_leading_keys(values: list[str], null: str = "Null") -> Mapping[str, Any]:
    condition = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": values},
        null: {"dynamodb:LeadingKeys": "false"},
    }
    return {**rows(), "Condition": condition}


def _with(**resources: Any) -> Template:  # noqa: ANN401 - parts of a template
    changed = template()
    changed["Resources"].update(resources)
    return changed


def _status(changed: Template) -> int:
    return proof_of(changed).exit_status


@pytest.mark.parametrize(
    ("role", "added"),
    [
        pytest.param(
            _FUNCTION,
            [_allow("s3:GetObject", joined(BUCKET, "/${aws:PrincipalTag/TenantId, 'globex'}/*"))],
            id="a variable with a default",
        ),
        pytest.param(_ROLE, [_on_leading_keys([TENANT], "ForAllValues:Null")], id="a quantifier that needs no value"),
        pytest.param(
            _FUNCTION,
            [
                _allow("dynamodb:*", [TABLE]),
                {"Effect": "Deny", "NotAction": "dynamodb:ExportTableToPointInTime", "Resource": "*"},
            ],
            id="a denial of all actions but one",
        ),
        pytest.param(
            _FUNCTION,
            [
                _allow("s3:GetObject", joined(BUCKET, "/*")),
                {"Effect": "Deny", "Action": "s3:GetObject", "Resource": [joined(BUCKET, "/<t2>/*")]},
            ],
            id="a text that looks like an id of the proof",
        ),
        pytest.param(
            _FUNCTION,
            [_allow(["iam:CreateRole", "iam:PutRolePolicy"], "arn:aws:iam::111122223333:role/new")],
            id="a role of its own making",
        ),
        *(
            pytest.param(_FUNCTION, [_allow(form, {"Fn::GetAtt": ["Function", "Arn"]})], id=form)
            for form in ("lambda:*", "lambda:Update*", "lambda:*Code", "lambda:Add*")
        ),
    ],
)
def test_weak_statement_is_not_proven(role: str, added: list[Statement]) -> None:
    assert _status(of_role(lambda statements: statements.extend(added), role)) != 0


@pytest.mark.parametrize(
    "added",
    [
        pytest.param(
            [_allow("s3:GetObject", [joined(BUCKET, f"/{TENANT}/*"), f"{_ELSEWHERE}/*"])], id="beside what is declared"
        ),
        *(
            pytest.param([_allow(action, resource, Condition={operator: {key: value}})], id=key)
            for action, resource, operator, key, value in (
                ("s3:GetObject", f"{_ELSEWHERE}/*", "StringEquals", "aws:PrincipalTag/TenantId", TENANT),
                ("s3:PutObject", f"{_ELSEWHERE}/*", "StringEquals", "s3:RequestObjectTag/TenantId", TENANT),
                ("s3:GetObject", f"{_ELSEWHERE}/*", "ArnLike", "s3:DataAccessPointArn", f"*:accesspoint/{TENANT}-x"),
                ("sns:Subscribe", "arn:aws:sns:us-east-1:1:x", "StringLike", "sns:Endpoint", f"https://x/{TENANT}/*"),
            )
        ),
        pytest.param(
            [_allow("s3:GetObject", [f"{_ELSEWHERE}/aaa/{TENANT}/*", f"{_ELSEWHERE}/{TENANT}/*"])],
            id="another tenant by another resource",
        ),
        pytest.param(
            [{**_on_leading_keys([TENANT, f"aaa-{TENANT}"]), "Resource": [_OTHER_TABLE]}],
            id="another tenant by another value",
        ),
        pytest.param(
            [
                _allow("s3:GetObject", f"{_ELSEWHERE}/aaa/{TENANT}/*"),
                _allow("s3:PutObject", f"{_ELSEWHERE}/{TENANT}/*"),
            ],
            id="another tenant by another statement",
        ),
    ],
)
def test_what_two_tenants_may_share_of_another_app_is_not_judged(added: list[Statement]) -> None:
    assert _status(of_role(lambda statements: statements.extend(added))) == 2


def _trusting(role: str, principal: Mapping[str, Any], action: str = "sts:AssumeRole") -> Template:
    changed = of_role(lambda statements: statements.append(_EVERY_ROW), _FUNCTION)
    function = changed["Resources"][_FUNCTION]
    entry = {"resource": TABLE, "actions": ["dynamodb:Query"], "reason": "It counts."}
    function["Metadata"]["tenantry:acknowledged"] = [entry]
    trust = changed["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trust.append({**trust[0], "Action": action, "Principal": principal})
    return changed


@pytest.mark.parametrize(
    ("role", "principal", "action"),
    [
        (_ROLE, {"AWS": _TENANT_ARN}, ["sts:AssumeRole", "sts:TagSession"]),
        (_ROLE, {"AWS": _OUTSIDE}, ["sts:AssumeRole", "sts:TagSession"]),
        (_ROLE, {"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
        (_FUNCTION, {"AWS": _TENANT_ARN}, "sts:AssumeRole"),
        (_FUNCTION, {"AWS": _SESSION}, "sts:AssumeRole"),
        (_FUNCTION, {"AWS": "999988887777"}, "sts:AssumeRole"),
        (_FUNCTION, {"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"),
    ],
)
def test_trust_in_a_tenant_or_a_stranger_is_found(role: str, principal: Mapping[str, Any], action: str) -> None:
    assert _status(_trusting(_FUNCTION, {"Service": "lambda.amazonaws.com"})) == 0
    assert _status(_trusting(role, principal, action)) == 1


def _device(**more: Any) -> Template:  # noqa: ANN401 - properties
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "credentials.iot.amazonaws.com"},
    }
    policies = [{"PolicyDocument": {"Statement": [objects("${credentials-iot:ThingTypeName}/*")]}}]
    properties = {"AssumeRolePolicyDocument": {"Statement": [statement]}, "Policies": policies, **more}
    return _with(Devices={"Type": "AWS::IAM::Role", "Properties": properties})


def test_tags_of_a_role_are_no_tags_of_its_sessions() -> None:
    by_tag = [{"PolicyDocument": {"Statement": [objects()]}}]
    assert _status(_device()) == 0

    assert _status(_device(Policies=by_tag, Tags=[{"Key": "TenantId", "Value": "acme"}])) == 1


def test_tags_of_a_stack_are_those_of_its_roles() -> None:
    named = of_role(lambda statements: statements.append(objects()), _FUNCTION)
    assert proof_of(named).exit_status == 0

    assert prove_isolation(Assembly([Stack("shop", named, tags={"tenantid": "acme"})])).exit_status == 1


@pytest.mark.parametrize("who", ["*", {"AWS": "*"}, {"AWS": _SESSION}])
def test_queue_that_lets_sessions_in_is_found(who: Any) -> None:  # noqa: ANN401 - a principal
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"tenantry:stores": [{"holds": "work", "by": "none"}]}}
    statement = _allow("sqs:SendMessage", {"Fn::GetAtt": ["Work", "Arn"]}, Principal={"Service": "sns.amazonaws.com"})
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [statement]}}}
    assert _status(_with(Work=queue, Policy=policy)) == 0

    statement["Principal"] = who
    assert _status(_with(Work=queue, Policy=policy)) == 1


@pytest.mark.parametrize(
    ("name", "permission"),
    [
        ({"Ref": "Other"}, {"Principal": "*"}),
        ({"Ref": "Other"}, {"Principal": _TENANT_ARN}),
        ({"Ref": "Live"}, {"Principal": "999988887777"}),
        ({"Fn::Sub": "${Function.Arn}:live"}, {"Principal": "999988887777"}),
        ({"Fn::Sub": "${AWS::AccountId}:function:${Function}"}, {"Principal": "999988887777"}),
        ({"Ref": "Function"}, {"Principal": "s3.amazonaws.com", "SourceArn": "*"}),
        ({"Ref": "Function"}, {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::somebodys"}),
        ({"Ref": "Function"}, {"Principal": "sns.amazonaws.com", "SourceArn": "arn:aws:sns:us-east-1:999988887777:x"}),
    ],
)
def test_permission_that_lets_sessions_or_strangers_in_is_found(name: Any, permission: dict[str, Any]) -> None:  # noqa: ANN401
    live = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Function"}, "Name": "live"}}
    properties = {"Action": "lambda:InvokeFunction", "FunctionName": name, **permission}
    permitted = {"Type": "AWS::Lambda::Permission", "Properties": properties}
    other = {"Type": "AWS::Lambda::Function", "Properties": {}}

    assert _status(_with(Live=live, Other=other, Permission=permitted)) == 1


_ANYBODY: Final = _allow("s3:GetObject", joined(BUCKET, "/*"), Principal="*")


@pytest.mark.parametrize(
    "document",
    [
        {"Fn::If": ["Open", {"Statement": [_ANYBODY]}, {"Statement": []}]},
        {"Ref": "Document"},
        json.dumps({"Statement": [_allow("s3:GetObject", f"{_ELSEWHERE}/*", Principal="*")]}),
    ],
)
def test_policy_that_is_not_written_out_is_not_judged(document: Any) -> None:  # noqa: ANN401 - a policy
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": document}}

    assert _status(_with(Policy=policy)) == 2


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Invoices", {"Properties": {"AccessControl": "PublicRead"}}),
        ("Orders", {"Properties": {"StreamSpecification": {"ResourcePolicy": {"PolicyDocument": {"Statement": []}}}}}),
        (
            "Orders",
            {
                "Type": "AWS::DynamoDB::GlobalTable",
                "Properties": {"Replicas": [{"ResourcePolicy": {"PolicyDocument": {"Statement": []}}}]},
            },
        ),
    ],
)
def test_grant_of_a_resource_that_is_not_read_is_not_judged(name: str, change: dict[str, Any]) -> None:
    changed = template()
    changed["Resources"][name].update(change)

    assert _status(changed) == 2


@pytest.mark.parametrize(
    "macro", [{"Transform": ["Macro"]}, {"Outputs": {"Fn::Transform": {"Name": "AWS::Include"}}, "Resources": {}}]
)
def test_template_that_a_macro_changes_is_not_judged(macro: dict[str, Any]) -> None:
    assert _status({**template(), "Transform": macro}) == 2


def test_policy_of_an_unknown_role_is_not_judged() -> None:
    policy = {"Roles": [{"Ref": "Name"}], "PolicyDocument": {"Statement": [_allow("sqs:ReceiveMessage", "*")]}}

    assert _status(_with(Policy={"Type": "AWS::IAM::Policy", "Properties": policy})) == 2


def test_denial_that_may_not_be_deployed_denies_nothing() -> None:
    changed = of_role(lambda statements: statements.append(_EVERY_ROW), _FUNCTION)
    document = {"Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": _FUNCTION}], "PolicyDocument": document}}
    changed["Resources"]["Policy"] = policy
    assert _status(changed) == 0

    policy["Condition"] = "InProduction"
    assert _status(changed) == 1


def test_boundary_does_not_limit_whom_a_bucket_names() -> None:
    nothing = {"PolicyDocument": {"Statement": [_allow("logs:*", "*")]}}
    statement = {**_ANYBODY, "Principal": {"AWS": {"Fn::GetAtt": ["Reader", "Arn"]}}}
    changed = _with(
        Limit={"Type": "AWS::IAM::ManagedPolicy", "Properties": nothing},
        Reader={"Type": "AWS::IAM::User", "Properties": {"PermissionsBoundary": {"Ref": "Limit"}}},
        Policy={"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": [statement]}}},
    )

    assert _status(changed) == 1


def test_nobody_answers_at_a_resource_for_whom_its_policy_names() -> None:
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": [_ANYBODY]}}}
    entry = {"resource": joined(BUCKET, "/*"), "actions": ["s3:GetObject"], "reason": "A service reads it."}

    assert _status(_with(Policy={**policy, "Metadata": {"tenantry:acknowledged": [entry]}})) == 1


def _composed(*services: str, path: str = "{tenantId}", declared: str = "{tenant}") -> Template:
    """Return the template with an API whose integration reads the rows of its path's tenant."""
    request = {"TableName": "${Orders}", "Key": {"tenant": {"S": "$util.escapeJavaScript($input.params('tenantId'))"}}}
    guard = "#if($input.params('tenantId').matches('[A-Za-z0-9-]+'))"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": list(services)}}
    grant = _allow("dynamodb:GetItem", [TABLE])
    integration = {
        "Type": "AWS",
        "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:dynamodb:action/GetItem"},
        "Credentials": {"Fn::GetAtt": ["ApiRole", "Arn"]},
        "PassthroughBehavior": "NEVER",
        "RequestTemplates": {"application/json": {"Fn::Sub": f"{guard}{json.dumps(request)}#end"}},
    }
    changed = _with(
        Api={
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {},
            "Metadata": {"tenantry:stores": [{"holds": "orders", "by": "path", "forms": [declared]}]},
        },
        ApiRole={
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Statement": [trust]},
                "Policies": [{"PolicyDocument": {"Statement": [grant]}}],
            },
        },
        Path={
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {"RestApiId": {"Ref": "Api"}, "ParentId": "root", "PathPart": path},
        },
        Method={
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResourceId": {"Ref": "Path"},
                "HttpMethod": "GET",
                "AuthorizationType": "AWS_IAM",
                "Integration": integration,
            },
        },
    )
    changed["Resources"]["Orders"]["Properties"] = {"KeySchema": [{"AttributeName": "tenant", "KeyType": "HASH"}]}
    return changed


def test_role_of_an_api_that_others_have_too_is_not_proven_by_its_templates() -> None:
    assert _status(_composed("apigateway.amazonaws.com")) == 0

    assert _status(_composed("apigateway.amazonaws.com", "lambda.amazonaws.com")) == 1


def test_tenant_of_a_path_is_where_the_declaration_says() -> None:
    assert _status(_composed("apigateway.amazonaws.com", declared="{tenant}/orders")) == 1


_BUS: Final = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}


@pytest.mark.parametrize(
    ("operator", "resource"),
    [
        ("ForAnyValue:StringEquals", {"Fn::GetAtt": ["Bus", "Arn"]}),
        ("StringNotEquals", {"Ref": "BusArn"}),
    ],
)
def test_publisher_of_anybodys_events_is_found(operator: str, resource: Any) -> None:  # noqa: ANN401 - a reference
    keys = {"events:source": "shop.orders", "events:detail-type": "created"}
    null = dict.fromkeys(keys, "false")
    bus = {**_BUS, "Metadata": {"tenantry:stores": [{"holds": "events", "by": "none"}]}}
    own = {"ForAllValues:StringEquals": keys, "Null": null}
    publishing = _allow("events:PutEvents", {"Fn::GetAtt": ["Bus", "Arn"]}, Condition=own)
    changed = of_role(lambda statements: statements.append(publishing), _FUNCTION)
    changed["Resources"]["Bus"] = bus
    assert _status(changed) == 0

    publishing.update({"Resource": resource, "Condition": {operator: keys, "Null": null}})
    changed = of_role(lambda statements: statements.append(publishing), _FUNCTION)
    changed["Resources"]["Bus"] = bus
    assert _status(changed) == 1


def test_every_policy_of_a_role_of_another_app_counts() -> None:
    def policy(*statements: Statement) -> dict[str, Any]:
        properties = {"Roles": ["reader"], "PolicyDocument": {"Statement": list(statements)}}
        return {"Type": "AWS::IAM::Policy", "Properties": properties}

    assert _status(_with(One=policy(_EVERY_ROW), Two=policy(_allow("logs:PutLogEvents", "*")))) == 1


def test_every_user_of_a_name_counts() -> None:
    inline = [{"PolicyDocument": {"Statement": [_EVERY_ROW]}}]
    one = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ann", "Policies": inline}}
    other = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ann"}}

    assert proof_of(_with(Ann=one), {"Resources": {"Ann": other}}).exit_status == 1


def test_two_stacks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        Assembly([Stack("shop", template()), Stack("shop", template())])


def test_session_of_a_role_of_another_app_is_not_judged() -> None:
    changed = template()
    variables = changed["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    text = variables["TOKEN_VENDOR"]["Fn::Sub"].replace("${TenantRole.Arn}", "arn:aws:iam::111122223333:role/other")
    variables["TOKEN_VENDOR"] = {"Fn::Sub": text}

    assert _status(changed) == 2


@pytest.mark.parametrize(
    ("action", "status"), [("iot:AssumeRoleWithCertificate", 0), ("iot:Receive", 2), (["iot:Connect", "iot:*"], 2)]
)
def test_what_certificates_do_but_take_a_role_is_not_judged(action: Any, status: int) -> None:  # noqa: ANN401
    document = {"Statement": [_allow(action, "*")]}

    assert _status(_with(Policy={"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document}})) == status


@pytest.mark.parametrize(
    ("caching", "status"),
    [
        ({"IdentitySource": "method.request.header.x-token"}, 0),
        ({"IdentitySource": "method.request.header.Host", "AuthorizerResultTtlInSeconds": 0}, 0),
        ({"IdentitySource": "method.request.header.Host", "AuthorizerResultTtlInSeconds": 3}, 1),
        ({"IdentitySource": "method.request.header.Host"}, 1),
    ],
)
def test_authorizer_that_gives_a_tenant_to_another_caller_is_found(caching: dict[str, Any], status: int) -> None:
    variables = {"ROUTES": "GET / *", "TOKEN_HEADER": "X-Token"}
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Authorizing.Arn}/invocations"
    properties = {"AuthorizerUri": {"Fn::Sub": uri}, "Type": "REQUEST", **caching}

    changed = _with(Authorizing=function, Authorizer={"Type": "AWS::ApiGateway::Authorizer", "Properties": properties})

    assert _status(changed) == status


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::ApiGatewayV2::Api", {"Body": {"paths": {}}}),
        ("AWS::ApiGateway::RestApi", {"Body": {"paths": {}}}),
        ("AWS::Pipes::Pipe", {"Target": "arn:aws:states:us-east-1:111122223333:stateMachine:x"}),
    ],
)
def test_way_of_asking_that_is_not_read_is_not_judged(kind: str, properties: dict[str, Any]) -> None:
    stores = {"tenantry:stores": [{"holds": "nothing", "by": "none"}]}

    assert _status(_with(Way={"Type": kind, "Properties": properties, "Metadata": stores})) == 2


def test_public_address_of_a_function_that_vends_nothing_is_no_false_alarm() -> None:
    permission = {"Action": "lambda:InvokeFunctionUrl", "FunctionName": {"Ref": "Hook"}, "Principal": "*"}
    hook = {"Type": "AWS::Lambda::Function", "Properties": {}}

    assert _status(_with(Hook=hook, Permission={"Type": "AWS::Lambda::Permission", "Properties": permission})) == 0
