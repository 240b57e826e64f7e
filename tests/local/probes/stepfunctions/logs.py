"""Probes of `stepfunctions.logs`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import Ground
from tests.local.probes import probe
from tests.local.probes.stepfunctions.start import PASS_DEFINITION


@probe(aws=[True, False], ministack=[False, False])
def the_log_of_an_execution(ground: Ground) -> list[bool]:
    group = ground.name("/aws/vendedlogs/states/group")
    ground.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    settings = {
        "level": "ALL",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    machine = ground.machine(PASS_DEFINITION, loggingConfiguration=settings)
    ground.client("stepfunctions").start_sync_execution(stateMachineArn=machine, input='{"secret": 1}')
    events = ground.client("logs").filter_log_events(logGroupName=group)["events"]
    return [
        any("ExecutionSucceeded" in event["message"] for event in events),
        any("secret" in event["message"] for event in events),
    ]
