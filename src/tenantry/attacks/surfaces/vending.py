"""Direct AWS calls with vended credentials: what they reach beyond one tenant, with each isolation layer and both."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import DENIALS, denied, together
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import PURPOSES, IsolationLayers, Sessions
from tenantry.attacks.storage import MODES, Owner, Storage
from tenantry.model.tags import OBJECT_TENANT_TAG, OBJECT_USER_TAG, session_tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

    Call = Callable[[], object]
    Calls = list[tuple[str, Call]]

vending: Final = REGISTRY.surface(
    "vending",
    "Direct AWS calls with vended credentials for each purpose, with each isolation layer alone and with both, "
    "on another tenant's objects, rows and settings; the same calls with a function's own role",
)

CODES: Final = DENIALS | {"403", "AllAccessDisabled"}
"""A denial of a HEAD has no body that could name it."""
_MINE: Final = "mine.txt"
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


def prize(world: World) -> Prize:
    """Return what there is to win, which is put there at the first need."""
    return world.once("prize", lambda: _place(world))


def _place(world: World) -> Prize:
    """Store an object of each in each mode, through the API, which also makes buckets and access points."""
    api = Storage.of(world)
    made = Prize(
        api=api,
        alice=api.stranger(api.alice.tenant, "vending"),
        bob=api.stranger(api.bob.tenant, "vending"),
        carol=api.stranger(api.alice.tenant, "vending-other"),
    )
    for owner in (made.alice, made.bob, made.carol):
        for mode in MODES:
            reply = api.put(owner, mode, json.dumps({"key": made.key, "value": f"of {owner.prefix}"}))
            if not reply.ok or api.content(owner, mode, made.key) != f"of {owner.prefix}":
                raise SetupError(f"An object cannot be stored and read again ({mode}): {reply}")
        put_employee(world, owner.tenant, made.key)
    return made


def put_employee(world: World, tenant: str, employee: str) -> None:
    """Write an employee, with the operator's credentials."""
    aws, table = world.target.aws, world.target.employees_table
    key = {"Tenant": {"S": tenant}, "Id": {"S": employee}}
    world.cleanup.later(
        f"the employee {employee} of {tenant}", partial(aws.dynamodb.delete_item, TableName=table, Key=key)
    )
    aws.dynamodb.put_item(TableName=table, Item={**key, "Name": {"S": f"of {tenant}"}, "Title": {"S": ""}})


# What belongs to the session: without it, a denial of all else means nothing


def own(world: World, purpose: str, aws: Aws, me: Owner) -> Outcome:
    """Check whether a session can do what it is vended for."""
    api, key = Storage.of(world), _MINE
    try:
        if purpose == "employees":
            table = world.target.employees_table
            item = {"Tenant": {"S": me.tenant}, "Id": {"S": world.run}}
            aws.dynamodb.put_item(TableName=table, Item=item)
            aws.dynamodb.delete_item(TableName=table, Key=item)
            return held("its own rows can be written")
        bucket, full = api.bucket(purpose, me.tenant), api.full_key(purpose, me, key)
        tagging: Any = {"Tagging": _tagging(me)} if purpose == "tag" else {}
        written: Any = aws.s3.put_object(Bucket=bucket, Key=full, Body=b"mine", **tagging)
        version: Any = {"VersionId": written["VersionId"]} if purpose == "db_nosql" else {}
        read = aws.s3.get_object(Bucket=bucket, Key=full, **version)["Body"].read()
        if purpose == "db_nosql":
            row = {"id_concat": {"S": f"{me.tenant}^{me.user}"}, "key_name": {"S": full}}
            aws.dynamodb.get_item(TableName=world.target.metadata_table, Key=row)
        else:
            aws.s3.list_objects_v2(Bucket=bucket, Prefix=api.full_key(purpose, me))
    except Exception as error:  # noqa: BLE001 - whatever it is, the session is not what it should be
        return inconclusive(f"the session cannot do what it is for: {error}")
    return held("its own can be written, read and listed") if read == b"mine" else inconclusive(f"it reads {read!r}")


