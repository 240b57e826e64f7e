"""Every table that the deployed templates declare as tenants', with sessions vended for every purpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import DENIALS, denied, together
from tenantry.attacks.outcome import AttackResult, Outcome, held, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.sessions import IsolationLayers, Sessions
from tenantry.attacks.surfaces.vending import prize
from tenantry.attacks.tenant_rows import sweep_parks
from tenantry.model.stores import STORES, By, Store
from tenantry.model.tenant_tables import PARK, WEBHOOK, of_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tenantry.attacks.storage import Owner
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

    Calls = list[tuple[str, Callable[[], object]]]

declared: Final = REGISTRY.surface(
    "declared",
    "Every table whose declaration in the deployed template says that its partition key names the tenant: another "
    "tenant's rows, with vended credentials for each purpose, with each isolation layer alone and with both",
)

_KIND: Final = "AWS::DynamoDB::Table"


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


def _tables(world: World) -> list[_Table]:
    return world.once("declared tables", lambda: list(_declared_tables(world)))


def _declared_tables(world: World) -> Iterator[_Table]:
    templates: dict[str, Any] = {}
    for found in (resource for resource in world.resources if resource.kind == _KIND):
        if found.stack not in templates:
            body = world.target.aws.cloudformation.get_template(StackName=found.stack)["TemplateBody"]
            templates[found.stack] = body
        resource = templates[found.stack]["Resources"][found.logical_id]
        for store in map(Store.read, resource.get("Metadata", {}).get(STORES, [])):
            if store.by is By.PARTITION_KEY:
                keys = [key["AttributeName"] for key in resource["Properties"]["KeySchema"]]
                yield from (
                    _Table(name=found.id, keys=keys, form=form)
                    for declared_form in store.forms
                    if declared_form.startswith("{tenant}")
                    for form in _forms(declared_form, world.run)
                )


def _forms(form: str, text: str) -> list[str]:
    """Return what a form's ``*`` stands for: each kind of rows that there is, and a text that nobody has thought of."""
    if "*" not in form:
        return [form]
    kinds = (form.replace("#*", of_kind(kind)) for kind in (PARK, WEBHOOK))
    return [*(filled for filled in kinds if "*" not in filled), form.replace("*", text)]


def _own_park(world: World) -> None:
    """Add a park of the attacker's; beside it, what is there to win includes a row of theirs in the other tables."""
    alice = world.users.alice
    world.cleanup.later(f"the parks of {alice.tenant}", partial(sweep_parks, world, alice.tenant))
    reply = world.parks_api("POST", "/parks", alice.tokens.id, {"id": f"{world.run}-own", "name": "the attacker's"})
    if not reply.ok:
        raise SetupError(f"A park cannot be added: {reply}")


def _calls(world: World, table: _Table, aws: Aws, victim: Owner) -> Calls:
    """Return calls on a victim's rows; each names an item that is not there, should it be let through."""
    rows, name = aws.dynamodb, table.name
    key: Any = {**table.partition(victim), **{sort: {"S": world.run} for sort in table.keys[1:]}}
    if table.keys[1:]:
        world.once(
            f"row of {name} {key}",
            lambda: world.cleanup.later(
                f"the row {world.run} of {name}",
                partial(world.target.aws.dynamodb.delete_item, TableName=name, Key=key),
            ),
        )
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
    world.once("declared park", lambda: _own_park(world))
    steps, reached = [], dict[str, int]()
    for purpose in sessions.purposes:
        aws = sessions.act(purpose, layers, at.alice)
        for table in tables:
            steps += [
                (f"{name} {table.form} in {table.name} for {purpose}", denied(call, codes=DENIALS))
                for name, call in _calls(world, table, aws, at.bob)
            ]
            try:
                rows = table.query(aws, at.alice)
            except ClientError:
                continue
            reached[table.name] = reached.get(table.name, 0) + len(rows)
    if empty := [name for name, rows in reached.items() if not rows]:
        return inconclusive(f"the attacker's own tenant has no row in {empty}: its keys are not those that were tried")
    if not reached:
        return inconclusive("no session can read its own tenant's rows, so that a denial of others' means nothing")
    outcome = together(*steps)
    if outcome.result is not AttackResult.HELD:
        return outcome
    names = {table.name for table in tables}
    return held(f"{len(steps)} calls on {len(names)} tables, all denied; {len(reached)} show their own tenant's rows")


for _layers in IsolationLayers:
    declared.add(
        f"rows-{_layers}",
        threat=threats.LOOSE_POLICY,
        tries=f"Query, get, scan, delete and put Bob's rows in each declared table, with sessions for each purpose "
        f"(isolation layers: {_layers}).",
        must="Denied by DynamoDB, whatever the purpose.",
        run=partial(_rows, layers=_layers),
    )
