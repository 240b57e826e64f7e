"""Direct AWS calls with vended credentials: what they reach beyond one tenant, with each isolation layer and both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, together
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import PURPOSES, IsolationLayers, Sessions
from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.model.tags import OBJECT_TENANT_TAG, OBJECT_USER_TAG, session_tags
from tenantry.model.tenant_tables import employee_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

vending: Final = REGISTRY.surface(
    "vending",
    "Direct AWS calls with vended credentials for each purpose, with each isolation layer alone and with both, "
    "on another tenant's objects, rows and settings; the same calls with a function's own role",
)

CODES: Final = DENIALS | {"403", "AllAccessDisabled"}
"""A denial of a HEAD has no body that could name it."""
_PLAIN: Final = ("get", "query", "scan", "put", "delete")
_BODY: Final = b"the attacker was here"


@dataclass(frozen=True, kw_only=True)
class Prize:
    """What every attack with credentials is after.

    Attributes
    ----------
    api
        Names of the buckets.
    alice
        Whom the credentials are vended for.
    bob, carol
        A victim in another tenant, and one in the same.
    key
        Under which key each has an object, in each mode; also the id of each one's employee.
    """

    api: Storage
    alice: Owner
    bob: Owner
    carol: Owner
    key: str = "prize.txt"


@once_per_run
def prize(world: World) -> Prize:
    """Return what there is to win, stored at the first need through the API, which also makes the buckets."""
    api = Storage.of(world)
    made = Prize(
        api=api,
        alice=api.stranger(api.alice.tenant, "vending"),
        bob=api.stranger(api.bob.tenant, "vending"),
        carol=api.stranger(api.alice.tenant, "vending-other"),
    )
    for owner in (made.alice, made.bob, made.carol):
        for mode in MODES:
            api.store(owner, mode, made.key, f"of {owner.prefix}")
        put_employee(world, owner.tenant, made.key)
    return made


def put_employee(world: World, tenant: str, employee: str) -> None:
    """Write an employee, with the operator's credentials."""
    aws, table = world.target.aws, world.target.employees_table
    key = employee_key(tenant, employee)
    world.cleanup.later(
        f"the employee {employee} of {tenant}", partial(aws.dynamodb.delete_item, TableName=table, Key=key)
    )
    aws.dynamodb.put_item(TableName=table, Item={**key, "Name": {"S": f"of {tenant}"}, "Title": {"S": ""}})


# What belongs to the session: without it, a denial of all else means nothing


def own(world: World, purpose: str, aws: Aws, me: Owner) -> Outcome:
    """Check whether a session can do what it is vended for."""
    api, key = Storage.of(world), "mine.txt"
    try:
        if purpose == "employees":
            table = world.target.employees_table
            item = employee_key(me.tenant, world.run)
            aws.dynamodb.put_item(TableName=table, Item=item)
            aws.dynamodb.delete_item(TableName=table, Key=item)
            return held("its own rows can be written")
        bucket, full = api.bucket(purpose, me.tenant), api.full_key(purpose, me, key)
        tags: Any = {"Tagging": tagging(me)} if purpose == "tag" else {}
        written: Any = aws.s3.put_object(Bucket=bucket, Key=full, Body=b"mine", **tags)
        version: Any = {"VersionId": written["VersionId"]} if purpose == "db_nosql" else {}
        read = aws.s3.get_object(Bucket=bucket, Key=full, **version)["Body"].read()
        if purpose == "db_nosql":
            aws.dynamodb.get_item(TableName=world.target.metadata_table, Key=me.row(full))
        else:
            aws.s3.list_objects_v2(Bucket=bucket, Prefix=api.full_key(purpose, me))
    except Exception as error:  # noqa: BLE001 - whatever it is, the session is not what it should be
        return inconclusive(f"the session cannot do what it is for: {error}")
    return held("its own can be written, read and listed") if read == b"mine" else inconclusive(f"it reads {read!r}")


def tagging(owner: Owner) -> str:
    """Return the tags of somebody's objects, as S3 takes them."""
    return urlencode({OBJECT_TENANT_TAG: owner.tenant, OBJECT_USER_TAG: owner.user})


