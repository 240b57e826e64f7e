"""Security rules for every template in every environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.statements import listed
from tests.synthesized import ENVIRONMENTS, STACKS, STATEFUL_TYPES, Template, assembly

if TYPE_CHECKING:
    from collections.abc import Iterator

# Every action that may stand beside a resource of "*", or one that a wildcard ends, and why there is no narrower one.
# With a stack before it, in that stack only.
_WILDCARDS: Final = {
    "xray:PutTraceSegments": "X-Ray knows no resources",
    "xray:PutTelemetryRecords": "X-Ray knows no resources",
    "xray:GetSamplingRules": "X-Ray knows no resources",
    "xray:GetSamplingTargets": "X-Ray knows no resources",
    "logs:CreateLogDelivery": "log delivery of Step Functions knows no resources",
    "logs:GetLogDelivery": "log delivery of Step Functions knows no resources",
    "logs:UpdateLogDelivery": "log delivery of Step Functions knows no resources",
    "logs:DeleteLogDelivery": "log delivery of Step Functions knows no resources",
    "logs:ListLogDeliveries": "log delivery of Step Functions knows no resources",
    "logs:PutResourcePolicy": "log delivery of Step Functions knows no resources",
    "logs:DescribeResourcePolicies": "log delivery of Step Functions knows no resources",
    "logs:DescribeLogGroups": "log delivery of Step Functions knows no resources",
    "execute-api:Invoke": "the admin API's one route answers for any user",
    "sns:CreateTopic": "topics are made on demand, one a tenant, park and event, all under the application's prefix",
    "sns:GetSubscriptionAttributes": "SNS knows no resource for it; the ARN is from the tenant's row",
    "sns:Publish": "topics are made on demand, one a tenant, park and event, all under the application's prefix",
    "sns:Subscribe": "topics are made on demand, one a tenant, park and event, all under the application's prefix",
    "sns:Unsubscribe": "SNS knows no resource for it; the ARN is from the tenant's row, or of the tenant's topic",
    "s3:CreateAccessPoint": "the provisioner makes the access point of whichever tenant comes",
    "s3:CreateBucket": "the provisioner makes the bucket of whichever tenant comes",
    "s3:GetBucketPolicy": "the provisioner sees whether a tenant's bucket is finished",
    "s3:PutAccessPointPolicy": "the provisioner makes the access point of whichever tenant comes",
    "s3:PutBucketOwnershipControls": "the provisioner makes the bucket of whichever tenant comes",
    "s3:PutBucketPolicy": "the provisioner makes the bucket of whichever tenant comes",
    "s3:PutBucketPublicAccessBlock": "the provisioner makes the bucket of whichever tenant comes",
    "s3:PutEncryptionConfiguration": "the provisioner makes the bucket of whichever tenant comes",
    "s3:PutLifecycleConfiguration": "the provisioner makes the bucket of whichever tenant comes",
    "s3:GetAccessPoint": "IAM knows no resource for it; it tells which bucket an access point leads to",
    "s3:PutBucketTagging": "the provisioner makes the bucket of whichever tenant comes",
    "s3:PutBucketVersioning": "the provisioner makes the bucket of whichever tenant comes",
    **dict.fromkeys(
        (
            "ingestion: s3:AbortMultipartUpload",
            "ingestion: s3:DeleteObject",
            "ingestion: s3:GetObject",
            "ingestion: s3:ListMultipartUploadParts",
            "ingestion: s3:PutObject",
        ),
        "the streaming application writes files of every tenant, whose names nobody knows before",
    ),
    "dashboard: s3:GetObject": "the publisher reads what it has put into the page's own bucket",
    "dashboard: s3:PutObject": "the publisher puts the page's files, whatever they are called, into its bucket",
    "dashboard: s3:DeleteObject": "the publisher takes away the page's old files",
}
_STATEFUL: Final = {*STATEFUL_TYPES, "AWS::Logs::LogGroup", "AWS::SQS::Queue"}
_PROTECTED: Final = {
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::Cognito::UserPool": "DeletionProtection",
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cdk_nag_finds_nothing(environment: str) -> None:
    assert assembly(environment).findings == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_suppression_covers_a_whole_stack(environment: str) -> None:
    assert [path for path in assembly(environment).acknowledged if "/" not in path] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_wildcard_resource_has_a_reason(environment: str) -> None:
    unexplained = {
        (stack, name, action)
        for stack, name, statement in _statements(environment)
        if statement["Effect"] == "Allow"
        if any(_is_wildcard(resource) for resource in listed(statement.get("Resource", [])))
        for action in listed(statement["Action"])
        if not {action, f"{stack}: {action}"} & _WILDCARDS.keys()
        and not _belongs_to_its_resource(stack, name, environment)
    }

    assert unexplained == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_statement_allows_every_action_of_a_service(environment: str) -> None:
    broad = {
        (stack, name, action)
        for stack, name, statement in _statements(environment)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if action.endswith(":*") and not _belongs_to_its_resource(stack, name, environment)
    }

    assert broad == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_publishers_are_limited_to_their_own_source(environment: str) -> None:
    statements = [
        statement for _, _, statement in _statements(environment) if "events:PutEvents" in listed(statement["Action"])
    ]

    assert len(statements) == 11
    for statement in statements:
        condition = statement["Condition"]
        assert condition["Null"] == {"events:source": "false", "events:detail-type": "false"}
        assert len(condition["ForAllValues:StringEquals"]["events:source"]) == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_method_is_authorized(environment: str) -> None:
    open_methods = [
        method
        for method in _resources(environment, "AWS::ApiGateway::Method")
        if method["AuthorizationType"] == "NONE" and method["HttpMethod"] != "OPTIONS"
    ]

    # GET /token of the hands-on, where its published secret makes anybody any tenant anyway.
    assert len(open_methods) == (1 if environment in {"local", "dev"} else 0)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_policies_are_kept_for_three_seconds_and_not_where_the_active_tenant_decides(environment: str) -> None:
    kept = {
        stack: resource["Properties"]["AuthorizerResultTtlInSeconds"]
        for stack, template in assembly(environment).templates.items()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApiGateway::Authorizer"
    }

    assert kept == {"tenant": 3, "employees": 3, "storage": 3, "membership": 0, "parks": 0}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_tenants_have_execution_environments_of_their_own_in_staging_and_prod(environment: str) -> None:
    functions = list(_resources(environment, "AWS::Lambda::Function"))
    isolated = {_package(each) for each in functions if "TenancyConfig" in each}
    vending = {
        _package(each) for each in functions if "TOKEN_VENDOR" in each.get("Environment", {}).get("Variables", {})
    }
    # Queues and workflows invoke these, and name no tenant.
    shared = {"park_statuses", "webhook_pauses", "webhook_publication"}

    assert vending > shared
    assert isolated == ((vending - shared) | {"tenant_usage"} if environment in {"staging", "prod"} else set())
    for function in functions:
        assert function.get("TenancyConfig") in (None, {"TenantIsolationMode": "PER_TENANT"})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_records_need_the_tenants_api_key_in_staging_and_prod(environment: str) -> None:
    resources = assembly(environment).templates["ingestion"]["Resources"].values()
    methods = [each["Properties"] for each in resources if each["Type"] == "AWS::ApiGateway::Method"]
    sending = [method for method in methods if method["HttpMethod"] != "OPTIONS"]

    assert len(sending) == 2
    for method in sending:
        assert bool(method.get("ApiKeyRequired")) is (environment in {"staging", "prod"})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_published_secret_is_in_local_and_dev_only(environment: str) -> None:
    secrets = list(_resources(environment, "AWS::SecretsManager::Secret"))

    assert len(secrets) == 1
    assert ("SecretString" in secrets[0]) == (environment in {"local", "dev"})
    assert ("GenerateSecretString" in secrets[0]) == (environment not in {"local", "dev"})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_functions_have_no_grant_on_tenant_data(environment: str) -> None:
    functions = {
        name: statement
        for stack, name, statement in _statements(environment)
        if stack in {"storage", "employees"} and "TenantRole" not in name and "Provisioner" not in name
        if "AuthorizerFunction" not in name  # it reads the directory, see below
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if action.startswith(("s3:", "dynamodb:"))
    }

    assert functions == {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_authorizers_read_single_directory_items_only(environment: str) -> None:
    granted = [
        (action, str(statement["Resource"]))
        for _, name, statement in _statements(environment)
        if "AuthorizerFunction" in name and "Resource" in statement
        for action in listed(statement["Action"])
        if action.startswith(("s3:", "dynamodb:", "sts:"))
    ]

    assert {action for action, _ in granted} == {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
    assert len(granted) == 5 * 2  # of users and tenants in one statement, and of memberships
    for action, resource in granted:
        assert "*" not in resource
        assert ("enantUsers" in resource or "tenant-users" in resource) == (action == "dynamodb:GetItem")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_target_of_a_rule_has_retries_and_a_dead_letter_queue(environment: str) -> None:
    targets = [target for rule in _resources(environment, "AWS::Events::Rule") for target in rule.get("Targets", [])]

    assert len(targets) == 10
    for target in targets:
        assert target["DeadLetterConfig"]["Arn"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_dead_letter_queue_is_watched(environment: str) -> None:
    for stack in STACKS:
        resources = assembly(environment).templates[stack]["Resources"]
        queues = {name for name, resource in resources.items() if resource["Type"] == "AWS::SQS::Queue"}
        watched = {
            dimension["Value"]["Fn::GetAtt"][0]
            for alarm in resources.values()
            if alarm["Type"] == "AWS::CloudWatch::Alarm" and alarm["Properties"].get("AlarmActions")
            for dimension in alarm["Properties"].get("Dimensions", [])  # an alarm on an expression has none
            if dimension["Name"] == "QueueName"
        }
        assert watched == queues


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_stateful_resources_are_retained(environment: str) -> None:
    for template in assembly(environment).templates.values():
        for name, resource in template["Resources"].items():
            if resource["Type"] in _STATEFUL:
                # But for the creation that made it, which leaves nothing in the way of the next one.
                assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
                assert resource["UpdateReplacePolicy"] == "Retain", name
            if resource["Type"] in _PROTECTED:
                assert resource["Properties"][_PROTECTED[resource["Type"]]] in {True, "ACTIVE"}, name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_functions_are_built_for_their_target(environment: str) -> None:
    for function in _resources(environment, "AWS::Lambda::Function"):
        if function.get("Handler") != "__entrypoint__.handler":
            assert function["Architectures"] == ["arm64"]
            assert function["Runtime"] == "python3.13"


def _package(function: Template) -> str:
    package: str = function["Handler"].partition(".")[0]
    return package


def _resources(environment: str, kind: str) -> Iterator[Template]:
    for template in assembly(environment).templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == kind:
                yield resource["Properties"]


def _statements(environment: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack, template in assembly(environment).templates.items():
        for name, resource in template["Resources"].items():
            for document in _policy_documents(resource.get("Properties", {})):
                for statement in listed(document["Statement"]):
                    yield stack, name, statement


def _policy_documents(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        if "Statement" in value and "Version" in value:
            yield value
        for part in value.values():
            yield from _policy_documents(part)
    elif isinstance(value, list):
        for part in value:
            yield from _policy_documents(part)


def _belongs_to_its_resource(stack: str, name: str, environment: str) -> bool:
    """Whether a policy is a key's, queue's or topic's own: there "*" is that one resource, and a root grant is due."""
    kind = assembly(environment).templates[stack]["Resources"][name]["Type"]
    return kind in {"AWS::KMS::Key", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"}


def _is_wildcard(resource: Any) -> bool:  # noqa: ANN401 - a string or an intrinsic function
    parts = resource.get("Fn::Join", ["", []])[1] if isinstance(resource, dict) else [resource]
    text = "".join(part for part in parts if isinstance(part, str))
    # What the session's tag has narrowed to one tenant is that tenant's own.
    return "*" in text and "${aws:PrincipalTag/Tenant" not in text
