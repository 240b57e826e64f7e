"""A state machine calls other services with its execution role.

AWS: each task assumes the state machine's role. A call that the role does not allow fails the task, with an error that
`Retry` and `Catch` see. The optimized integrations turn objects into the text that an API wants; `events:putEvents`
adds the execution to each event's resources and fails when one of the events does.
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html

MiniStack: calls its own functions without evaluating policies, and supports a few services only.

Here: tasks are signed requests, made with a session of the role.
"""

import json
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import botocore
import botocore.exceptions
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from ministack.services import stepfunctions

from tenantry.local.patching import Fields, Original, holding, replace, require, service_calls, wrap

#: Role, state machine and execution of the task that runs.
_running: ContextVar[tuple[str, str, str]] = ContextVar("running")

# boto3's names of services whose name in a resource ARN is another one.
_CLIENTS = {
    "cloudwatchlogs": "logs",
    "cognitoidentity": "cognito-identity",
    "cognitoidentityprovider": "cognito-idp",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
# How the errors of SDK integrations start where MiniStack does not know it: with the name of the Java SDK's client.
_SDK_PREFIXES = {"cognitoidentityprovider": "CognitoIdentityProvider"}
# How the errors of an optimized integration start; those of the SDK ones start in MiniStack's way.
_OPTIMIZED = {"dynamodb": "DynamoDB", "events": "EventBridge", "sns": "SNS", "sqs": "SQS"}


def close() -> None:
    """Close the gap."""
    require(stepfunctions, "_ExecutionError", "_executions", "_state_machines", "_prefix_sdk_error")
    wrap(stepfunctions, "_run_execution", _with_role)
    replace(stepfunctions, "_call_lambda", _invoke_function)
    replace(stepfunctions, "_invoke_aws_sdk_integration", _call_sdk)
    for prefix in stepfunctions._SERVICE_DISPATCH:
        if prefix.split(":")[5] in _OPTIMIZED:
            stepfunctions._SERVICE_DISPATCH[prefix] = _call_optimized
    replace(stepfunctions, "_invoke_nested_start_execution", _start_execution)


def _with_role(run: Original, execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn) or {}
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", "")) or {}
    with holding(_running, (machine.get("roleArn", ""), execution.get("stateMachineArn", ""), execution_arn)):
        run(execution_arn)


def _client(service: str) -> Any:
    role, machine, _ = _running.get()
    try:
        session = service_calls.role_session(
            role, service="states.amazonaws.com", session_name=machine.rsplit(":", 1)[-1], source_arn=machine
        )
    except service_calls.RefusedError as refused:
        raise stepfunctions._ExecutionError("States.TaskFailed", str(refused)) from refused
    return service_calls.client(service, session)


def _call(service: str, action: str, parameters: Fields, error_name: Callable[[str], str]) -> Any:
    client = _client(service)
    operation = next(
        (name for name in client.meta.service_model.operation_names if name.lower() == action.lower()), None
    )
    if operation is None:
        raise stepfunctions._ExecutionError("States.Runtime", f"{service} has no action {action}")
    model: OperationModel = client.meta.service_model.operation_model(operation)
    arguments = _request(parameters or {}, model.input_shape) if model.input_shape else {}
    try:
        response = getattr(client, botocore.xform_name(operation))(**arguments)
    except botocore.exceptions.ClientError as error:
        details, status = error.response["Error"], error.response["ResponseMetadata"].get("HTTPStatusCode")
        code = details.get("Code", "Unknown").rsplit(".", 1)[-1]
        code = code if code.endswith("Exception") else f"{code}Exception"
        cause = f"{details.get('Message', '')} (Service: {service}, Status Code: {status})"
        raise stepfunctions._ExecutionError(error_name(code), cause) from None
    except botocore.exceptions.ParamValidationError as error:
        raise stepfunctions._ExecutionError("States.Runtime", str(error)) from None
    response.pop("ResponseMetadata", None)
    return _reply(response, model.output_shape)


def _call_optimized(resource: str, parameters: Fields) -> Any:
    service, action = resource.removesuffix(".waitForTaskToken").split(":")[5:7]
    if service == "events":
        return _put_events(parameters)
    return _call(service, action, parameters, lambda code: f"{_OPTIMIZED[service]}.{code}")


def _put_events(parameters: Fields) -> Any:
    _, machine, execution = _running.get()
    entries = [
        {**entry, "Resources": [*entry.get("Resources", []), machine, execution]} for entry in parameters["Entries"]
    ]
    reply = _call("events", "PutEvents", {**parameters, "Entries": entries}, lambda code: f"EventBridge.{code}")
    if reply["FailedEntryCount"]:
        raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(reply))
    return reply


def _call_sdk(resource: str, parameters: Fields) -> Any:
    service, action = resource.removesuffix(".waitForTaskToken").split(":")[6:8]
    name = service.lower()
    return _call(_CLIENTS.get(name, name), action, parameters, lambda code: _sdk_error(name, code))


def _sdk_error(service: str, code: str) -> str:
    if service in _SDK_PREFIXES:
        return f"{_SDK_PREFIXES[service]}.{code}"
    return str(stepfunctions._prefix_sdk_error(service, code))


def _start_execution(_: str, parameters: Fields) -> Any:
    return _call("stepfunctions", "StartExecution", parameters, lambda code: f"StepFunctions.{code}")


def _invoke_function(function: str, event: Any) -> Any:
    try:
        reply = _client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"].get("Code", "")
        name = "ResourceNotFoundException" if code == "ResourceNotFoundException" else "AWSLambdaException"
        raise stepfunctions._ExecutionError(f"Lambda.{name}", str(error)) from None
    text = reply["Payload"].read().decode()
    payload = json.loads(text) if text else None
    if reply.get("FunctionError"):
        kind = payload.get("errorType") if isinstance(payload, dict) else None
        raise stepfunctions._ExecutionError(kind or "Lambda.Unknown", text)
    return payload


def _request(value: Any, shape: Shape | None) -> Any:
    """Return a task's parameters as the API wants them: members in its case, objects as text where it wants text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members: dict[str, str] = {name.lower(): name for name in shape.members}
        named = {members.get(str(name).lower(), str(name)): item for name, item in value.items()}
        return {name: _request(item, shape.members.get(name)) for name, item in named.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_request(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _request(item, shape.value) for name, item in value.items()}
    return _scalar(value, shape.type_name if shape else "")


def _scalar(value: Any, kind: str) -> Any:
    if kind in ("string", "blob") and isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return value


def _reply(value: Any, shape: Shape | None) -> Any:
    """Return an API's answer as Step Functions does: members start with a capital, times and bytes are text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _reply(item, shape.members.get(name)) for name, item in value.items()}
    if isinstance(value, dict):
        return {name: _reply(item, getattr(shape, "value", None)) for name, item in value.items()}
    if isinstance(value, list):
        return [_reply(item, getattr(shape, "member", None)) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    return value.decode(errors="replace") if isinstance(value, bytes) else value
