"""What the application's own roles may do: each operation is tried with a clone of each role."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import denied, require, together
from tenantry.attacks.directory_grants import KEYS
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.role_groups import Grants, grouped, tried
from tenantry.model.directory_tables import MEMBERSHIPS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws
    from tenantry.operate.stacks import Resource

_RULES: Final = "events.amazonaws.com"

roles: Final = REGISTRY.surface(
    "roles",
    "Each action that no role needs, tried with a clone of each of the application's roles; every write to the "
    "directory, by attribute, action, transaction and return value",
)


@dataclass(frozen=True)
class _Operation:
    """Something that no role of the application has any business doing, but for the few whose job it is.

    Attributes
    ----------
    slug, tries
        Its name, and what it is.
    calls
        The calls to make as a principal, each with a name, harmless should they be let through.
    save
        The AWS service whose roles have that business after all.
    jobs
        Roles, as their logical ids begin, each with the names of the calls that are its job. They must work.
    """

    slug: str
    tries: str
    calls: Callable[[World, Aws], Calls]
    save: str = ""
    jobs: Mapping[str, Collection[str]] = field(default_factory=dict)

    def is_job(self, role: _Role, call: str) -> bool:
        """Return whether a call is a role's job."""
        return any(role.is_of(owner) and call in calls for owner, calls in self.jobs.items())


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

    def is_of(self, owner: str) -> bool:
        """Return whether it is the role of what has this id in its stack."""
        return self.logical_id.startswith(f"{owner}Role")


@once_per_run
def _roles(world: World) -> list[_Role]:
    return [_role(world, found) for found in world.resources_of("AWS::IAM::Role")]


def _role(world: World, resource: Resource) -> _Role:
    found = world.target.aws.iam.get_role(RoleName=resource.id)["Role"]
    trust: Any = found["AssumeRolePolicyDocument"]
    document = json.loads(trust) if isinstance(trust, str) else trust
    return _Role(
        resource.logical_id, resource.id, found["Arn"], document["Statement"][0]["Principal"].get("Service", "")
    )


def directory(world: World) -> Mapping[str, str]:
    """Return the names of the directory's tables, as in `KEYS`."""
    target = world.target
    return {
        "users": target.users_table,
        "tenants": target.tenants_table,
        MEMBERSHIPS: target.tenant_users_table,
        "invitations": target.invitations_table,
    }


def _tables(world: World) -> list[tuple[str, str, dict[str, dict[str, str]]]]:
    """Return what the tables are called here and there, each with a key that nothing in it has."""
    nothing = {"S": str(uuid.uuid4())}
    target = world.target
    return [
        *((name, directory(world)[name], dict.fromkeys(key, nothing)) for name, key in KEYS.items()),
        ("metadata", target.metadata_table, {"id_concat": nothing, "key_name": nothing}),
        ("employees", target.employees_table, {"Tenant": nothing, "Id": nothing}),
        ("parks", target.parks_table, {"pk": nothing, "sk": nothing}),
        *(
            ("names", found.id, {"name": nothing})
            for found in world.resources_of("AWS::DynamoDB::Table", "TenantNames")
        ),
    ]


def _scan(world: World, aws: Aws) -> Calls:
    return [(name, partial(aws.dynamodb.scan, TableName=table, Limit=1)) for name, table, _ in _tables(world)]


def _delete(world: World, aws: Aws) -> Calls:
    return [(name, partial(aws.dynamodb.delete_item, TableName=table, Key=key)) for name, table, key in _tables(world)]


def _batch(world: World, aws: Aws) -> Calls:
    return [
        (name, partial(aws.dynamodb.batch_write_item, RequestItems={table: [{"DeleteRequest": {"Key": key}}]}))
        for name, table, key in _tables(world)
    ]


def _assume(world: World, aws: Aws) -> Calls:
    return [
        (role.name, partial(aws.sts.assume_role, RoleArn=role.arn, RoleSessionName=world.run)) for role in _roles(world)
    ]


def _dead_letters(world: World, aws: Aws) -> Calls:
    work = world.target.park_statuses_queue.rsplit("/", 1)[-1]
    return [
        (url, partial(aws.sqs.receive_message, QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=1))
        for url in world.ids_of("AWS::SQS::Queue")
        if url.rsplit("/", 1)[-1] != work  # which is its consumer's job
    ]


def _start(world: World, aws: Aws) -> Calls:
    return [
        (arn, partial(aws.stepfunctions.start_execution, stateMachineArn=arn, input=json.dumps({"attack": world.run})))
        for arn in world.ids_of("AWS::StepFunctions::StateMachine")
    ]


def _rules(world: World, aws: Aws) -> Calls:
    pattern = '{"source": ["tenantry.attack"]}'
    put = partial(
        aws.events.put_rule, Name=world.run, EventBusName=world.target.bus, EventPattern=pattern, State="DISABLED"
    )
    return [("rule", put)]