def _tagging(owner: Owner) -> str:
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
        (f"put in {mode}", partial(s3.put_object, Bucket=bucket, Key=key, Body=_BODY, Tagging=_tagging(at.alice))),
        (f"delete in {mode}", partial(s3.delete_object, Bucket=bucket, Key=key)),
        (f"list in {mode}", partial(s3.list_objects_v2, Bucket=bucket, Prefix=at.api.full_key(mode, victim))),
    ]


def _more_objects(world: World, aws: Aws, mode: str, victim: Owner) -> Calls:
    at, s3 = prize(world), aws.s3
    bucket, key = at.api.bucket(mode, victim.tenant), at.api.full_key(mode, victim, at.key)
    mine = at.api.bucket(mode, at.alice.tenant)
    own_key = at.api.full_key(mode, at.alice, "copied.txt")
    tag_set: Any = {
        "TagSet": [
            {"Key": OBJECT_TENANT_TAG, "Value": at.alice.tenant},
            {"Key": OBJECT_USER_TAG, "Value": at.alice.user},
        ]
    }
    source: Any = {"Bucket": bucket, "Key": key}
    versions = world.target.aws.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    version = versions[0]["VersionId"]
    calls: Calls = [
        ("head", partial(s3.head_object, Bucket=bucket, Key=key)),
        ("get a version", partial(s3.get_object, Bucket=bucket, Key=key, VersionId=version)),
        ("delete a version", partial(s3.delete_object, Bucket=bucket, Key=key, VersionId=version)),
        ("get attributes", partial(s3.get_object_attributes, Bucket=bucket, Key=key, ObjectAttributes=["ETag"])),
        ("get tags", partial(s3.get_object_tagging, Bucket=bucket, Key=key)),
        ("tag as one's own", partial(s3.put_object_tagging, Bucket=bucket, Key=key, Tagging=tag_set)),
        ("remove tags", partial(s3.delete_object_tagging, Bucket=bucket, Key=key)),
        ("get ACL", partial(s3.get_object_acl, Bucket=bucket, Key=key)),
        ("put ACL", partial(s3.put_object_acl, Bucket=bucket, Key=key, ACL="bucket-owner-full-control")),
        (
            "copy to one's own",
            partial(s3.copy_object, Bucket=mine, Key=own_key, CopySource=source, **_tags_in(mode, at)),
        ),
        ("begin in parts", partial(s3.create_multipart_upload, Bucket=bucket, Key=key)),
        ("put as the victim", partial(s3.put_object, Bucket=bucket, Key=key, Body=_BODY, Tagging=_tagging(victim))),
        ("put without tags", partial(s3.put_object, Bucket=bucket, Key=key, Body=_BODY)),
        ("list all", partial(s3.list_objects_v2, Bucket=bucket)),
        ("list by an empty prefix", partial(s3.list_objects_v2, Bucket=bucket, Prefix="")),
        ("list without the slash", partial(s3.list_objects_v2, Bucket=bucket, Prefix=_no_slash(at, mode, victim))),
        ("list the old way", partial(s3.list_objects, Bucket=bucket, Prefix=at.api.full_key(mode, victim))),
        ("list versions", partial(s3.list_object_versions, Bucket=bucket, Prefix=at.api.full_key(mode, victim))),
        ("list uploads", partial(s3.list_multipart_uploads, Bucket=bucket)),
    ]
    if mode == "tag":
        calls += [
            (
                "tag one's own as the victim's",
                partial(s3.put_object, Bucket=mine, Key=own_key, Tagging=_tagging(victim)),
            ),
            ("store without tags", partial(s3.put_object, Bucket=mine, Key=own_key, Body=_BODY)),
            (
                "store with more tags",
                partial(s3.put_object, Bucket=mine, Key=own_key, Tagging=f"{_tagging(at.alice)}&plan=gold"),
            ),
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


def _no_slash(at: Prize, mode: str, victim: Owner) -> str:
    return at.api.full_key(mode, victim).rstrip("/")


def _tags_in(mode: str, at: Prize) -> dict[str, Any]:
    return {"Tagging": _tagging(at.alice), "TaggingDirective": "REPLACE"} if mode == "tag" else {}


def _settings(world: World, aws: Aws, purpose: str, victim: Owner) -> Calls:
    """Return calls on buckets and access points themselves, one's own included; none would change anything."""
    at, s3, control = prize(world), aws.s3, aws.s3control
    modes = [purpose] if purpose in MODES else ["prefix"]
    account = at.api.account
    point = at.api.bucket("access_point", victim.tenant).rsplit("/", 1)[-1]
    own_point = at.api.bucket("access_point", at.alice.tenant).rsplit("/", 1)[-1]
    calls: Calls = [
        ("list buckets", s3.list_buckets),
        ("get access point", partial(control.get_access_point, AccountId=account, Name=point)),
        ("get its policy", partial(control.get_access_point_policy, AccountId=account, Name=point)),
        ("put its policy", partial(control.put_access_point_policy, AccountId=account, Name=point, Policy="{}")),
        ("delete access point", partial(control.delete_access_point, AccountId=account, Name=point)),
        ("put own policy", partial(control.put_access_point_policy, AccountId=account, Name=own_point, Policy="{}")),
        ("list access points", partial(control.list_access_points, AccountId=account)),
    ]
    for mode in modes:
        buckets = {at.api.shared_bucket(mode)} if mode != "bucket" else {at.api.bucket(mode, victim.tenant)}
        for bucket in buckets | ({at.api.bucket(mode, at.alice.tenant)} if mode == "bucket" else set()):
            versioning: Any = {"Status": "Enabled"}
            calls += [
                ("get bucket policy", partial(s3.get_bucket_policy, Bucket=bucket)),
                ("put bucket policy", partial(s3.put_bucket_policy, Bucket=bucket, Policy="{}")),
                ("get versioning", partial(s3.get_bucket_versioning, Bucket=bucket)),
                (
                    "put versioning",
                    partial(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=versioning),
                ),
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
    at = prize(world)
    calls: Calls = []
    target = world.target
    if victim.tenant != at.alice.tenant:  # employees are a tenant's, not a user's
        own_key = {"Tenant": {"S": at.alice.tenant}, "Id": {"S": at.key}}
        key = {"Tenant": {"S": victim.tenant}, "Id": {"S": at.key}}
        calls += _some(_row_calls(aws, target.employees_table, key, own_key), purpose == "employees")
    full = at.api.full_key("db_nosql", victim, at.key)
    key = {"id_concat": {"S": f"{victim.tenant}^{victim.user}"}, "key_name": {"S": full}}
    own_full = at.api.full_key("db_nosql", at.alice, at.key)
    own_key = {"id_concat": {"S": f"{at.alice.tenant}^{at.alice.user}"}, "key_name": {"S": own_full}}
    return calls + _some(_row_calls(aws, target.metadata_table, key, own_key), purpose == "db_nosql")


def _some(calls: Calls, every: bool) -> Calls:  # noqa: FBT001 - whether there are any grants on the table
    return calls if every else [(name, call) for name, call in calls if name in _PLAIN]


def _row_calls(aws: Aws, table: str, key: dict[str, dict[str, str]], own_key: dict[str, dict[str, str]]) -> Calls:
    database, hash_name = aws.dynamodb, next(iter(key))
    owner, item = key[hash_name], {**key, "Name": {"S": "the attacker was here"}}
    statement = f'SELECT * FROM "{table}" WHERE {hash_name} = ?'  # noqa: S608 - PartiQL, and an attack
    writing: Any = {"Put": {"TableName": table, "Item": item}}
    checking: Any = {"TableName": table, "Key": key, "ConditionExpression": f"attribute_exists({hash_name})"}
    own_check: Any = {**checking, "Key": own_key}
    batch: Any = {table: [{"PutRequest": {"Item": item}}]}
    return [
        ("get", partial(database.get_item, TableName=table, Key=key)),
        (
            "query",
            partial(
                database.query,
                TableName=table,
                KeyConditionExpression="#h = :h",
                ExpressionAttributeNames={"#h": hash_name},
                ExpressionAttributeValues={":h": owner},
            ),
        ),
        ("batch get", partial(database.batch_get_item, RequestItems={table: {"Keys": [key]}})),
        ("batch get with one's own", partial(database.batch_get_item, RequestItems={table: {"Keys": [own_key, key]}})),
        (
            "transact get",
            partial(database.transact_get_items, TransactItems=[{"Get": {"TableName": table, "Key": key}}]),
        ),
        ("PartiQL", partial(database.execute_statement, Statement=statement, Parameters=[owner])),
        ("PartiQL scan", partial(database.execute_statement, Statement=f'SELECT * FROM "{table}"')),  # noqa: S608 - as above
        ("scan", partial(database.scan, TableName=table)),
        (
            "filtered scan",
            partial(
                database.scan,
                TableName=table,
                FilterExpression="#h = :h",
                ExpressionAttributeNames={"#h": hash_name},
                ExpressionAttributeValues={":h": own_key[hash_name]},
            ),
        ),
        ("put", partial(database.put_item, TableName=table, Item=item)),
        ("update", partial(database.update_item, TableName=table, Key=key)),
        ("delete", partial(database.delete_item, TableName=table, Key=key)),
        ("batch write", partial(database.batch_write_item, RequestItems=batch)),
        ("transact write", partial(database.transact_write_items, TransactItems=[writing])),
        ("transact check", partial(database.transact_write_items, TransactItems=[{"ConditionCheck": checking}])),
        (
            "transact with one's own",
            partial(database.transact_write_items, TransactItems=[{"ConditionCheck": own_check}, writing]),
        ),
        ("describe", partial(database.describe_table, TableName=table)),
        ("list tables", database.list_tables),
    ]


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
        (
            "widen the role",
            partial(iam.put_role_policy, RoleName=own_role, PolicyName=world.run, PolicyDocument="{}"),
        ),
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
    victims = [at.bob]
    if (
        group.colleagues and layers is not IsolationLayers.ROLE
    ):  # the role is bound to the tenant; the session policy to the user
        victims.append(at.carol)
    steps = []
    for victim in victims:
        who = "another tenant's" if victim is at.bob else "a colleague's"
        calls = group.calls(world, aws, purpose, victim)
        for name, call in calls:
            if victim is at.carol and ("access point" in name or name == "list tables"):
                continue
            steps.append((f"{name} ({who})", denied(call, codes=CODES)))
    return _told(steps, own(world, purpose, aws, at.alice))


def _told(steps: list[tuple[str, Outcome]], good: Outcome) -> Outcome:
    worst = together(*steps) if steps else inconclusive("there was nothing to try")
    if worst.result is not AttackResult.HELD:
        return worst
    return together(held(f"{len(steps)} calls, all denied"), good)


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


def _function(world: World, part: str) -> Outcome:
    """Reach for tenants' data with the grants of a function's own role, without vending anything."""
    at = prize(world)
    roles = [
        resource.id
        for resource in world.resources
        if resource.kind == "AWS::IAM::Role"
        and resource.stack.endswith(("-storage", "-employees"))
        and resource.logical_id.startswith(part)
    ]
    if not roles:
        return inconclusive(f"no role is that of {part}")
    steps = []
    for role in roles:
        aws = world.clone_role(role)
        aws.sts.get_caller_identity()
        for owner in (at.alice, at.bob):
            for mode in MODES:
                steps += [(name, denied(call, codes=CODES)) for name, call in _plain_objects(world, aws, mode, owner)]
        steps += [
            (name, denied(call, codes=CODES)) for name, call in _rows(world, aws, "", replace(at.bob, user="vending"))
        ]
    return _told(steps, held("its credentials work"))


for _slug, _part, _what in (
    ("objects", "TenantObjects", "stores and lists objects"),
    ("employees", "Function", "keeps employees"),
    ("provisioner", "StorageProvisioner", "makes buckets and access points"),
    ("issuer", "TokenIssuer", "issues tokens"),
    ("authorizer", "ApiAuthorizer", "verifies tokens"),
):
    vending.add(
        f"function-{_slug}",
        threat=threats.OWN_GRANT,
        tries=f"With the grants of the function that {_what}, and nothing vended, reach for tenants' objects and rows.",
        must="Each call is denied: a function that forgets to vend fails closed.",
        run=partial(_function, part=_part),
    )
