"""Probes of `aws_lambda.settings`."""

from typing import Any

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe


@probe(aws=["InvalidParameterValueException"] * 4, ministack=["done"] * 4)
def invalid_settings(emulator: Emulator) -> list[str]:
    """Make and change a function with too many variables, make one with the runtime's own, one slower than its queue."""
    source, client = "def handler(event, context): pass", emulator.client("lambda")
    slow, (_, queue) = emulator.function(source, Timeout=31), emulator.queue()
    large = {"Variables": {"A": "x" * 4096}}
    return [
        outcome(lambda: emulator.function(source, Environment=large)),
        outcome(lambda: client.update_function_configuration(FunctionName=slow, Environment=large)),
        outcome(lambda: emulator.function(source, Environment={"Variables": {"AWS_REGION": "x"}})),
        outcome(lambda: client.create_event_source_mapping(FunctionName=slow, EventSourceArn=queue)),
    ]


@probe(aws=[True, False, False, False], ministack=[True] * 4)
def invalid_functions_of_a_template(emulator: Emulator) -> list[bool]:
    """Make one whose variables fit, with too many, with the runtime's own, and one slower than its queue."""
    role = emulator.role("lambda.amazonaws.com", allow("sqs:*"))

    def make(variables: dict[str, str], **more: Any) -> bool:  # noqa: ANN401
        properties = {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Environment": {"Variables": variables},
            "Timeout": 31,
        }
        return bool(emulator.stack(Function={"Type": "AWS::Lambda::Function", "Properties": properties}, **more))

    mapping = {"FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": "Queue.Arn"}}
    source = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}},
        "Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    return [make({"A": "x" * 4095}), make({"A": "x" * 4096}), make({"AWS_REGION": "x"}), make({}, **source)]
