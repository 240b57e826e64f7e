"""CloudFormation."""

import json
from typing import Any

from botocore.exceptions import ClientError

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground, allow, eventually, outcome, policy
from tests.local.probes import probe


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


_TO_INFREQUENT: dict[str, Any] = {"StorageClass": "STANDARD_IA", "TransitionInDays": 30}
_TO_GLACIER: dict[str, Any] = {"StorageClass": "GLACIER", "TransitionInDays": 60}
_SENSIBLE: list[list[dict[str, Any]]] = [
    [{"Transitions": [_TO_INFREQUENT, _TO_GLACIER], "ExpirationInDays": 61}],
    [{"Id": "a", "ExpirationInDays": 1}, {"Id": "b", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}],
    [{"NoncurrentVersionTransitions": [_TO_INFREQUENT], "NoncurrentVersionExpiration": {"NoncurrentDays": 31}}],
]
_SENSELESS: list[list[dict[str, Any]]] = [
    [{"Transitions": [_TO_INFREQUENT], "ExpirationInDays": 30}],  # what is moved is gone
    [{"Transitions": [{**_TO_INFREQUENT, "TransitionInDays": 29}]}],
    [{"Transitions": [_TO_INFREQUENT, {**_TO_GLACIER, "TransitionInDays": 59}]}],
    [{"Transitions": [{**_TO_INFREQUENT, "TransitionInDays": 90}, _TO_GLACIER]}],  # back to the warmer class
    [{"Transitions": [_TO_GLACIER, {**_TO_GLACIER, "TransitionInDays": 90}]}],
    [{"Transitions": [_TO_GLACIER], "ExpirationDate": "2030-01-01T00:00:00Z"}],
    [{"Id": "a", "ExpirationInDays": 1}, {"Id": "a", "ExpirationInDays": 2}],
    [{"Id": "a" * 256, "ExpirationInDays": 1}],
    [{"Prefix": "nothing/"}],
    [{"ExpirationInDays": 0}],
    [{"NoncurrentVersionTransitions": [_TO_INFREQUENT], "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}],
    [{"ExpirationInDays": 1, "ExpiredObjectDeleteMarker": True}],
    [
        {
            "TagFilters": [{"Key": "a", "Value": "b"}],
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ],
]


@probe("s3_lifecycle", aws=[[True] * 3, [False] * 13], ministack=[[True] * 3, [True] * 13])
def lifecycle_rules_of_a_template(ground: Ground) -> list[list[bool]]:
    def is_made(rules: list[dict[str, Any]]) -> bool:
        configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": configuration}}
        return bool(ground.stack(Bucket=bucket))

    return [[is_made(rules) for rules in _SENSIBLE], [is_made(rules) for rules in _SENSELESS]]


@probe("s3_lifecycle", aws=30, ministack=None)
def what_a_template_says_of_expiry(ground: Ground) -> int | None:
    configuration = {"Rules": [{"Status": "Enabled", "ExpirationInDays": 30}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": configuration}}
    name = ground.stack(Bucket=bucket)["Bucket"]
    try:
        found = ground.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError:
        return None
    return int(found[0]["Expiration"]["Days"])


@probe(
    "s3_lifecycle",
    aws=["done", "InvalidArgument", "InvalidArgument", "InvalidRequest", "InvalidRequest", "MalformedXML"],
    ministack=["done"] * 6,
)
def lifecycle_rules_by_the_api(ground: Ground) -> list[str]:
    s3, bucket = ground.client("s3"), ground.bucket()
    infrequent = {"Days": 30, "StorageClass": "STANDARD_IA"}

    def put(*rules: dict[str, Any]) -> str:
        whole: list[Any] = [{"Status": "Enabled", "Filter": {"Prefix": ""}, **rule} for rule in rules]
        configuration: Any = {"Rules": whole}
        return outcome(
            lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration)
        )

    return [
        put({"Transitions": [infrequent], "Expiration": {"Days": 31}}),
        put({"Transitions": [infrequent], "Expiration": {"Days": 30}}),
        put({"ID": "a", "Expiration": {"Days": 1}}, {"ID": "a", "Expiration": {"Days": 2}}),
        put({"Transitions": [infrequent], "Expiration": {"Date": "2030-01-01T00:00:00Z"}}),
        put({}),
        put(*({"Expiration": {"Days": 1}} for _ in range(1001))),
    ]


@probe(
    "cfn_deletion",
    aws=[["DELETE_FAILED", True]] * 3 + [["DELETE_COMPLETE", False]],
    ministack=[["DELETE_COMPLETE", False]] * 4,
)
def stacks_whose_bucket_is_not_empty(ground: Ground) -> list[list[Any]]:
    """Delete a stack whose bucket holds an object, a deleted object's versions, an access point; and nothing."""
    return [_bucket_deleted(ground, kept) for kept in ("object", "versions", "access point", "")]


def _bucket_deleted(ground: Ground, kept: str) -> list[Any]:
    s3, bucket = ground.client("s3"), ground.name("kept")
    properties: dict[str, Any] = {"BucketName": bucket}
    if kept == "versions":
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    stack = _created(ground, {"Type": "AWS::S3::Bucket", "Properties": properties})
    if kept == "access point":
        point = {"Name": ground.name("point"), "Bucket": bucket}
        ground.stack(Point={"Type": "AWS::S3::AccessPoint", "Properties": point})
    elif kept:
        s3.put_object(Bucket=bucket, Key="key", Body=b"")
    if kept == "versions":
        s3.delete_object(Bucket=bucket, Key="key")
    return [_deleted(ground, stack), bucket in {found["Name"] for found in s3.list_buckets()["Buckets"]}]


@probe("cfn_deletion", aws=["DELETE_FAILED", "DELETE_FAILED"], ministack=["DELETE_COMPLETE", "DELETE_COMPLETE"])
def stacks_with_what_is_protected(ground: Ground) -> list[str]:
    protected: dict[str, Any] = {**_TABLE, "DeletionProtectionEnabled": True}
    resources = [
        {"Type": "AWS::DynamoDB::Table", "Properties": protected},
        {"Type": "AWS::Cognito::UserPool", "Properties": {"DeletionProtection": "ACTIVE"}},
    ]
    return [_deleted(ground, _created(ground, resource)) for resource in resources]


@probe("cfn_deletion", aws=["InvalidParameterException"] * 2, ministack=["done"] * 2)
def pools_that_are_in_use(ground: Ground) -> list[str]:
    """Delete a pool that is protected, and one that has a domain."""
    cognito = ground.client("cognito-idp")
    protected = cognito.create_user_pool(PoolName=ground.name("pool"), DeletionProtection="ACTIVE")["UserPool"]["Id"]
    named = cognito.create_user_pool(PoolName=ground.name("pool"))["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=named, Domain=ground.name("domain"))
    return [outcome(lambda pool=pool: cognito.delete_user_pool(UserPoolId=pool)) for pool in (protected, named)]  # type: ignore[misc]


_TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def _created(ground: Ground, resource: dict[str, Any]) -> str:
    cloudformation, name = ground.client("cloudformation"), ground.name("stack")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Thing": resource}}))
    eventually(lambda: _status(ground, name) == "CREATE_COMPLETE")
    return name


def _deleted(ground: Ground, stack: str) -> str:
    ground.client("cloudformation").delete_stack(StackName=stack)
    eventually(lambda: _status(ground, stack) in {"DELETE_COMPLETE", "DELETE_FAILED"})
    return _status(ground, stack)


def _status(ground: Ground, stack: str) -> str:
    summaries = ground.client("cloudformation").list_stacks()["StackSummaries"]
    return str(next(found["StackStatus"] for found in summaries if found["StackName"] == stack))


def _large_policy(characters: int) -> str:
    return policy(allow("s3:GetObject", f"arn:aws:s3:::{'b' * characters}/*"))


_TRUST = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@probe("iam_sizes", aws=["ValidationError"] + ["LimitExceeded"] * 4, ministack=["done"] * 5)
def roles_and_policies_that_are_too_large(ground: Ground) -> list[str]:
    """Make a role with a name and one with a trust policy too long; give one two policies too many; and a managed."""
    iam, role = ground.client("iam"), ground.role("lambda.amazonaws.com").rsplit("/", 1)[-1]
    trust = json.loads(_TRUST)
    trust["Statement"][0]["Sid"] = "s" * 2048

    def put(name: str, document: str) -> str:
        return outcome(lambda: iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document))

    assert put("first", _large_policy(6000)) == "done"
    return [
        outcome(lambda: iam.create_role(RoleName="r" * 65, AssumeRolePolicyDocument=_TRUST)),
        outcome(lambda: iam.create_role(RoleName=ground.name("role"), AssumeRolePolicyDocument=json.dumps(trust))),
        put("second", _large_policy(6000)),
        put("first", _large_policy(12_000)),
        outcome(lambda: iam.create_policy(PolicyName=ground.name("policy"), PolicyDocument=_large_policy(6200))),
    ]


@probe("iam_sizes", aws=[True] + [False] * 5, ministack=[True] * 5 + [False])
def roles_of_a_template_that_iam_does_not_take(ground: Ground) -> list[bool]:
    malformed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}

    def role(*documents: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        policies = [
            {"PolicyName": f"p{number}", "PolicyDocument": document} for number, document in enumerate(documents)
        ]
        properties = {"AssumeRolePolicyDocument": json.loads(_TRUST), "Policies": policies, **more}
        return {"Type": "AWS::IAM::Role", "Properties": properties}

    large = json.loads(_large_policy(6000))
    attached = {"PolicyName": "more", "PolicyDocument": large, "Roles": [{"Ref": "Role"}]}
    return [
        bool(ground.stack(Role=role(large))),
        bool(ground.stack(Role=role(large, large))),
        bool(ground.stack(Role=role(large), Policy={"Type": "AWS::IAM::Policy", "Properties": attached})),
        bool(ground.stack(Role=role(malformed))),
        bool(ground.stack(Role=role(RoleName="n" * 65))),
        bool(
            ground.stack(
                Role=role(),
                Policy={"Type": "AWS::IAM::Policy", "Properties": {**attached, "PolicyDocument": malformed}},
            )
        ),
    ]


@probe("s3_policies", aws=[True, False, False], ministack=[True, True, True])
def bucket_policies_of_a_template(ground: Ground) -> list[bool]:
    """Attach one that is of the bucket, one that is of another, and one without a principal."""
    reading = {"Effect": "Deny", "Action": "s3:GetObject", "Principal": "*"}

    def attach(resource: Any, **changes: Any) -> bool:  # noqa: ANN401
        statement = {**reading, "Resource": resource, **changes}
        document = {"Statement": [{name: value for name, value in statement.items() if value}]}
        properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}
        return bool(
            ground.stack(
                Bucket={"Type": "AWS::S3::Bucket"}, Policy={"Type": "AWS::S3::BucketPolicy", "Properties": properties}
            )
        )

    own = {"Fn::Sub": "${Bucket.Arn}/*"}
    return [attach(own), attach("arn:aws:s3:::another/*"), attach(own, Principal=None)]


@probe("lambda_settings", aws=[True, False, False, False], ministack=[True] * 4)
def functions_of_a_template_that_lambda_does_not_take(ground: Ground) -> list[bool]:
    """Make one whose variables fit, with too many, with the runtime's own, and one slower than its queue."""
    role = ground.role("lambda.amazonaws.com", allow("sqs:*"))

    def make(variables: dict[str, str], **more: Any) -> bool:  # noqa: ANN401
        properties = {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Environment": {"Variables": variables},
            "Timeout": 31,
        }
        return bool(ground.stack(Function={"Type": "AWS::Lambda::Function", "Properties": properties}, **more))

    mapping = {"FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": "Queue.Arn"}}
    source = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}},
        "Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    return [make({"A": "x" * 4095}), make({"A": "x" * 4096}), make({"AWS_REGION": "x"}), make({}, **source)]


_PASS: dict[str, Any] = {"Type": "Pass", "End": True}
_LOOSE: list[Any] = [
    {"StartAt": "B", "States": {"A": _PASS}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
    {"StartAt": "A", "States": {"A": {"Type": "Past", "End": True}}},
    {"StartAt": "A", "States": {"A": _PASS, "B": _PASS}},
    {"StartAt": "A", "States": {"A": {**_PASS, "Type": "Parallel", "Branches": [{"StartAt": "B", "States": {}}]}}},
    {"StartAt": "A", "States": {}},
]


@probe("stepfunctions_definitions", aws=[True] + [False] * 7, ministack=[True] * 8)
def definitions_of_a_template_that_do_not_hold_together(ground: Ground) -> list[bool]:
    role = ground.role("states.amazonaws.com")

    def is_made(definition: Any) -> bool:  # noqa: ANN401
        properties = {"RoleArn": role, "DefinitionString": json.dumps(definition)}
        return bool(ground.stack(Machine={"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}))

    return [is_made({"StartAt": "A", "States": {"A": _PASS}}), *map(is_made, _LOOSE)]
