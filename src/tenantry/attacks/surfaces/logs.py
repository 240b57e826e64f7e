"""The logs, read when all other attacks are done: none of what the run has made private may be in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.attacks.world import World
    from tenantry.operate.stacks import Resource

_PATIENCE_SECONDS: Final = 20.0
_MACHINES: Final = "/aws/vendedlogs/states/"


def _groups(world: World, wanted: Callable[[Resource], bool]) -> list[str]:
    """Return the names of the log groups of some of what the stacks have made; a function's may be made by Lambda."""
    groups = [made.id for made in world.resources_of("AWS::Logs::LogGroup") if wanted(made)]
    functions = [f"/aws/lambda/{made.id}" for made in world.resources_of("AWS::Lambda::Function") if wanted(made)]
    return sorted({*groups, *functions})


def _lines(world: World, group: str) -> Iterator[str]:
    pages = world.target.aws.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(world.started * 1000)
    )
    try:
        for page in pages:
            yield from (event["message"] for event in page["events"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _silent(world: World, wanted: Callable[[Resource], bool]) -> Outcome:
    """Search logs for what is private; that they hold anything at all of this run has to be seen as well."""
    groups = _groups(world, wanted)

    def lines() -> dict[str, list[str]]:
        found = {group: list(_lines(world, group)) for group in groups}
        return {group: lines for group, lines in found.items() if lines}

    read = until(lines, 0 if world.target.aws.endpoint_url else _PATIENCE_SECONDS, pause=1)
    count = sum(map(len, read.values()))
    if not count and wanted is _subscribes and _no_data(world):
        return held("no line of this run has arrived, and the machines are set to log no data of their executions")
    if not count:
        return inconclusive(f"nothing at all was logged in {', '.join(groups) or 'any group'}")
    private = world.accounts.private
    leaking = {group for group, lines in read.items() for line in lines if any(secret in line for secret in private)}
    if leaking:
        return breached(f"a name, an address, a password or a token is in {', '.join(sorted(leaking))}")
    return held(f"{count} lines in {len(read)} log groups, none of it private")


def _no_data(world: World) -> bool:
    """Return whether the state machines' own settings keep the data of their executions out of the logs."""
    machines = world.ids_of("AWS::StepFunctions::StateMachine")
    describe = world.target.aws.stepfunctions.describe_state_machine
    settings = [describe(stateMachineArn=arn).get("loggingConfiguration", {}) for arn in machines]
    return bool(settings) and not any(setting.get("includeExecutionData", False) for setting in settings)


def _is_machine(resource: Resource) -> bool:
    return resource.id.startswith(_MACHINES)


def _subscribes(resource: Resource) -> bool:
    return _is_machine(resource) or not resource.stack.endswith(("-user", "-tenant"))


def _of(stack: str) -> Callable[[Resource], bool]:
    return lambda resource: resource.stack.endswith(stack)


def _but_machines(stack: str) -> Callable[[Resource], bool]:
    """Return what leaves out the state machines' logs, which the event bus's attack reads."""
    return lambda resource: resource.stack.endswith(stack) and not _is_machine(resource)


for _surface, _what, _wanted in (
    ("identity", "the pool's hooks", _but_machines("-user")),
    ("tenant-api", "the APIs and their functions", _but_machines("-tenant")),
    ("storage", "the storage API and its functions", _of("-storage")),
    ("employees", "the employees API and its functions", _of("-employees")),
    ("events", "the state machines, and of all subscribers of the bus", _subscribes),
):
    REGISTRY.surface(_surface).add(
        "logs",
        threat=threats.SECRETS_SHOWN,
        tries=f"Read, after all other attacks, the logs of {_what} for names, addresses, passwords and tokens.",
        must="There is none.",
        run=partial(_silent, wanted=_wanted),
        last=True,
    )