# What it must not reach


def _objects(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return every way to get at a victim's object in the session's own mode, and the plain ones in all others."""
    calls: Calls = []
    for mode in MODES:
        # A session that may read or write in another mode would have been granted both.
        plain = _plain_objects(world, aws, mode, victim)
        calls += plain if mode == purpose else plain[:2]
    if purpose in MODES:
        calls += _more_objects(world, aws, purpose, victim)
    return calls


def _plain_objects(world: World, aws: Aws, mode: str, victim: Owner) -> Calls:
    at, s3 = prize(world), aws.s3
    bucket, key = at.api.bucket(mode, victim.tenant), at.api.full_key(mode, victim, at.key)
    return [
        (f"get in {mode}", partial(s3.get_object, Bucket=bucket, Key=key)),
        (f"put in {mode}", partial(s3.put_object, Bucket=bucket, Key=key, Body=_BODY, Tagging=tagging(at.alice))),
        (f"delete in {mode}", partial(s3.delete_object, Bucket=bucket, Key=key)),
        (f"list in {mode}", partial(s3.list_objects_v2, Bucket=bucket, Prefix=at.api.full_key(mode, victim))),
    ]


def _more_objects(world: World, aws: Aws, mode: str, victim: Owner) -> Calls:
    at, s3 = prize(world), aws.s3
    bucket, key = at.api.bucket(mode, victim.tenant), at.api.full_key(mode, victim, at.key)
    mine = at.api.bucket(mode, at.alice.tenant)
    own_key = at.api.full_key(mode, at.alice, "copied.txt")
    mine_tags = {OBJECT_TENANT_TAG: at.alice.tenant, OBJECT_USER_TAG: at.alice.user}
    tag_set: Any = {"TagSet": [{"Key": name, "Value": value} for name, value in mine_tags.items()]}
    versions = world.target.aws.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    version = versions[0]["VersionId"]
    one: Any = {"Bucket": bucket, "Key": key}
    theirs = at.api.full_key(mode, victim)
    replaced: Any = {"Tagging": tagging(at.alice), "TaggingDirective": "REPLACE"} if mode == "tag" else {}
    calls: Calls = [
        ("head", partial(s3.head_object, **one)),
        ("get a version", partial(s3.get_object, **one, VersionId=version)),
        ("delete a version", partial(s3.delete_object, **one, VersionId=version)),
        ("get attributes", partial(s3.get_object_attributes, **one, ObjectAttributes=["ETag"])),
        ("get tags", partial(s3.get_object_tagging, **one)),
        ("tag as one's own", partial(s3.put_object_tagging, **one, Tagging=tag_set)),
        ("remove tags", partial(s3.delete_object_tagging, **one)),
        ("get ACL", partial(s3.get_object_acl, **one)),
        ("put ACL", partial(s3.put_object_acl, **one, ACL="bucket-owner-full-control")),
        ("copy to one's own", partial(s3.copy_object, Bucket=mine, Key=own_key, CopySource=one, **replaced)),
        ("begin in parts", partial(s3.create_multipart_upload, **one)),
        ("put as the victim", partial(s3.put_object, **one, Body=_BODY, Tagging=tagging(victim))),
        ("put without tags", partial(s3.put_object, **one, Body=_BODY)),
        ("list all", partial(s3.list_objects_v2, Bucket=bucket)),
        ("list by an empty prefix", partial(s3.list_objects_v2, Bucket=bucket, Prefix="")),
        ("list without the slash", partial(s3.list_objects_v2, Bucket=bucket, Prefix=theirs.rstrip("/"))),
        ("list the old way", partial(s3.list_objects, Bucket=bucket, Prefix=theirs)),
        ("list versions", partial(s3.list_object_versions, Bucket=bucket, Prefix=theirs)),
        ("list uploads", partial(s3.list_multipart_uploads, Bucket=bucket)),
    ]
    if mode == "tag":
        put = partial(s3.put_object, Bucket=mine, Key=own_key)
        calls += [
            ("tag one's own as the victim's", partial(put, Tagging=tagging(victim))),
            ("store without tags", partial(put, Body=_BODY)),
            ("store with more tags", partial(put, Tagging=f"{tagging(at.alice)}&plan=gold")),
        ]
    if mode == "access_point":
        shared = at.api.shared_bucket(mode)
        calls += [
            ("get past the access point", partial(s3.get_object, Bucket=shared, Key=key)),
            ("list past the access point", partial(s3.list_objects_v2, Bucket=shared, Prefix=victim.prefix)),
            ("get through one's own access point", partial(s3.get_object, Bucket=mine, Key=key)),
            ("put through one's own access point", partial(s3.put_object, Bucket=mine, Key=key, Body=_BODY)),
            (
                "one's own past the access point",
                partial(s3.get_object, Bucket=shared, Key=f"{at.alice.prefix}{at.key}"),
            ),
        ]
    return calls


def _settings(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return calls on buckets and access points themselves, one's own included; none would change anything."""
    at, s3, control = prize(world), aws.s3, aws.s3control
    mode = purpose if purpose in MODES else "prefix"
    point, own_point = (
        {"AccountId": world.account, "Name": at.api.bucket("access_point", tenant).rsplit("/", 1)[-1]}
        for tenant in (victim.tenant, at.alice.tenant)
    )
    calls: Calls = [
        ("list buckets", s3.list_buckets),
        ("get access point", partial(control.get_access_point, **point)),
        ("get its policy", partial(control.get_access_point_policy, **point)),
        ("put its policy", partial(control.put_access_point_policy, **point, Policy="{}")),
        ("delete access point", partial(control.delete_access_point, **point)),
        ("put own policy", partial(control.put_access_point_policy, **own_point, Policy="{}")),
        ("list access points", partial(control.list_access_points, AccountId=world.account)),
    ]
    own = {at.api.bucket(mode, tenant) for tenant in (victim.tenant, at.alice.tenant)}
    versioning: Any = {"Status": "Enabled"}
    for bucket in own if mode == "bucket" else (at.api.shared_bucket(mode),):
        calls += [
            ("get bucket policy", partial(s3.get_bucket_policy, Bucket=bucket)),
            ("put bucket policy", partial(s3.put_bucket_policy, Bucket=bucket, Policy="{}")),
            ("get versioning", partial(s3.get_bucket_versioning, Bucket=bucket)),
            ("put versioning", partial(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=versioning)),
            ("get public access", partial(s3.get_public_access_block, Bucket=bucket)),
            ("get bucket ACL", partial(s3.get_bucket_acl, Bucket=bucket)),
            ("put bucket ACL", partial(s3.put_bucket_acl, Bucket=bucket, ACL="private")),
            ("get bucket tags", partial(s3.get_bucket_tagging, Bucket=bucket)),
            ("get encryption", partial(s3.get_bucket_encryption, Bucket=bucket)),
            ("get lifecycle", partial(s3.get_bucket_lifecycle_configuration, Bucket=bucket)),
            ("get CORS", partial(s3.get_bucket_cors, Bucket=bucket)),
            ("delete bucket", partial(s3.delete_bucket, Bucket=bucket)),
        ]
    return calls


def _rows(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return every way to get at a victim's rows in the session's own table, and the plain ones in the other."""
    at, target = prize(world), world.target
    calls: Calls = []
    if victim.tenant != at.alice.tenant:  # employees are a tenant's, not a user's
        key, own_key = (employee_key(tenant, at.key) for tenant in (victim.tenant, at.alice.tenant))
        calls += _row_calls(aws, target.employees_table, key, own_key, every=purpose == "employees")
    key, own_key = (owner.row(at.api.full_key("db_nosql", owner, at.key)) for owner in (victim, at.alice))
    return calls + _row_calls(aws, target.metadata_table, key, own_key, every=purpose == "db_nosql")


def _row_calls(aws: Aws, table: str, key: dict[str, Any], own_key: dict[str, Any], *, every: bool) -> Calls:
    """Return every way to get at a row, or the plain ones where the purpose has no grant on the table."""
    database, hash_name = aws.dynamodb, next(iter(key))
    owner, item = key[hash_name], {**key, "Name": {"S": "the attacker was here"}}
    statement = f'SELECT * FROM "{table}" WHERE {hash_name} = ?'  # noqa: S608 - PartiQL, and an attack
    writing: Any = {"Put": {"TableName": table, "Item": item}}
    checking: Any = {"TableName": table, "Key": key, "ConditionExpression": f"attribute_exists({hash_name})"}
    own_check: Any = {**checking, "Key": own_key}
    batch: Any = {table: [{"PutRequest": {"Item": item}}]}
    by_owner: Any = {"TableName": table, "ExpressionAttributeNames": {"#h": hash_name}}
    mine, theirs = {":h": own_key[hash_name]}, {":h": owner}
    query = partial(database.query, **by_owner, KeyConditionExpression="#h = :h", ExpressionAttributeValues=theirs)
    filtered = partial(database.scan, **by_owner, FilterExpression="#h = :h", ExpressionAttributeValues=mine)
    get: Any = {"Get": {"TableName": table, "Key": key}}
    transact = database.transact_write_items
    calls: Calls = [
        ("get", partial(database.get_item, TableName=table, Key=key)),
        ("query", query),
        ("batch get", partial(database.batch_get_item, RequestItems={table: {"Keys": [key]}})),
        ("batch get with one's own", partial(database.batch_get_item, RequestItems={table: {"Keys": [own_key, key]}})),
        ("transact get", partial(database.transact_get_items, TransactItems=[get])),
        ("PartiQL", partial(database.execute_statement, Statement=statement, Parameters=[owner])),
        ("PartiQL scan", partial(database.execute_statement, Statement=f'SELECT * FROM "{table}"')),  # noqa: S608 - as above
        ("scan", partial(database.scan, TableName=table)),
        ("filtered scan", filtered),
        ("put", partial(database.put_item, TableName=table, Item=item)),
        ("update", partial(database.update_item, TableName=table, Key=key)),
        ("delete", partial(database.delete_item, TableName=table, Key=key)),
        ("batch write", partial(database.batch_write_item, RequestItems=batch)),
        ("transact write", partial(transact, TransactItems=[writing])),
        ("transact check", partial(transact, TransactItems=[{"ConditionCheck": checking}])),
        ("transact with one's own", partial(transact, TransactItems=[{"ConditionCheck": own_check}, writing])),
        ("describe", partial(database.describe_table, TableName=table)),
        ("list tables", database.list_tables),
    ]
    return calls if every else [(name, call) for name, call in calls if name in _PLAIN]


def _escapes(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return calls by which a session would become something else."""
    sessions, target = Sessions.of(world), world.target
    own_role = sessions.vendor(purpose).role
    iam, sts, functions = aws.iam, aws.sts, aws.functions
    roles: dict[str, Any] = {
        target.storage_role: session_tags(victim.tenant, "prefix"),
        target.employees_role: session_tags(victim.tenant, "employees"),
        sessions.copy(purpose): session_tags(victim.tenant, purpose),
        sessions.copy(purpose, wide=True): session_tags(victim.tenant, purpose),
    }
    calls: Calls = [
        (
            f"assume {arn.rsplit('/', 1)[-1]} as the victim",
            partial(sts.assume_role, RoleArn=arn, RoleSessionName=world.run, Tags=tags),
        )
        for arn, tags in roles.items()
    ]
    calls += [
        ("assume again", partial(sts.assume_role, RoleArn=sessions.copy(purpose), RoleSessionName=world.run)),
        ("read the role", partial(iam.get_role, RoleName=own_role)),
        ("widen the role", partial(iam.put_role_policy, RoleName=own_role, PolicyName=world.run, PolicyDocument="{}")),
        ("tag the role", partial(iam.tag_role, RoleName=own_role, Tags=[])),
        ("make a user", partial(iam.create_user, UserName=f"{world.run}-user", Path="/tenantry-attack/")),
    ]
    calls += [
        (f"call {name}", partial(functions.invoke, FunctionName=name, InvocationType="DryRun"))
        for name in world.ids_of("AWS::Lambda::Function")
        if any(
            part in name
            for part in ("StorageProvisioner", "TokenIssuer", "TenantObjects", "StorageUsage", "IngestionUsage")
        )
    ]
    return calls


@dataclass(frozen=True)
class _Group:
    """Calls that are alike.

    Attributes
    ----------
    slug, tries
        Their name, and what they are.
    calls
        Makes them for a session, its purpose and a victim.
    colleagues
        Whether another user of the same tenant is a victim as well, where an isolation layer keeps users apart.
    """

    slug: str
    tries: str
    calls: Callable[[World, Aws, str, Owner], Calls]
    colleagues: bool = False


_GROUPS: Final = (
    _Group("objects", "get, put, list, delete, tag, copy and version objects of others", _objects, colleagues=True),
    _Group("settings", "read and change buckets and access points, one's own included", _settings),
    _Group(
        "rows",
        "read and write others' rows by item, batch, query, transaction, PartiQL and scan",
        _rows,
        colleagues=True,
    ),
    _Group("escape", "assume a role again, with another's tags, change it, or call functions", _escapes),
)
_LAYERS: Final = {
    IsolationLayers.BOTH: "with both isolation layers",
    IsolationLayers.ROLE: "with the tenant role's own policy and no session policy",
    IsolationLayers.POLICY: "with the session policy, and a role that may do almost anything",
}


def _tries(world: World, purpose: str, layers: IsolationLayers, group: _Group) -> Outcome:
    at = prize(world)
    aws = Sessions.of(world).act(purpose, layers, at.alice)
    first = own(world, purpose, aws, at.alice)
    if first.result is not AttackResult.HELD:
        return first
    victims = {"another tenant's": at.bob}
    # The role is bound to the tenant; the session policy to the user.
    if group.colleagues and layers is not IsolationLayers.ROLE:
        victims["a colleague's"] = at.carol
    calls = [
        (f"{name} ({who})", call)
        for who, victim in victims.items()
        for name, call in group.calls(world, aws, purpose, victim)
        if victim is at.bob or not ("access point" in name or name == "list tables")
    ]
    return _told(all_denied(calls, codes=CODES), own(world, purpose, aws, at.alice))


def _told(steps: list[tuple[str, Outcome]], good: Outcome) -> Outcome:
    denials = together(*steps, told=f"{len(steps)} calls, all denied")
    return together(denials, good) if denials.result is AttackResult.HELD else denials


for _purpose in PURPOSES:
    for _layers, _said in _LAYERS.items():
        for _group in _GROUPS:
            vending.add(
                f"{_purpose.replace('_', '-')}-{_layers}-{_group.slug}",
                threat=threats.LOOSE_POLICY,
                tries=f"With credentials vended for `{_purpose}`, {_said}: {_group.tries}.",
                must="Each call is denied by IAM, and one's own can be used all the while.",
                run=partial(_tries, purpose=_purpose, layers=_layers, group=_group),
            )


# The functions themselves


@vending.each(
    (
        ("objects", "stores and lists objects", "TenantObjects"),
        ("employees", "keeps employees", "Function"),
        ("provisioner", "makes buckets and access points", "StorageProvisioner"),
        ("issuer", "issues tokens", "TokenIssuer"),
        ("authorizer", "verifies tokens", "ApiAuthorizer"),
    ),
    "function-{}",
    threat=threats.OWN_GRANT,
    tries="With the grants of the function that {}, and nothing vended, reach for tenants' objects and rows.",
    must="Each call is denied: a function that forgets to vend fails closed.",
)
def _function(world: World, part: str) -> Outcome:
    """Reach for tenants' data with the grants of a function's own role, without vending anything."""
    at = prize(world)
    calls: Calls = []
    for role in world.resources_of("AWS::IAM::Role", part):
        if role.stack.endswith(("-storage", "-employees")):
            aws = world.clone_role(role.id)
            for owner in (at.alice, at.bob):
                for mode in MODES:
                    calls += _plain_objects(world, aws, mode, owner)
            calls += _rows(world, aws, "", at.bob)
    return _told(all_denied(calls, codes=CODES), held("its credentials work"))