def _accounts(world: World, aws: Aws) -> Calls:
    pool, nobody, cognito = world.target.user_pool_id, str(uuid.uuid4()), aws.cognito
    named: Any = {"UserPoolId": pool, "Username": nobody}
    return [
        ("show", partial(cognito.admin_get_user, UserPoolId=pool, Username=world.users.bob.user_id)),
        ("list", partial(cognito.list_users, UserPoolId=pool, Limit=1)),
        ("sign out", partial(cognito.admin_user_global_sign_out, **named)),
        ("disable", partial(cognito.admin_disable_user, **named)),
        ("enable", partial(cognito.admin_enable_user, **named)),
        ("delete", partial(cognito.admin_delete_user, **named)),
        ("confirm", partial(cognito.admin_confirm_sign_up, **named)),
        ("reset", partial(cognito.admin_reset_user_password, **named)),
        ("password", partial(cognito.admin_set_user_password, **named, Password="Attack-1-attack")),  # noqa: S106
        ("attributes", partial(cognito.admin_update_user_attributes, **named, UserAttributes=[])),
    ]


def _policies(world: World, aws: Aws) -> Calls:
    role = world.ids_of("AWS::IAM::Role")[0]
    return [
        ("read", partial(aws.iam.get_role, RoleName=role)),
        ("delete", partial(aws.iam.delete_role_policy, RoleName=role, PolicyName=world.run)),
    ]


def _logs(world: World, aws: Aws) -> Calls:
    return [
        (name, partial(aws.logs.filter_log_events, logGroupName=name, limit=1))
        for name in world.ids_of("AWS::Logs::LogGroup")
    ]


def _buckets(world: World, aws: Aws) -> Calls:
    """Return calls on the buckets of tenants' data: no role has any business there, a session of a tenant role has."""
    calls: Calls = []
    owned: Any = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    # The page's holds what everybody may read, and its publisher's job is to write it.
    buckets = world.resources_of("AWS::S3::Bucket")
    for bucket in (found.id for found in buckets if not found.logical_id.startswith("Page")):
        calls += [
            (f"read {bucket}", partial(aws.s3.get_object, Bucket=bucket, Key=world.run)),
            (f"write {bucket}", partial(aws.s3.put_object, Bucket=bucket, Key=world.run)),
            (f"open {bucket}", partial(aws.s3.put_bucket_policy, Bucket=bucket, Policy="{}")),
            (f"own {bucket}", partial(aws.s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=owned)),
        ]
    return calls


def _registrations(world: World, aws: Aws) -> Calls:
    """Return calls that change which functions are asked for a tenant's usage; let through, each is undone or empty."""
    path, ssm, operator = f"/{world.target.app}/usage", aws.client("ssm"), world.target.aws.client("ssm")
    new = f"{path}/{world.run}"
    world.remove(f"the parameter {new}", partial(operator.delete_parameters, Names=[new]))
    registered = world.once("registered", lambda: operator.get_parameters_by_path(Path=path)["Parameters"])
    put = partial(ssm.put_parameter, Type="String", Overwrite=True)
    return [
        ("register", partial(put, Name=new, Value="{}")),
        ("remove", partial(ssm.delete_parameters, Names=[new])),
        *((f"replace {found['Name']}", partial(put, Name=found["Name"], Value=found["Value"])) for found in registered),
    ]


def _tries(world: World, operation: _Operation) -> Outcome:
    """Try a operation as every role that the stacks have made."""
    actors = [role for role in _roles(world) if role.service != operation.save]
    by_name = {role.name: role for role in actors}

    def is_job(role: str, call: str) -> bool:
        return operation.is_job(by_name[role], call)

    calls = partial(operation.calls, world)
    return _told(tried(_groups(world, actors), world.clone_role, calls, is_job, _its_job), actors)


@once_per_run
def _all_groups(world: World) -> list[tuple[str, ...]]:
    return grouped(Grants.of(world, role.name, role.service) for role in _roles(world))


def _groups(world: World, actors: Collection[_Role]) -> list[tuple[str, ...]]:
    """Return the groups of the actors; those of one group are assumed by the same service."""
    names = {role.name for role in actors}
    return [group for group in _all_groups(world) if names.issuperset(group)]


def _its_job(call: Callable[[], object]) -> Outcome:
    """Check a call that is a role's job: IAM lets it through."""
    outcome = denied(call)
    return inconclusive("its job is denied") if outcome.result is AttackResult.HELD else held("its job")


def _told(steps: Sequence[tuple[str, Outcome]], actors: Sequence[_Role]) -> Outcome:
    jobs = sum(step.observed == "its job" for _, step in steps)
    told = f"{len(steps) - jobs} calls in {len(actors)} roles, all denied; {jobs} that are a job work"
    return together(*steps, told=told)


@roles.attack("rules", threat=threats.LOOSE_POLICY, must="Each starts one machine, its own.")
def _(world: World) -> Outcome:
    """Start each state machine with the grants of each rule's role in turn."""
    steps = []
    for role in (role for role in _roles(world) if role.service == _RULES):
        calls = _start(world, world.clone_role(role.name))
        started = sum(denied(call).result is AttackResult.BREACHED for _, call in calls)
        observed = f"started {started} of {len(calls)}"
        steps.append((role.name, require(started <= 1, otherwise=observed, observed=observed)))
    return together(*steps)


