"""What the application's own roles may do: each deed is tried with a role that has the same grants."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attacks import threats
from attacks.judge import denied, require, together
from attacks.outcome import Outcome, Verdict, held, inconclusive
from attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attacks.world import World
    from ops.aws import Aws
    from ops.stacks import Resource

_RULES: Final = "events.amazonaws.com"

roles: Final = REGISTRY.surface("roles")


@dataclass(frozen=True)
class _Deed:
    """Something that no role of the application has any business doing.

    Attributes
    ----------
    slug, tries
        Its name, and what it is.
    calls
        The calls to make as a principal, harmless should they be let through.
    save
        The AWS service whose roles have that business after all.
    """

    slug: str
    tries: str
    calls: Callable[[World, Aws], list[Callable[[], object]]]
    save: str = ""


@dataclass(frozen=True)
class _Role:
    """A role that the stacks have made.

    Attributes
    ----------
    logical_id, name, arn
        Its names in the template and in the account.
    service
        The AWS service that assumes it; empty if a principal does.
    """

    logical_id: str
    name: str
    arn: str
    service: str


def _roles(world: World) -> list[_Role]:
    found = [resource for resource in world.resources if resource.kind == "AWS::IAM::Role"]
    return world.once("roles", lambda: [_role(world, resource) for resource in found])


def _role(world: World, resource: Resource) -> _Role:
    found = world.target.aws.iam.get_role(RoleName=resource.id)["Role"]
    trust: Any = found["AssumeRolePolicyDocument"]
    document = json.loads(trust) if isinstance(trust, str) else trust
    return _Role(
        resource.logical_id, resource.id, found["Arn"], document["Statement"][0]["Principal"].get("Service", "")
    )


def _tables(world: World) -> dict[str, dict[str, dict[str, str]]]:
    """Return the tables, each with a key that nothing in it has."""
    nothing = {"S": str(uuid.uuid4())}
    target = world.target
    return {
        target.users_table: {"userid": nothing},
        target.tenants_table: {"tenantid": nothing},
        target.tenant_users_table: {"tenantid": nothing, "userid": nothing},
        target.invitations_table: {"tenantid": nothing, "invitationid": nothing},
        target.metadata_table: {"id_concat": nothing, "key_name": nothing},
        target.employees_table: {"Tenant": nothing, "Id": nothing},
        target.parks_table: {"pk": nothing, "sk": nothing},
        **{
            resource.id: {"name": nothing}
            for resource in world.resources
            if resource.kind == "AWS::DynamoDB::Table" and resource.logical_id.startswith("TenantNames")
        },
    }


def _scan(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [partial(aws.dynamodb.scan, TableName=table, Limit=1) for table in _tables(world)]


def _delete(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [partial(aws.dynamodb.delete_item, TableName=table, Key=key) for table, key in _tables(world).items()]


def _batch(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [
        partial(aws.dynamodb.batch_write_item, RequestItems={table: [{"DeleteRequest": {"Key": key}}]})
        for table, key in _tables(world).items()
    ]


def _assume(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [partial(aws.sts.assume_role, RoleArn=role.arn, RoleSessionName=world.run) for role in _roles(world)]


def _dead_letters(world: World, aws: Aws) -> list[Callable[[], object]]:
    work = world.target.park_statuses_queue.rsplit("/", 1)[-1]
    return [
        partial(aws.sqs.receive_message, QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=1)
        for url in world.ids_of("AWS::SQS::Queue")
        if url.rsplit("/", 1)[-1] != work  # which is its consumer's job
    ]


def _start(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [
        partial(aws.stepfunctions.start_execution, stateMachineArn=arn, input=json.dumps({"attack": world.run}))
        for arn in world.ids_of("AWS::StepFunctions::StateMachine")
    ]


def _rules(world: World, aws: Aws) -> list[Callable[[], object]]:
    pattern = '{"source": ["tenantry.attack"]}'
    return [
        partial(
            aws.events.put_rule, Name=world.run, EventBusName=world.target.bus, EventPattern=pattern, State="DISABLED"
        )
    ]


def _accounts(world: World, aws: Aws) -> list[Callable[[], object]]:
    pool, bob = world.target.user_pool_id, world.cast.bob
    return [
        partial(aws.cognito.admin_get_user, UserPoolId=pool, Username=bob.user_id),
        partial(aws.cognito.list_users, UserPoolId=pool, Limit=1),
        partial(aws.cognito.admin_user_global_sign_out, UserPoolId=pool, Username=str(uuid.uuid4())),
    ]


def _policies(world: World, aws: Aws) -> list[Callable[[], object]]:
    role = world.ids_of("AWS::IAM::Role")[0]
    return [
        partial(aws.iam.get_role, RoleName=role),
        partial(aws.iam.delete_role_policy, RoleName=role, PolicyName=world.run),
    ]


def _logs(world: World, aws: Aws) -> list[Callable[[], object]]:
    return [
        partial(aws.logs.filter_log_events, logGroupName=name, limit=1) for name in world.ids_of("AWS::Logs::LogGroup")
    ]


def _buckets(world: World, aws: Aws) -> list[Callable[[], object]]:
    """Return calls on the buckets of tenants' data: no role has any business there, a session of a tenant role has."""
    calls: list[Callable[[], object]] = []
    buckets = [resource for resource in world.resources if resource.kind == "AWS::S3::Bucket"]
    # The page's holds what everybody may read, and its publisher's job is to write it.
    for bucket in (found.id for found in buckets if not found.logical_id.startswith("Page")):
        calls += [
            partial(aws.s3.get_object, Bucket=bucket, Key=world.run),
            partial(aws.s3.put_object, Bucket=bucket, Key=world.run),
            partial(aws.s3.put_bucket_policy, Bucket=bucket, Policy="{}"),
        ]
    return calls


