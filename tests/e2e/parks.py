"""The parks API as one user calls it."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from tests.waiting import until

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

STATUSES: Final = ("park-closed", "park-opened", "natural-disaster")


class ParksApi:
    """Sends requests as somebody."""

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self.person = person

    @classmethod
    def of_a_new_tenant(cls, world: World, label: str) -> Self:
        """Return it for an admin of a new, empty tenant."""
        tenant = f"{label}-{secrets.token_hex(4)}"
        world.cleanup.later(f"the parks of {tenant}", partial(sweep, world, tenant))
        return cls(world, world.tenant_admin(label, tenant))

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        return self._world.parks_api(method, path, self.person.tokens.id, body, headers=headers)

    def add(self, park: str, name: str = "A park", **more: str) -> None:
        reply = self.send("POST", "/parks", {"id": park, "name": name, **more})
        assert (reply.status, reply.json()) == (201, {"id": park}), reply

    def park(self, park: str) -> dict[str, str]:
        reply = self.send("GET", f"/parks/{park}")
        assert reply.status == 200, reply
        shown: dict[str, str] = reply.json()
        return shown

    def status(self, park: str) -> str:
        return self.park(park)["status"]

    def await_status(self, park: str, status: str, seconds: float = 30) -> None:
        until(lambda: self.status(park) == status, f"{park} with status {status}", timeout=seconds, poll=0.2)

    def every_page(self, query: str = "") -> list[dict[str, str]]:
        parks: list[dict[str, str]] = []
        cursor = ""
        while True:
            reply = self.send("GET", f"/parks?limit=2{query}{f'&cursor={cursor}' if cursor else ''}")
            assert reply.status == 200, reply
            page: dict[str, Any] = reply.json()
            parks += page["items"]
            cursor = page.get("cursor", "")
            if not cursor:
                return parks

    def webhooks(self, park: str) -> dict[str, dict[str, str]]:
        reply = self.send("GET", f"/parks/{park}/webhooks")
        assert reply.status == 200, reply
        return {webhook["id"]: webhook for webhook in reply.json()["items"]}

    def subscribe(self, park: str, event_type: str, endpoint: str) -> str:
        reply = self.send("POST", f"/parks/{park}/webhooks", {"eventType": event_type, "endpoint": endpoint})
        assert reply.status == 201, reply
        made: str = reply.json()["id"]
        return made

    def await_confirmed(self, park: str, webhook: str, seconds: float = 15) -> None:
        until(
            lambda: self.webhooks(park)[webhook]["state"] == "confirmed",
            f"confirmed webhook {webhook}",
            timeout=seconds,
            poll=0.2,
        )


def sweep(world: World, tenant: str) -> None:
    """Remove what a tenant has in the table."""
    dynamodb, table = world.target.aws.dynamodb, world.target.parks_table
    for kind in ("park", "webhook"):
        found = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{tenant}#{kind}"}},
        )
        for item in found["Items"]:
            dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
