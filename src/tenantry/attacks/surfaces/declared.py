"""Every table that the deployed templates declare as tenants', with sessions vended for every purpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.assertions import all_denied, expect, together
from tenantry.attacks.outcome import Outcome, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.surfaces.vending import prize
from tenantry.attacks.tenant_rows import sweep_parks
from tenantry.model.stores import STORES, By, Store
from tenantry.model.tenant_tables import PARK, WEBHOOK, of_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.attacks.assertions import Calls
    from tenantry.attacks.storage import Owner
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

declared: Final = REGISTRY.surface(
    "declared",
    "Every table whose declaration in the deployed template says that its partition key names the tenant: another "
    "tenant's rows, with vended credentials for each purpose, with each isolation layer alone and with both",
)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A table of tenants' rows, and one form of their partition keys.

    Attributes
    ----------
    name
        Its name.
    keys
        Its partition key and, if it has one, its sort key.
    form
        What the partition key of a tenant's rows is, with ``{tenant}`` and perhaps ``{user}`` in it; no ``*``.
    """

    name: str
    keys: Sequence[str]
    form: str

    def partition(self, owner: Owner) -> Mapping[str, Any]:
        """Return the partition key of somebody's rows."""
        value = self.form.replace("{tenant}", owner.tenant).replace("{user}", owner.user)
        return {self.keys[0]: {"S": value}}

    def query(self, aws: Aws, owner: Owner) -> Sequence[object]:
        """Query somebody's rows."""
        ((key, value),) = self.partition(owner).items()
        found = aws.dynamodb.query(
            TableName=self.name,
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": value},
        )
        return found["Items"]


@once_per_run
def _tables(world: World) -> list[_Table]:
    found = world.resources_of("AWS::DynamoDB::Table")
    get = world.target.aws.cloudformation.get_template
    templates: Any = {stack: get(StackName=stack)["TemplateBody"] for stack in {made.stack for made in found}}
    tables: list[_Table] = []
    for made in found:
        resource = templates[made.stack]["Resources"][made.logical_id]
        keys = [key["AttributeName"] for key in resource["Properties"]["KeySchema"]]
        for store in map(Store.read, resource.get("Metadata", {}).get(STORES, [])):
            forms = [form for form in store.forms if form.startswith("{tenant}")]
            if store.by is By.PARTITION_KEY:
                filled = [text for form in forms for text in _forms(form, world.run)]
                tables += [_Table(name=made.id, keys=keys, form=form) for form in filled]
    return tables


def _forms(form: str, text: str) -> list[str]:
    """Return what a form's ``*`` stands for: each kind of rows that there is, and a text that nobody has thought of."""
    if "*" not in form:
        return [form]
    kinds = (form.replace("#*", of_kind(kind)) for kind in (PARK, WEBHOOK))
    return [*(filled for filled in kinds if "*" not in filled), form.replace("*", text)]


@once_per_run
def _own_park(world: World) -> None:
    """Add a park of the attacker's; beside it, what is there to win includes a row of theirs in the other tables."""
    alice = world.users.alice
    sweep_parks(world, alice.tenant)
    park = {"id": f"{world.run}-own", "name": "the attacker's"}
    expect(world.parks_api("POST", "/parks", alice.tokens.id, park), "Adding a park")


def _calls(world: World, table: _Table, aws: Aws, victim: Owner) -> Calls:
    """Return calls on a victim's rows; each names an item that is not there, should it be let through."""
    rows, name = aws.dynamodb, table.name
    key: Any = {**table.partition(victim), **{sort: {"S": world.run} for sort in table.keys[1:]}}
    if table.keys[1:]:
        delete = partial(world.target.aws.dynamodb.delete_item, TableName=name, Key=key)
        world.remove(f"the row {key} of {name}", delete)
    reads: Calls = [
        ("query", partial(table.query, aws, victim)),
        ("get", partial(rows.get_item, TableName=name, Key=key)),
        ("scan", partial(rows.scan, TableName=name, Limit=1)),
    ]
    if not table.keys[1:]:  # the item would be the victim's own
        return reads
    return [
        *reads,
        ("put", partial(rows.put_item, TableName=name, Item=key)),
        ("delete", partial(rows.delete_item, TableName=name, Key=key)),
    ]


def _rows(world: World, layers: IsolationLayers) -> Outcome:
    at, sessions, tables = prize(world), Sessions.of(world), _tables(world)
    _own_park(world)
    steps, reached = [], dict[str, int]()
    for purpose in sessions.purposes:
        aws = sessions.act(purpose, layers, at.alice)
        for table in tables:
            where = f"{table.form} in {table.name} for {purpose}"
            steps += all_denied((f"{name} {where}", call) for name, call in _calls(world, table, aws, at.bob))
            try:
                rows = table.query(aws, at.alice)
            except ClientError:
                continue
            reached[table.name] = reached.get(table.name, 0) + len(rows)
    if empty := [name for name, rows in reached.items() if not rows]:
        return inconclusive(f"the attacker's own tenant has no row in {empty}: its keys are not those that were tried")
    if not reached:
        return inconclusive("no session can read its own tenant's rows, so that a denial of others' means nothing")
    names = {table.name for table in tables}
    told = f"{len(steps)} calls on {len(names)} tables, all denied; {len(reached)} show their own tenant's rows"
    return together(*steps, told=told)


for _layers in IsolationLayers:
    declared.add(
        f"rows-{_layers}",
        threat=threats.LOOSE_POLICY,
        tries=f"Query, get, scan, delete and put Bob's rows in each declared table, with sessions for each purpose "
        f"(isolation layers: {_layers}).",
        must="Denied by DynamoDB, whatever the purpose.",
        run=partial(_rows, layers=_layers),
    )
