"""Probes of `stepfunctions.logs`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.local.probes.stepfunctions.start import PASS_DEFINITION


@probe(aws=[True, False], ministack=[False, False])
def the_log_of_an_execution(emulator: Emulator) -> list[bool]:
    group = emulator.name("/aws/vendedlogs/states/group")
    emulator.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    settings = {
        "level": "ALL",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machine = emulator.machine(PASS_DEFINITION, loggingConfiguration=settings)
    emulator.client("stepfunctions").start_sync_execution(stateMachineArn=machine, input='{"secret": 1}')
    events = emulator.client("logs").filter_log_events(logGroupName=group)["events"]
    return [
        any("ExecutionSucceeded" in event["message"] for event in events),
        any("secret" in event["message"] for event in events),
    ]
