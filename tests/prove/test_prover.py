"""What is proven of small templates, and what every weakness in them is found as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tenantry.prove.prover import Result
from tests.prove.templates import BUCKET, TABLE, TENANT, joined, listing, objects, of_role, proof_of, rows, template

if TYPE_CHECKING:
    from tests.prove.templates import Statement, Template

_ROLE, _FUNCTION = "TenantRole", "FunctionRole"


def test_template_is_proven() -> None:
    proof = proof_of(template())

    assert proof.exit_status == 0
    assert {finding.result for finding in proof.findings} == {Result.PROVEN}
    assert {finding.principal for finding in proof.findings} == {
        "shop/Vendor/TenantRole (tenant role)",
        "shop/ListOrders (session policy for 'orders')",
    }
    assert any("of a user" in finding.resource for finding in proof.findings)


@pytest.mark.parametrize(
    "weakened",
    [
        pytest.param(objects(f"{TENANT}*"), id="t1 and a wildcard"),
        pytest.param(objects(f"*{TENANT}/*"), id="a wildcard and t1"),
        pytest.param(objects(f"{TENANT}?/*"), id="one more character"),
        pytest.param(objects(f"{TENANT}-*"), id="a character that ids hold"),
        pytest.param(objects("*"), id="every object"),
        pytest.param(objects("${aws:PrincipalTag/Team}/*"), id="a tag that nothing binds"),
        pytest.param(listing(f"{TENANT}*"), id="a dropped slash"),
        pytest.param(listing(TENANT), id="no slash"),
        pytest.param(listing(operator="StringLikeIfExists"), id="IfExists"),
        pytest.param(listing(operator="ForAllValues:StringLike"), id="ForAllValues without Null"),
        pytest.param(listing(operator="StringNotLike"), id="negated"),
        pytest.param({**listing(), "Condition": {}}, id="no condition"),
        pytest.param({**listing(), "Action": "s3:ListBucketMultipartUploads"}, id="an action that no prefix binds"),
        pytest.param({**rows(), "Action": ["dynamodb:GetItem", "dynamodb:Scan"]}, id="Scan"),
        pytest.param({**rows(), "Action": "dynamodb:*"}, id="every action"),
        pytest.param({**rows(), "Action": "dynamodb:PartiQLSelect"}, id="PartiQL"),
        pytest.param(rows(f"{TENANT}*"), id="a leading key and a wildcard"),
        pytest.param(rows("*"), id="every leading key"),
        pytest.param(
            {**rows(), "Condition": {"StringLike": {"dynamodb:LeadingKeys": [TENANT]}}},
            id="a plain operator on a key with many values",
        ),
        pytest.param(
            {**rows(), "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": [TENANT]}}}, id="ForAnyValue"
        ),
        pytest.param(
            {**rows(), "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [TENANT]}}}, id="no Null"
        ),
        pytest.param({**rows(), "Condition": {}}, id="no leading key"),
        pytest.param({**rows(), "Action": "dynamodb:getitem", "Condition": {}}, id="no leading key, in lower case"),
        pytest.param({**listing(), "Action": "S3:listbucket", "Condition": {}}, id="no prefix, in lower case"),
        pytest.param({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, id="NotAction"),
        pytest.param({**objects(), "Resource": "*"}, id="every resource"),
        pytest.param({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": [BUCKET]}, id="NotResource"),
        pytest.param({"Effect": "Allow", "Action": "s3:PutBucketPolicy", "Resource": [BUCKET]}, id="a bucket's policy"),
        pytest.param({"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}, id="its own policy"),
        pytest.param({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}, id="another session"),
        pytest.param({"Effect": "Allow", "Action": "kms:TagResource", "Resource": "*"}, id="tags"),
        pytest.param(
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["Function", "Arn"]}},
            id="the function that vends",
        ),
    ],
)
def test_weakened_tenant_role_is_reached_by_a_request(weakened: Statement) -> None:
    proof = proof_of(of_role(lambda statements: statements.append(weakened)))

    assert proof.exit_status == 1
    (found, *_) = proof.of(Result.COUNTEREXAMPLE)
    assert found.principal == "shop/Vendor/TenantRole (tenant role)"
    assert found.statement["Effect"] == "Allow"
    assert found.request is not None
    assert {"t1", "t2"} <= set(found.request.ids)


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(objects(f"{TENANT}/reports/*"), id="less than its own"),
        pytest.param(rows(f"{TENANT}#*"), id="keys that a character ends"),
        pytest.param(
            {**rows(), "Condition": {**rows()["Condition"], "Bool": {"aws:SecureTransport": "true"}}}, id="narrower"
        ),
        pytest.param({**listing(), "Effect": "Deny"}, id="a denial"),
        pytest.param({**objects(), "Action": "s3:getobject"}, id="an action in lower case"),
    ],
)
def test_harmless_change_is_no_false_alarm(harmless: Statement) -> None:
    assert proof_of(of_role(lambda statements: statements.append(harmless))).exit_status == 0


@pytest.mark.parametrize(
    "granted",
    [
        {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [TABLE]},
        {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [joined(TABLE, "/index/by-day")]},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [joined(BUCKET, "/*")]},
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": {"Fn::GetAtt": ["TenantRole", "Arn"]}},
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": {"Fn::GetAtt": ["Function", "Arn"]}},
    ],
)
def test_raw_grant_to_a_function_is_found(granted: Statement) -> None:
    proof = proof_of(of_role(lambda statements: statements.append(granted), _FUNCTION))

    assert proof.exit_status == 1
    assert {finding.principal for finding in proof.of(Result.COUNTEREXAMPLE)} == {"shop/ListOrders/Role (function)"}


def test_variable_without_a_value_matches_nothing() -> None:
    named = of_role(lambda statements: statements.append(objects()), _FUNCTION)
    assert proof_of(named).exit_status == 0

    named["Resources"][_FUNCTION]["Properties"]["Tags"] = [{"Key": "TenantId", "Value": "acme"}]
    assert proof_of(named).exit_status == 1


def test_grant_to_a_role_of_another_app_is_found() -> None:
    changed = template()
    statement = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [TABLE]}
    changed["Resources"]["Policy"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyDocument": {"Statement": [statement]}, "Roles": ["reader"]},
    }

    (found,) = proof_of(changed).of(Result.COUNTEREXAMPLE)

    assert found.principal == "shop/Policy of reader (principal)"


def _acknowledging(**more: Any) -> Template:  # noqa: ANN401 - parts of an acknowledgement
    granted = {"Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": [TABLE]}
    changed = of_role(lambda statements: statements.append(granted), _FUNCTION)
    entry = {"resource": TABLE, "actions": ["dynamodb:Query"], "reason": "It counts.", **more}
    changed["Resources"][_FUNCTION]["Metadata"]["tenantry:acknowledged"] = [entry]
    return changed


def test_acknowledged_reach_is_reported_with_its_reason() -> None:
    proof = proof_of(_acknowledging())

    assert proof.exit_status == 0
    (found,) = proof.of(Result.ACKNOWLEDGED)
    assert (found.principal, found.reason, found.actions) == (
        "shop/ListOrders/Role (function)",
        "It counts.",
        ("dynamodb:Query",),
    )


@pytest.mark.parametrize(
    "other", [{"actions": ["dynamodb:GetItem"]}, {"resource": BUCKET}, {"resource": joined(TABLE, "*")}]
)
def test_acknowledgement_covers_only_what_it_names(other: dict[str, Any]) -> None:
    assert proof_of(_acknowledging(**other)).exit_status == 1


def test_nobody_answers_for_what_a_session_reaches_of_another_tenant() -> None:
    weak = listing(f"{TENANT}*")
    changed = of_role(lambda statements: statements.append(weak))
    entry = {"resource": BUCKET, "actions": ["s3:ListBucket"], "reason": "It counts."}
    changed["Resources"][_ROLE]["Metadata"]["tenantry:acknowledged"] = [entry]

    assert proof_of(changed).exit_status == 1


def test_acknowledgement_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="gives no reason"):
        proof_of(_acknowledging(reason=" "))


@pytest.mark.parametrize(
    "kind",
    ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Kinesis::Stream", "AWS::RDS::DBInstance", "AWS::New::Thing"],
)
def test_undeclared_resource_is_not_judged(kind: str) -> None:
    changed = template()
    changed["Resources"]["Notes"] = {
        "Type": kind,
        "Properties": {},
        "Metadata": {"aws:cdk:path": "shop/Notes/Resource"},
    }

    proof = proof_of(changed)

    assert proof.exit_status == 2
    (found,) = proof.of(Result.OPEN)
    assert found.path == "shop/Notes"
    assert "declare_store" in found.reason


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ({**objects(), "Condition": {"StringSomething": {"a": "b"}}}, "StringSomething"),
        ({"Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": "*"}, "rds-data"),
        ({"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:111122223333:x"}, "nobody"),
        ({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::elsewhere/*"}, "nobody"),
    ],
)
def test_what_the_prover_does_not_know_is_not_judged(statement: Statement, named: str) -> None:
    proof = proof_of(of_role(lambda statements: statements.append(statement)))

    assert proof.exit_status == 2
    assert any(named in finding.reason for finding in proof.of(Result.OPEN))


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({**objects(), "Resource": [f"arn:aws:s3:::elsewhere/{TENANT}/*"]}, 0),
        ({**objects(), "Resource": [f"arn:aws:s3:::elsewhere/{TENANT}*"]}, 2),
        ({**rows(), "Resource": ["arn:aws:dynamodb:us-east-1:111122223333:table/elsewhere"]}, 0),
        ({**rows("*"), "Resource": ["arn:aws:dynamodb:us-east-1:111122223333:table/elsewhere"]}, 2),
        ({**listing(), "Resource": ["arn:aws:s3:::elsewhere"]}, 0),
        ({**listing(f"{TENANT}*"), "Resource": ["arn:aws:s3:::elsewhere"]}, 2),
        ({**listing(operator="StringLikeIfExists"), "Resource": ["arn:aws:s3:::elsewhere"]}, 2),
    ],
)
def test_what_another_app_holds_is_judged_by_the_statement_alone(statement: Statement, status: int) -> None:
    assert proof_of(of_role(lambda statements: statements.append(statement))).exit_status == status


def test_managed_policy_of_no_template_is_not_judged() -> None:
    changed = template()
    changed["Resources"][_FUNCTION]["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]

    (found,) = proof_of(changed).of(Result.OPEN)

    assert "AdministratorAccess" in found.reason


def test_session_policy_alone_keeps_users_apart() -> None:
    changed = template()
    variables = changed["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    text = variables["TOKEN_VENDOR"]["Fn::Sub"]
    variables["TOKEN_VENDOR"] = {"Fn::Sub": text.replace("/{{user_id}}/*", "/*")}

    proof = proof_of(changed)

    (found,) = proof.of(Result.COUNTEREXAMPLE)
    assert found.principal == "shop/ListOrders (session policy for 'orders')"
    assert found.resource.endswith("of a user")
    assert found.request is not None
    assert set(found.request.ids) == {"t", "u1", "u2"}


def test_session_policy_alone_keeps_tenants_apart() -> None:
    changed = template()
    variables = changed["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    text = variables["TOKEN_VENDOR"]["Fn::Sub"]
    variables["TOKEN_VENDOR"] = {"Fn::Sub": text.replace('"dynamodb:LeadingKeys": "{{tenant_id}}"', '"aws:x": "y"')}

    found = proof_of(changed).of(Result.COUNTEREXAMPLE)

    assert {finding.principal for finding in found} == {"shop/ListOrders (session policy for 'orders')"}


def _trust(change: dict[str, Any]) -> Template:
    changed = template()
    (statement,) = changed["Resources"][_ROLE]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    statement.update(change)
    return changed


_CONDITION = {
    "StringLike": {"aws:RequestTag/TenantId": "?*", "aws:RequestTag/TenantName": "?*"},
    "StringEquals": {"aws:RequestTag/Purpose": ["orders"]},
    "StringEqualsIgnoreCase": {"aws:RequestTag/TenantName": "${aws:RequestTag/TenantId}"},
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Condition": {}}, "needs no tag TenantId"),
        ({"Condition": {**_CONDITION, "StringLike": {"aws:RequestTag/TenantId": "?*"}}}, "needs no tag TenantName"),
        ({"Condition": {**_CONDITION, "StringEquals": {}}}, "needs no tag Purpose"),
        ({"Condition": {**_CONDITION, "StringEqualsIgnoreCase": {}}}, "another by its name"),
        ({"Principal": {"AWS": "*"}}, "anybody"),
        ({"Principal": "*"}, "anybody"),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, "no single role"),
        ({"Action": "sts:*", "Condition": {}}, "needs no tag TenantId"),
    ],
)
def test_trust_that_lets_others_in_is_found(change: dict[str, Any], reason: str) -> None:
    proof = proof_of(_trust(change))

    assert proof.exit_status == 1
    assert any(reason in finding.reason for finding in proof.of(Result.COUNTEREXAMPLE))


def test_bucket_policy_counts_as_a_grant() -> None:
    changed = template()
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [joined(BUCKET, "/*")]}
    named = {"AWS": {"Fn::GetAtt": [_FUNCTION, "Arn"]}}
    others = ({"AWS": "*"}, {"AWS": "arn:aws:iam::999988887777:root"}, {"Service": "example.amazonaws.com"}, named)
    for principal in others:
        changed["Resources"]["Policy"] = {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"PolicyDocument": {"Statement": [{**statement, "Principal": principal}]}},
        }
        assert proof_of(changed).exit_status == 1, principal


def test_key_policy_that_hands_over_to_iam_is_no_grant() -> None:
    changed = template()
    statement = {
        "Effect": "Allow",
        "Action": "kms:*",
        "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
        "Resource": "*",
    }
    changed["Resources"]["Key"] = {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeyPolicy": {"Statement": [statement]}},
        "Metadata": {"tenantry:stores": [{"holds": "the key", "by": "shared"}]},
    }
    assert proof_of(changed).exit_status == 0

    statement["Principal"] = {"AWS": "*"}
    assert proof_of(changed).exit_status == 1


def test_policy_of_an_unknown_resource_is_not_judged() -> None:
    changed = template()
    changed["Resources"]["Api"] = {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {
            "Policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}]}
        },
    }
    assert proof_of(changed).exit_status == 2


def test_permissions_boundary_counts_as_a_limit() -> None:
    every = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [TABLE]}
    changed = of_role(lambda statements: statements.append(every), _FUNCTION)
    limit = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    changed["Resources"]["Boundary"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Statement": [limit]}},
    }
    changed["Resources"][_FUNCTION]["Properties"]["PermissionsBoundary"] = {"Ref": "Boundary"}
    assert proof_of(changed).exit_status == 0

    limit["Action"] = "dynamodb:*"
    assert proof_of(changed).exit_status == 1


@pytest.mark.parametrize(
    ("permission", "status"),
    [
        ({"Principal": "apigateway.amazonaws.com", "SourceArn": "arn:aws:execute-api:us-east-1:111122223333:api/*"}, 0),
        ({"Principal": "apigateway.amazonaws.com"}, 1),
        ({"Principal": "*"}, 1),
        ({"Principal": "999988887777", "SourceAccount": "999988887777"}, 1),
    ],
)
def test_who_invokes_a_function_that_vends_is_part_of_the_proof(permission: dict[str, str], status: int) -> None:
    changed = template()
    changed["Resources"]["Permission"] = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
            **permission,
        },
    }
    assert proof_of(changed).exit_status == status


def test_exported_names_are_followed_to_other_stacks() -> None:
    other = template()
    other["Outputs"] = {"Arn": {"Value": TABLE, "Export": {"Name": "shop:Orders"}}}
    grant = {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": {"Fn::ImportValue": "shop:Orders"}}
    user = {"Type": "AWS::IAM::User", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [grant]}}]}}

    proof = proof_of(other, {"Resources": {"User": user}})

    (found,) = proof.of(Result.COUNTEREXAMPLE)
    assert found.principal == "shop1/User (principal)"
