"""The parks API in one person's hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from attacks.http import Reply
    from attacks.people import Person
    from attacks.world import World

STATUSES: Final = ("park-closed", "park-opened", "natural-disaster")


class ParksApi:
    """Sends requests as somebody."""

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self.person = person

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
        deadline = time.monotonic() + seconds
        while self.status(park) != status:
            assert time.monotonic() < deadline, f"{park} is still {self.status(park)}"
            time.sleep(0.2)

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
