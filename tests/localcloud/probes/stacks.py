"""CloudFormation."""

import json

from botocore.exceptions import ClientError

from localcloud.settings import ACCOUNT, REGION
from tests.localcloud.ground import Ground, allow, outcome, policy
from tests.localcloud.probes import probe


@probe("cfn_events_archive", aws=7, ministack=None)
def an_archive(ground: Ground) -> int | None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    properties = {"SourceArn": bus, "RetentionDays": 7, "EventPattern": {"account": [ACCOUNT]}}
    made = ground.stack(Archive={"Type": "AWS::Events::Archive", "Properties": properties})
    if not made:
        return None
    return int(ground.client("events").describe_archive(ArchiveName=made["Archive"])["RetentionDays"])


@probe("cfn_event_schemas", aws=True, ministack=False)
def a_schema(ground: Ground) -> bool:
    registry = {"Type": "AWS::EventSchemas::Registry", "Properties": {"RegistryName": ground.name("registry")}}
    schema = {
        "Type": "AWS::EventSchemas::Schema",
        "Properties": {
            "RegistryName": {"Fn::GetAtt": "Registry.RegistryName"},
            "Type": "JSONSchemaDraft4",
            "Content": "{}",
        },
    }
    return bool(ground.stack(Registry=registry, Schema=schema))


@probe("cfn_dynamodb_settings", aws=["ENABLED", "ENABLED"], ministack=["DISABLED", "DISABLED"])
def time_to_live_and_recovery_of_a_table(ground: Ground) -> list[str]:
    properties = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    name = ground.stack(Table={"Type": "AWS::DynamoDB::Table", "Properties": properties})["Table"]
    dynamodb = ground.client("dynamodb")
    recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return [
        dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"],
        recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    ]


@probe("cfn_request_validators", aws=[True, True], ministack=[False, False])
def a_method_with_a_request_validator(ground: Ground) -> list[bool]:
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": ground.name("api")}}
    validator = {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "body", "ValidateRequestBody": True},
    }
    method = {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": {"Fn::GetAtt": "Api.RootResourceId"},
            "HttpMethod": "PUT",
            "AuthorizationType": "NONE",
            "RequestValidatorId": {"Ref": "Validator"},
            "Integration": {"Type": "MOCK"},
        },
    }
    made, gateway = ground.stack(Api=api, Validator=validator, Method=method), ground.client("apigateway")
    root = gateway.get_resources(restApiId=made["Api"])["items"][0]["id"]
    validators = gateway.get_request_validators(restApiId=made["Api"])["items"]
    described = gateway.get_method(restApiId=made["Api"], resourceId=root, httpMethod="PUT")
    return [bool(validators), described.get("requestValidatorId") == made["Validator"]]


@probe("cfn_secret_ref", aws="arn", ministack="name")
def what_a_reference_to_a_secret_is(ground: Ground) -> str:
    made = ground.stack(Secret={"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "hush"}})
    return "arn" if made["Secret"].startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:") else "name"


@probe("cfn_role_boundary", aws=["AccessDenied", "done"], ministack=["done", "done"])
def what_a_role_may_do_beyond_its_boundary(ground: Ground) -> list[str]:
    """Call once with the boundary that a stack has given, and once without it."""
    bucket, name = ground.bucket(), ground.name("role")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    boundary = json.loads(policy(allow("s3:ListBucket")))
    may = {"PolicyName": "may", "PolicyDocument": json.loads(policy(allow("s3:PutObject")))}
    ground.stack(
        Boundary={"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": boundary}},
        Role={
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": name,
                "AssumeRolePolicyDocument": document,
                "PermissionsBoundary": {"Ref": "Boundary"},
                "Policies": [may],
            },
        },
    )
    user = ground.user(allow("sts:AssumeRole"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    key = user.client("sts").assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
    keys = {part: key[part] for part in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    s3 = ground.cloud.session(keys).client("s3")

    def put() -> object:
        return s3.put_object(Bucket=bucket, Key="key", Body=b"x")

    found = [outcome(put)]
    outcome(lambda: ground.client("iam").delete_role_permissions_boundary(RoleName=name))
    return [*found, outcome(put)]


@probe("cfn_metric_math_alarms", aws=True, ministack=False)
def an_alarm_on_an_expression(ground: Ground) -> bool:
    counter = {"MetricStat": {"Metric": {"Namespace": "Any", "MetricName": "any"}, "Period": 60, "Stat": "Maximum"}}
    properties = {
        "Metrics": [
            {"Id": "rate", "Expression": "RATE(counter)", "ReturnData": True},
            {"Id": "counter", "ReturnData": False, **counter},
        ],
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 0,
    }
    return bool(ground.stack(Alarm={"Type": "AWS::CloudWatch::Alarm", "Properties": properties}))


@probe("cfn_stack_of_resource", aws=["stack", "none"], ministack=["none", "none"])
def which_stack_has_a_resource(ground: Ground) -> list[str]:
    made = ground.stack(Queue={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": ground.name("queue")}})

    def ask(physical_id: str) -> str:
        try:
            found = ground.client("cloudformation").describe_stack_resources(PhysicalResourceId=physical_id)
        except ClientError:
            return "none"
        return "stack" if found["StackResources"] else "none"

    return [ask(made["Queue"]), ask("nobodys")]