def _tries(world: World, deed: _Deed) -> Outcome:
    """Try a deed as every role that the stacks have made."""
    actors = [role for role in _roles(world) if role.service != deed.save]
    steps = []
    for role in actors:
        aws = world.understudy(role.name)
        aws.sts.get_caller_identity()  # that the credentials work at all is what makes a denial mean something
        steps += [(role.name, denied(call)) for call in deed.calls(world, aws)]
    return _told(steps, actors)


def _told(steps: Sequence[tuple[str, Outcome]], actors: Sequence[_Role]) -> Outcome:
    if not steps:
        return inconclusive("there is nothing to try it with")
    outcome = together(*steps)
    return (
        held(f"{len(steps)} calls in {len(actors)} roles, all denied") if outcome.verdict is Verdict.HELD else outcome
    )


@roles.attack("rules", threat=threats.LOOSE_POLICY, must="Each starts one machine, its own.")
def _(world: World) -> Outcome:
    """Start each state machine with the grants of each rule's role in turn."""
    steps = []
    for role in (role for role in _roles(world) if role.service == _RULES):
        calls = _start(world, world.understudy(role.name))
        started = sum(denied(call).verdict is Verdict.BREACHED for call in calls)
        observed = f"started {started} of {len(calls)}"
        steps.append((role.name, require(started <= 1, otherwise=observed, observed=observed)))
    return together(*steps) if steps else inconclusive("no rule has a role")


#: Which function may call which, by how their roles' and their own logical ids begin, and why.
_CALLS: Final = {
    (
        "TenantObjects",
        "StorageProvisioner",
    ): "a tenant's bucket is made at first use, by one whom no session can become",
    (
        "ParksSubscribeWorkflow",
        "ParksCheckEndpoint",
    ): "an endpoint is looked up before it is subscribed, by one who can do nothing else",
}


@roles.attack(
    "invoke-functions", threat=threats.LOOSE_POLICY, must="Each is denied, but for the few that are one's job."
)
def _(world: World) -> Outcome:
    """Call each function with the grants of each role in turn."""
    functions = [resource for resource in world.resources if resource.kind == "AWS::Lambda::Function"]
    steps, actors = [], _roles(world)
    for role in actors:
        invoke = world.understudy(role.name).functions.invoke
        for function in functions:
            if any(role.logical_id.startswith(a) and function.logical_id.startswith(b) for a, b in _CALLS):
                continue
            outcome = denied(partial(invoke, FunctionName=function.id, InvocationType="DryRun"))
            steps.append((f"{function.id} by {role.name}", outcome))
    return _told(steps, actors)


for _deed in (
    _Deed("scan", "Scan each table", _scan),
    _Deed("delete", "Delete an item from each table", _delete),
    _Deed("batch-write", "Write to each table in a batch", _batch),
    _Deed("buckets", "Read, write and open each bucket of tenants' data", _buckets),
    _Deed("assume", "Assume each other role", _assume),
    _Deed("dead-letters", "Read each dead-letter queue, which holds names and addresses", _dead_letters),
    _Deed("start-machines", "Start each state machine with an event of one's own", _start, _RULES),
    _Deed("make-rules", "Make a rule on the bus that would copy its events elsewhere", _rules),
    _Deed("accounts", "Read and sign out users", _accounts),
    _Deed("policies", "Read and change a role", _policies),
    _Deed("read-logs", "Read the logs", _logs, "apigateway.amazonaws.com"),
):
    roles.add(
        _deed.slug,
        threat=threats.LOOSE_POLICY,
        tries=f"{_deed.tries}, with the grants of each role in turn{_deed.save and f', save those of {_deed.save}'}.",
        must="Every call is denied: no role does more than its one job.",
        run=partial(_tries, deed=_deed),
    )
