"""An emulator, and the resources that tests make in it."""

import io
import itertools
import json
import zipfile
from collections.abc import Callable
from typing import Any

import requests
from botocore.exceptions import ClientError

from tenantry.attacks.waiting import until
from tenantry.local.cloud import LocalCloud, Session
from tenantry.local.settings import ACCOUNT, REGION

Statement = dict[str, Any]


class Emulator:
    """An emulator, in which tests make resources with names that no other test uses."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self._clients: dict[str, Any] = {}
        self._numbers = itertools.count(1)

    def client(self, service: str) -> Any:  # noqa: ANN401
        """Return root's client of a service."""
        if service not in self._clients:
            self._clients[service] = self.cloud.session().client(service)
        return self._clients[service]

    def name(self, kind: str = "thing") -> str:
        """Return a name that is not in use."""
        return f"{kind}-{next(self._numbers)}"

    def user(self, *statements: Statement, tags: dict[str, str] | None = None) -> Session:
        """Return a session of a new user that may do what the statements say."""
        iam, name = self.client("iam"), self.name("user")
        iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()])
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.cloud.session({"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]})

    def role(self, service: str, *statements: Statement) -> str:
        """Return the ARN of a new role of a service, that may do what the statements say."""
        iam, name = self.client("iam"), self.name("role")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy(*statements))
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def function(self, source: str, *statements: Statement, **settings: Any) -> str:  # noqa: ANN401
        """Return the ARN of a new function, `handler` in the source, whose role may do what the statements say."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", source)
        made = self.client("lambda").create_function(
            FunctionName=self.name("function"),
            Runtime="python3.13",
            Handler="index.handler",
            Role=self.role("lambda.amazonaws.com", *statements),
            Code={"ZipFile": archive.getvalue()},
            **{"Timeout": 10, **settings},
        )
        return str(made["FunctionArn"])

    def permit(self, function: str, service: str) -> None:
        """Let a service invoke a function."""
        self.client("lambda").add_permission(
            FunctionName=function, StatementId=self.name("sid"), Action="lambda:InvokeFunction", Principal=service
        )

    def invoke(self, function: str, event: object = None) -> Any:  # noqa: ANN401
        """Return a function's answer."""
        reply = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return json.loads(reply["Payload"].read() or b"null")

    def queue(self, *, open_to: str = "") -> tuple[str, str]:
        """Return URL and ARN of a new queue, that a service may send to if it is named."""
        sqs, name = self.client("sqs"), self.name("queue")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        statement = {"Effect": "Allow", "Principal": {"Service": open_to}, "Action": "sqs:SendMessage", "Resource": arn}
        attributes = {"Policy": policy(statement)} if open_to else {}
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], arn

    def received(self, queue_url: str, seconds: int = 5) -> dict[str, Any] | None:
        """Return the next message of a queue, waiting for it."""
        found = self.client("sqs").receive_message(
            QueueUrl=queue_url, WaitTimeSeconds=seconds, MessageAttributeNames=["All"]
        )
        messages = found.get("Messages", [])
        return dict(messages[0]) if messages else None

    def table(self) -> str:
        """Return the name of a new table with the partition key `id`."""
        name = self.name("table")
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def bucket(self) -> str:
        """Return the name of a new bucket."""
        name = self.name("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def machine(self, definition: dict[str, Any], *statements: Statement, **settings: Any) -> str:  # noqa: ANN401
        """Return the ARN of a new Express state machine whose role may do what the statements say."""
        made = self.client("stepfunctions").create_state_machine(
            name=self.name("machine"),
            type="EXPRESS",
            definition=json.dumps(definition),
            roleArn=self.role("states.amazonaws.com", *statements),
            **settings,
        )
        return str(made["stateMachineArn"])

    def task(self, resource: str, parameters: dict[str, Any], *statements: Statement) -> dict[str, Any]:
        """Run a state machine of one task and return the finished execution."""
        state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
        arn = self.machine({"StartAt": "Do", "States": {"Do": state}}, *statements)
        return dict(self.client("stepfunctions").start_sync_execution(stateMachineArn=arn, input="{}"))

    def api(self, integration: dict[str, Any], **method: Any) -> str:  # noqa: ANN401
        """Return the URL of a new REST API with one resource, `/thing`, that answers GET, or what the method says.

        `responses` are the integration's; `models`, schemas by content type, are what bodies are held to.
        """
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=self.name("api"))["id"]
        if authorizer := method.pop("authorizer", None):
            made = gateway.create_authorizer(restApiId=api, name="authorizer", **authorizer)
            method["authorizerId"] = made["id"]
        if headers := method.pop("gateway_response", None):
            gateway.put_gateway_response(restApiId=api, responseType="DEFAULT_4XX", responseParameters=headers)
        responses = method.pop("responses", {"200": {"responseTemplates": {"application/json": "{}"}}})
        if models := method.pop("models", None):
            method |= self._held_to(api, models)
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        thing = gateway.create_resource(restApiId=api, parentId=root, pathPart="thing")["id"]
        at = {"restApiId": api, "resourceId": thing, "httpMethod": method.pop("httpMethod", "GET")}
        gateway.put_method(**at, **{"authorizationType": "NONE", **method})
        gateway.put_integration(**at, **integration)
        if integration["type"] in {"AWS", "MOCK"}:
            for status, response in responses.items():
                gateway.put_integration_response(**at, **{"statusCode": status, **response})
        gateway.create_deployment(restApiId=api, stageName="test")
        return f"{self.cloud.endpoint}/_aws/execute-api/{api}/test/thing"

    def get(self, url: str, **headers: str) -> requests.Response:
        """Return the answer to a GET."""
        return requests.get(url, headers=headers, verify=str(self.cloud.ca_bundle), timeout=30)

    def _held_to(self, api: str, models: dict[str, str]) -> dict[str, Any]:
        """Return what makes a method validate bodies."""
        gateway = self.client("apigateway")
        validator = gateway.create_request_validator(restApiId=api, name="validator", validateRequestBody=True)
        names: dict[str, str] = {}
        for content_type, schema in models.items():
            names[content_type] = f"Model{len(names)}"
            gateway.create_model(restApiId=api, name=names[content_type], contentType="application/json", schema=schema)
        return {"requestModels": names, "requestValidatorId": validator["id"]}

    def stack(self, **resources: Any) -> dict[str, str]:  # noqa: ANN401
        """Create a stack and return the physical ids of its resources; empty when that fails."""
        cloudformation, name = self.client("cloudformation"), self.name("stack")
        try:
            cloudformation.create_stack(
                StackName=name,
                TemplateBody=json.dumps({"Resources": resources}),
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        except ClientError:
            return {}
        status = until(lambda: self._finished(name), 10)
        if status != "CREATE_COMPLETE":
            return {}
        found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}

    def _finished(self, stack: str) -> str:
        status = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return "" if status.endswith("_IN_PROGRESS") else str(status)


#: An integration that answers every request with 200.
MOCK: dict[str, Any] = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


def proxy(function: str) -> dict[str, Any]:
    """Return the proxy integration of a function."""
    return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": invocation_uri(function)}


def invocation_uri(function: str) -> str:
    """Return the URI by which API Gateway invokes a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"


def policy(*statements: Statement) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", condition: Statement | None = None) -> Statement:
    """Return a statement that allows an action."""
    statement: Statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def outcome(call: Callable[[], object]) -> str:
    """Return `done`, or the code of the error."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"
