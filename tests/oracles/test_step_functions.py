"""botocore's models of AWS's services: every task of a state machine calls an action that exists, as it is called.

Step Functions takes the name of a parameter with a capital, whatever the service's own API has, and names an error after
its class in AWS's SDK for Java. It checks neither before a task runs.
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, OperationNotFoundError, ServiceModel, Shape, StringShape, StructureShape

from tests.oracles.templates import ENVIRONMENTS, resources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class _Service(NamedTuple):
    """A service: botocore's name, and that of its errors with each kind of integration."""

    model: str
    sdk: str
    optimized: str = ""
    json: tuple[str, ...] = ()
    """The parameters that an optimized integration takes as JSON, and the service as text."""


_SERVICES: Final = {
    "cognitoidentityprovider": _Service("cognito-idp", "CognitoIdentityProvider"),
    "dynamodb": _Service("dynamodb", "DynamoDb", "DynamoDB"),
    "events": _Service("events", "EventBridge", "EventBridge", ("Detail",)),
    "lambda": _Service("lambda", "Lambda", "Lambda", ("Payload",)),
    "sns": _Service("sns", "Sns", "SNS", ("Message",)),
    "sqs": _Service("sqs", "Sqs", "SQS", ("MessageBody",)),
}
_RESOURCE: Final = re.compile(r"arn:aws:states:::(aws-sdk:)?(\w+):([a-z]\w*)(\.sync(:2)?|\.waitForTaskToken)?")
_UNION: Final = "AttributeValue"  # DynamoDB's, whose model does not say so
_EXPRESSION: Final = re.compile(r"\{%.*%\}", re.DOTALL)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (str,),
}


def _tasks(value: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Return every task in a definition, those in branches and loops as well."""
    if isinstance(value, dict):
        if value.get("Type") == "Task":
            yield name, value
        for key, part in value.items():
            yield from _tasks(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from _tasks(part, name)


def _faults(task: dict[str, Any]) -> list[str]:
    """Return what is wrong with a task."""
    called = _RESOURCE.fullmatch(task["Resource"])
    if not called:
        return [f"{task['Resource']} is no service integration"]
    sdk, service, action, *_ = called.groups()
    if service not in _SERVICES:
        return [f"{service} is no service, or is not in _SERVICES yet"]
    known = _SERVICES[service]
    try:
        operation = _model(known.model).operation_model(action[0].upper() + action[1:])
    except OperationNotFoundError:
        return [f"{service} has no action {action}"]
    shape = operation.input_shape
    faults = list(_wrong(task.get("Arguments", {}), shape, "", () if sdk else known.json)) if shape else []
    return faults + list(_unknown_errors(task, known, operation.service_model, sdk=bool(sdk)))


def _wrong(value: Any, shape: Shape, path: str, as_json: Collection[str]) -> Iterator[str]:  # noqa: ANN401, C901 - JSON
    """Return where a value is not of a shape; what JSONata makes may be anything."""
    if isinstance(value, str) and _EXPRESSION.fullmatch(value):
        return
    if path.rpartition(".")[2] in as_json:
        return
    allowed = _TYPES.get(shape.type_name)
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)):
        yield f"{path or 'the arguments'}: {value!r} is no {shape.type_name}"
        return
    match shape:
        case StructureShape():
            yield from _wrong_members(value, shape, path, as_json)
        case ListShape():
            for number, part in enumerate(value):
                yield from _wrong(part, shape.member, f"{path}[{number}]", as_json)
        case MapShape():
            for name, part in value.items():
                yield from _wrong(part, shape.value, f"{path}.{name}", as_json)
        case StringShape() if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    size = len(value) if isinstance(value, str | list | dict) else value
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{path}: {value!r} is not within {least} and {most}"


def _wrong_members(value: dict[str, Any], shape: StructureShape, path: str, as_json: Collection[str]) -> Iterator[str]:
    members = {name[0].upper() + name[1:]: member for name, member in shape.members.items()}
    required = {name[0].upper() + name[1:] for name in shape.required_members}
    for name in sorted(required - value.keys()):
        yield f"{path}.{name} is missing"
    if (shape.is_tagged_union or shape.name == _UNION) and len(value) != 1:
        yield f"{path} takes one of {', '.join(members)}"
    for name, part in value.items():
        if name in members:
            yield from _wrong(part, members[name], f"{path}.{name}", as_json)
        else:
            yield f"{path}.{name} is unknown; there are {', '.join(sorted(members))}"


def _unknown_errors(task: dict[str, Any], known: _Service, model: ServiceModel, *, sdk: bool) -> Iterator[str]:
    """Return the errors that are caught or retried and that the task cannot end in."""
    prefix = known.sdk if sdk else known.optimized
    errors = {shape.name for shape in model.error_shapes}
    for handler in [*task.get("Retry", []), *task.get("Catch", [])]:
        for error in handler["ErrorEquals"]:
            if error.startswith("States."):
                continue
            service, _, name = error.rpartition(".")
            generic = name in {f"{known.sdk}Exception", "SdkClientException"}
            if service != prefix or not (name in errors or generic):
                yield f"{error} is no error of {prefix}"


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_task_matches_its_services_api(environment: str) -> None:
    tasks = [
        (f"{machine}: {name}", task)
        for machine, properties in resources(environment, "AWS::StepFunctions::StateMachine")
        for name, task in _tasks(json.loads(properties["DefinitionString"])["States"], machine)
    ]

    assert len(tasks) > 20
    assert [f"{name}: {fault}" for name, task in tasks for fault in _faults(task)] == []


_SDK: Final = "arn:aws:states:::aws-sdk:"
_PUT: Final = {"TableName": "table", "Item": {"id": {"S": "{% $id %}"}}}


@pytest.mark.parametrize(
    ("task", "fault"),
    [
        ({"Resource": f"{_SDK}dynamodb:putItems", "Arguments": _PUT}, "no action putItems"),
        ({"Resource": f"{_SDK}dynamodb:PutItem", "Arguments": _PUT}, "no service integration"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {"TableName": "table"}}, ".Item is missing"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {**_PUT, "tableName": "t"}}, ".tableName is unknown"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {**_PUT, "Item": {"id": "1"}}}, "is no structure"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {**_PUT, "Item": {"id": {"N": 1}}}}, "is no string"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {**_PUT, "Item": {"id": {}}}}, "takes one of"),
        ({"Resource": f"{_SDK}dynamodb:putItem", "Arguments": {**_PUT, "ReturnValues": "EVERY"}}, "is none of"),
        ({"Resource": f"{_SDK}sqs:sendMessage", "Arguments": {"QueueUrl": "u", "MessageBody": {}}}, "is no string"),
        (
            {
                "Resource": f"{_SDK}dynamodb:putItem",
                "Arguments": _PUT,
                "Catch": [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"]}],
            },
            "is no error of DynamoDb",
        ),
    ],
)
def test_planted_error_is_found(task: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in _faults(task))
