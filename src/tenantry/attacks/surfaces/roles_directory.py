"""What the application's own roles may write to the directory: each tries all that it does not need.

Every call carries a condition that no item fulfils, so that one that IAM allows changes nothing either: it then
fails for that condition, which is the breach, or in the control what has to happen.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.assertions import DENIALS, all_denied, allowed, together
from tenantry.attacks.directory_grants import ATTRIBUTES, GRANTS, KEYS, grants_of
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.surfaces.roles import directory, roles
from tenantry.model.directory_tables import TENANT_ID, USER_INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws
    from tenantry.operate.stacks import Resource

_THREADS: Final = 8
_LET_THROUGH: Final = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_ACTIONS: Final = ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
_RETURNS: Final = {
    "PutItem": ("ALL_OLD",),
    "UpdateItem": ("ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"),
    "DeleteItem": ("ALL_OLD",),
}
_UNKNOWN: Final = "nobody-has-this"


@dataclass(frozen=True)
class _Write:
    """A write to the directory, which changes nothing.

    Attributes
    ----------
    table
        The table, as in `KEYS`.
    action
        The action of IAM.
    attributes
        What it names beside the key.
    in_transaction
        Whether it is a part of a transaction.
    returned
        What it asks to get back.
    """

    table: str
    action: str
    attributes: tuple[str, ...] = ()
    in_transaction: bool = False
    returned: str = ""

    def __str__(self) -> str:
        """Say what it is."""
        where = " in a transaction" if self.in_transaction else ""
        named = f" of {', '.join(self.attributes)}" if self.attributes else ""
        return f"{self.action}{named} on {self.table}{where}{self.returned and f' for {self.returned}'}"

    def send(self, world: World, aws: Aws) -> None:
        """Send it."""
        request = self._request(world)
        if not self.in_transaction:
            wanted = {"ReturnValues": self.returned} if self.returned else {}
            getattr(aws.dynamodb, xform_name(self.action))(**request, **wanted)
            return
        if self.returned:
            request["ReturnValuesOnConditionCheckFailure"] = self.returned
        part: Any = {self.action.removesuffix("Item"): request}
        aws.dynamodb.transact_write_items(TransactItems=[part])

    def _request(self, world: World) -> dict[str, Any]:
        key: dict[str, Any] = {name: {"S": str(uuid.uuid4())} for name in KEYS[self.table]}
        attributes = self.attributes
        if self.action == "UpdateItem" and self.in_transaction and not attributes:
            attributes = (_UNKNOWN,)  # there, an update has to say what it changes
        names = {f"#a{number}": name for number, name in enumerate(attributes)}
        condition = f"attribute_exists({KEYS[self.table][0]})"
        request: dict[str, Any] = {"TableName": directory(world)[self.table], "ConditionExpression": condition}
        if self.action == "PutItem":
            return {**request, "Item": {**key, **{name: {"S": "attack"} for name in self.attributes}}}
        request["Key"] = key
        if names:
            request["ExpressionAttributeNames"] = names
            if self.action == "UpdateItem":
                request["UpdateExpression"] = f"REMOVE {', '.join(names)}"
            else:
                request["ConditionExpression"] = " AND ".join([condition, *(f"attribute_exists({n})" for n in names)])
        return request


def _actors(world: World) -> list[Resource]:
    return world.resources_of("AWS::IAM::Role")


def _ways() -> Iterator[tuple[str, bool]]:
    """Yield every action, outside of a transaction and in one."""
    for action in _ACTIONS:
        if action != "ConditionCheckItem":
            yield action, False
        yield action, True


def _sent(world: World, role: str, write: _Write) -> str:
    """Send a write with a role's grants and return the error's code; empty if it has succeeded."""
    try:
        write.send(world, world.clone_role(role))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def _stopped(world: World, role: str, write: _Write) -> Outcome:
    code = _sent(world, role, write)
    if code in DENIALS:
        return held(code)
    if code in _LET_THROUGH or not code:
        return breached(f"{write}: IAM let it through")
    return inconclusive(f"{write}: it failed otherwise than required, {code}")


def _works(world: World, role: str, write: _Write) -> Outcome:
    """Check a write that a role needs: IAM lets it through to the condition."""
    code = _sent(world, role, write)
    return held(f"{write} works") if code in _LET_THROUGH else inconclusive(f"{write}, which is needed: {code or 'ok'}")


def _controls(role: str) -> list[_Write]:
    return [
        _Write(
            grant.table,
            grant.action,
            tuple(name.replace("*", "tenanta") for name in grant.attributes),
            in_transaction=grant.in_transaction,
        )
        for grant in grants_of(role)
    ]


def _needed(role: str, write: _Write) -> bool:
    return any(
        grant.covers(write.table, write.action, write.attributes, in_transaction=write.in_transaction)
        for grant in grants_of(role)
    )


def _of_others(role: str) -> Iterator[_Write]:
    """Yield the writes of attributes that the role does not need, in the way in which it writes others."""
    for grant in grants_of(role):
        for name in (*ATTRIBUTES[grant.table], _UNKNOWN):
            for in_transaction in {grant.in_transaction, True}:
                write = _Write(grant.table, grant.action, (name,), in_transaction=in_transaction)
                if not _needed(role, write):
                    yield write
                    # Beside one that it does need, too.
                    own = tuple(known for known in grant.attributes if "*" not in known)[:1]
                    yield replace(write, attributes=(*own, name))


def _of_other_actions(role: str) -> Iterator[_Write]:
    """Yield the writes by actions and to tables that the role does not need."""
    grants = grants_of(role)
    for table in KEYS if grants else ():
        known = {(grant.action) for grant in grants if grant.table == table}
        for action, in_transaction in _ways():
            if action not in known:
                for attributes in ((), *((name,) for name in ATTRIBUTES[table])):
                    yield _Write(table, action, attributes, in_transaction=in_transaction)


def _outside(role: str) -> Iterator[_Write]:
    """Yield what the role writes in a transaction, outside of one."""
    for write in _controls(role):
        if write.in_transaction and write.action != "ConditionCheckItem":
            yield replace(write, in_transaction=False)
            yield _Write(write.table, write.action)


def _returning(role: str) -> Iterator[_Write]:
    """Yield what the role writes, with a wish to see what the item holds."""
    for write in _controls(role):
        if not write.in_transaction:
            yield from (replace(write, returned=returned) for returned in _RETURNS[write.action])
        if write.action == "ConditionCheckItem":
            yield replace(write, returned="ALL_OLD")


def _of_strangers(role: str) -> Iterator[_Write]:
    """Yield every write, if the role has nothing to write."""
    if not grants_of(role):
        for table in KEYS:
            for action, in_transaction in _ways():
                yield _Write(table, action, in_transaction=in_transaction)


_TRIED: Final = (
    (
        "other-attributes",
        "Write each attribute that a role does not need, alone and beside one that it needs",
        _of_others,
    ),
    ("other-writes", "Write by each action and to each table that a role does not need", _of_other_actions),
    ("outside-transactions", "Write what a role needs outside of a transaction", _outside),
    ("returned-values", "Write what a role needs and ask for what the item holds", _returning),
    (
        "strangers",
        "Write to the directory by each action with each role that has nothing to write there",
        _of_strangers,
    ),
)


@roles.each(
    _TRIED,
    "directory-{}",
    threat=threats.LOOSE_POLICY,
    tries="{}, with the grants of each role in turn.",
    must="IAM denies each, and allows what the role needs.",
)
def _tried(world: World, wanted: Callable[[str], Iterator[_Write]]) -> Outcome:
    """Try writes, each with a role, after what the role needs has been seen to work."""
    tried = [(role, write) for role in _actors(world) for write in wanted(role.logical_id)]
    actors = list(dict.fromkeys(role for role, _ in tried))
    for role in actors:  # made one after the other, used by many threads
        world.clone_role(role.id)
    needed = [(role, write) for role in actors for write in _controls(role.logical_id)]
    with ThreadPoolExecutor(_THREADS) as pool:
        working = list(pool.map(lambda step: _works(world, step[0].id, step[1]), needed))
        stopped = list(pool.map(lambda step: _stopped(world, step[0].id, step[1]), tried))
    named = [
        (role.logical_id, outcome) for (role, _), outcome in zip([*needed, *tried], [*working, *stopped], strict=True)
    ]
    told = f"{len(tried)} writes in {len(actors)} roles, all denied; {len(needed)} that they need work"
    return together(*named, told=told)


@roles.attack("directory-partiql", threat=threats.LOOSE_POLICY, must="IAM denies each.")
def _(world: World) -> Outcome:
    """Write to each table of the directory by PartiQL, with the grants of each role that writes there."""
    calls: Calls = []
    for role in (found for found in _actors(world) if grants_of(found.logical_id)):
        execute = world.clone_role(role.id).dynamodb.execute_statement
        for table, key in KEYS.items():
            where = " AND ".join(f"\"{name}\" = '{uuid.uuid4()}'" for name in key)
            statement = f'UPDATE "{directory(world)[table]}" SET "roles:tenanta" = \'admin\' WHERE {where}'  # noqa: S608
            calls.append((f"{role.logical_id} on {table}", partial(execute, Statement=statement)))
    return together(*all_denied(calls), told=f"{len(calls)} statements, all denied")


@roles.attack(
    "directory-grants", threat=threats.LOOSE_POLICY, must="Each is found, so that what was tried is all that there is."
)
def _(world: World) -> Outcome:
    """Look for each role that is said to write to the directory."""
    found = [role.logical_id for role in _actors(world)]
    missing = sorted(
        {grant.role for grant in GRANTS if not any(role.startswith(f"{grant.role}Role") for role in found)}
    )
    if missing:
        return inconclusive(f"there is no role of {', '.join(missing)}")
    return held(f"{len({grant.role for grant in GRANTS})} roles")


# Reads


def _shown(world: World, label: str, shown: Collection[str], hidden: Collection[str]) -> Outcome:
    """Read a tenant with a role, or list somebody's tenants: what it is for, and what it is not for."""
    client, nobody = world.clone_of(label).dynamodb, {"S": str(uuid.uuid4())}

    def read(names: Collection[str] | None) -> object:
        placeholders = {f"#a{number}": name for number, name in enumerate(names or ())}
        projection: dict[str, Any] = {}
        if placeholders:
            projection = {
                "ProjectionExpression": ", ".join(placeholders),
                "ExpressionAttributeNames": placeholders,
            }
        if "List" in label:
            return client.query(
                TableName=world.target.tenant_users_table,
                IndexName=USER_INDEX,
                KeyConditionExpression="userid = :user",
                ExpressionAttributeValues={":user": nobody},
                **projection,
            )
        return client.get_item(TableName=world.target.tenants_table, Key={TENANT_ID: nobody}, **projection)

    calls: Calls = [
        *((f"{label} {name}", partial(read, [name])) for name in hidden),
        (f"{label} all", partial(read, None)),
        (f"{label} beside", partial(read, [*shown, *list(hidden)[:1]])),
    ]
    return together(allowed(partial(read, shown), f"what {label} is for"), *all_denied(calls))


@roles.attack("directory-reads", threat=threats.LOOSE_POLICY, must="IAM denies each, and allows what it is for.")
def _(world: World) -> Outcome:
    """Read what a role has no need of: a tenant's admins, the names, addresses and roles beside a user's tenants."""
    return together(
        _shown(world, "TenantGet", (TENANT_ID, "name", "foundedby"), ("admins", "state")),
        _shown(world, "AdminSaga", ("foundedby",), ("admins", "name")),
        _shown(world, "UserTenantsList", (TENANT_ID,), ("email", "name", "roles")),
        _shown(world, "AdminUserTenantsList", (TENANT_ID,), ("email", "name", "roles")),
    )