#: Which role may call which function, by their ids in their stacks.
_INVOKES: Final = {
    # A tenant's bucket is made at first use, by one whom no session can become.
    ("TenantObjects", "StorageProvisioner"),
    # An endpoint is looked up before it is subscribed, and again before it is subscribed again, by one who can do
    # nothing else.
    ("ParksSubscribeWorkflow", "ParksCheckEndpoint"),
    ("ParksTakeOverWorkflow", "ParksCheckEndpoint"),
    # A function that reads the directory decides which webhooks receive a status.
    ("ParksSetStatusWorkflow", "ParksPublish"),
    # What a tenant uses is counted by those who hold it.
    ("TenantUsage", "StorageUsage"),
    ("TenantUsage", "IngestionUsage"),
    # The directory is changed by one who can change nothing else.
    ("AccountChanges", "AccountChangesDirectory"),
    # Operators compare pool and directory when they want to.
    ("ControlUsers", "Reconciliation"),
    # A comparison that does not end in time goes on in another call.
    ("Reconciliation", "Reconciliation"),
}

#: Which role may start which state machine and wait for it, likewise.
_STARTS: Final = {
    # A route's own workflow.
    *(
        (f"Parks{name}WorkflowStart", f"Parks{name}Workflow")
        for name in ("Subscribe", "Unsubscribe", "ListWebhooks", "SetStatus", "TakeOver")
    ),
    # People change their own account, and operators any.
    ("Membership", "AccountChanges"),
    ("ControlUsers", "AccountChanges"),
    # What was done to an account in the pool is done in the directory.
    ("Reconciliation", "AccountChanges"),
}


@roles.attack("start-and-wait", threat=threats.LOOSE_POLICY, must="Each is denied, but for the few that are one's job.")
def _(world: World) -> Outcome:
    """Start each state machine and wait for its answer, with the grants of each role in turn."""
    text = json.dumps({"attack": world.run})

    def start(aws: Aws, machine: Resource) -> object:
        return aws.stepfunctions.start_sync_execution(stateMachineArn=machine.id, input=text)

    return _each(world, "AWS::StepFunctions::StateMachine", start, {(a, f"{b}Machine") for a, b in _STARTS})


@roles.attack(
    "invoke-functions", threat=threats.LOOSE_POLICY, must="Each is denied, but for the few that are one's job."
)
def _(world: World) -> Outcome:
    """Call each function with the grants of each role in turn."""

    def invoke(aws: Aws, function: Resource) -> object:
        return aws.functions.invoke(FunctionName=function.id, InvocationType="DryRun")

    return _each(world, "AWS::Lambda::Function", invoke, _INVOKES)


def _each(
    world: World, kind: str, send: Callable[[Aws, Resource], object], jobs: Collection[tuple[str, str]]
) -> Outcome:
    """Call each resource of a type with each role, save those that are its job."""
    actors, made = _roles(world), world.resources_of(kind)

    def calls(aws: Aws) -> Calls:
        return [(resource.logical_id, partial(send, aws, resource)) for resource in made]

    by_name = {role.name: role for role in actors}

    def is_job(role: str, name: str) -> bool:
        # Eight digits of a digest follow an id.
        return any(by_name[role].is_of(owner) and name[:-8] == called for owner, called in jobs)

    return _told(tried(_groups(world, actors), world.clone_role, calls, is_job), actors)


for _operation in (
    # The two whose whole is compared with the pool and with each other.
    _Operation("scan", "Scan each table", _scan, jobs={"Reconciliation": {"users", "tenants"}}),
    _Operation("delete", "Delete an item from each table", _delete),
    _Operation("batch-write", "Write to each table in a batch", _batch),
    _Operation("buckets", "Read, write and open each bucket of tenants' data", _buckets),
    _Operation("assume", "Assume each other role", _assume),
    _Operation("dead-letters", "Read each dead-letter queue, which holds names and addresses", _dead_letters),
    _Operation("start-machines", "Start each state machine with an event of one's own", _start, _RULES),
    _Operation("make-rules", "Make a rule on the bus that would copy its events elsewhere", _rules),
    _Operation(
        "accounts",
        "Read, change and delete accounts of the user pool",
        _accounts,
        jobs={
            "AccountChanges": {"sign out", "disable", "enable", "delete"},
            "AccountChangesDirectory": {"show"},
            "ControlUsers": {"show", "list"},
            "Reconciliation": {"show", "list"},
            "SignUpHook": {"sign out"},
        },
    ),
    _Operation("policies", "Read and change a role", _policies),
    _Operation("usage-counters", "Register, replace and remove a counter of tenants' usage", _registrations),
    _Operation("read-logs", "Read the logs", _logs, "apigateway.amazonaws.com"),
):
    roles.add(
        _operation.slug,
        threat=threats.LOOSE_POLICY,
        tries=f"{_operation.tries}, with the grants of each role in turn"
        f"{_operation.save and f', save those of {_operation.save}'}.",
        must="Every call is denied: no role does more than its one job.",
        run=partial(_tries, operation=_operation),
    )
