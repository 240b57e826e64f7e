"""Probes of `cloudformation.stack_of_resource`."""

from botocore.exceptions import ClientError

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=["stack", "none"], ministack=["none", "none"])
def which_stack_has_a_resource(emulator: Emulator) -> list[str]:
    made = emulator.stack(Queue={"Type": "AWS::SQS::Queue", "Properties": {"QueueName": emulator.name("queue")}})

    def ask(physical_id: str) -> str:
        try:
            found = emulator.client("cloudformation").describe_stack_resources(PhysicalResourceId=physical_id)
        except ClientError:
            return "none"
        return "stack" if found["StackResources"] else "none"

    return [ask(made["Queue"]), ask("nobodys")]
