"""Parks through the deployed API, by direct integrations."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

import pytest

from tests.e2e.parks import STATUSES, ParksApi
from tests.given_names import NAMES

if TYPE_CHECKING:
    from tenantry.attacks.world import World

_NAMES: Final = (
    "Big \"Bend\" 'n' \\ and \\\\",
    "#set($tenant = 'x')#foreach($i in [1..9])#end $context.authorizer.tenantId ${v1} $!{quote}",
    '","pk":{"S":"other#park"},"x":"',
    "é 🏞 שלום e\u0301 \u2028\u2029 \ufeff",
    "{{tenant_id}} {% $states.input %} ${aws:PrincipalTag/TenantId}",
    " ",
    "n" * 256,
    *NAMES,
)


@pytest.fixture
def park() -> str:
    """Return an id that no park has."""
    return f"p-{secrets.token_hex(6)}"


def test_park_is_visible_in_its_tenant_only(texas: ParksApi, colorado: ParksApi, park: str) -> None:
    texas.add(park, "Big Bend", status="park-closed")

    shown = {"id": park, "name": "Big Bend", "status": "park-closed"}
    assert texas.park(park) == shown
    assert shown in texas.every_page()
    assert park not in [found["id"] for found in colorado.every_page()]
    missing = colorado.send("GET", f"/parks/{park}")
    assert (missing.status, missing.json()) == (404, {"message": "Park not found"})


def test_same_park_id_in_two_tenants_is_separate(texas: ParksApi, colorado: ParksApi, park: str) -> None:
    texas.add(park, "in Texas")
    colorado.add(park, "in Colorado")

    assert colorado.send("POST", f"/parks/{park}/statuses", {"status": "park-closed"}).status == 204
    assert texas.park(park) == {"id": park, "name": "in Texas", "status": "park-opened"}
    assert colorado.park(park) == {"id": park, "name": "in Colorado", "status": "park-closed"}


@pytest.mark.parametrize("name", _NAMES, ids=range(len(_NAMES)))
def test_name_is_stored_exactly(world: World, texas: ParksApi, park: str, name: str) -> None:
    texas.add(park, name)

    assert texas.park(park) == {"id": park, "name": name, "status": "park-opened"}
    assert {"id": park, "name": name, "status": "park-opened"} in texas.every_page()
    assert texas.send("POST", f"/parks/{park}/statuses", {"status": "natural-disaster"}).status == 204
    stored = world.target.aws.dynamodb.get_item(
        TableName=world.target.parks_table,
        Key={"pk": {"S": f"{texas.person.tenant}#park"}, "sk": {"S": park}},
        ConsistentRead=True,
    )["Item"]
    assert set(stored) == {"pk", "sk", "name", "status", "statuskey", "statusat"}
    assert (stored["name"], stored["statuskey"]) == ({"S": name}, {"S": f"natural-disaster#{park}"})


def test_duplicate_park_id_is_a_conflict(texas: ParksApi, park: str) -> None:
    texas.add(park, "the first")
    again = texas.send("POST", "/parks", {"id": park, "name": "the second"})

    assert (again.status, again.json()) == (409, {"message": "A park with this id already exists"})
    assert texas.park(park)["name"] == "the first"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "Big-Bend", "name": "x"},
        {"id": "1st", "name": "x"},
        {"id": "a#b", "name": "x"},
        {"id": "statuses", "name": "x"},
        {"id": "p" * 129, "name": "x"},
        {"id": "good", "name": ""},
        {"id": "good", "name": "n" * 257},
        {"id": "good", "name": 5},
        *({"id": "good", "name": f"a{character}b"} for character in "\0\n\x7f\x85\u202e\u2066"),
        {"id": "good", "name": "x", "status": "closed"},
        {"id": "good", "name": "x", "tenantId": "other"},
        {"id": "good", "name": {"S": "x"}},
        {"name": "x"},
        [],
        "{",
    ],
    ids=str,
)
def test_bad_park_is_400_and_adds_nothing(texas: ParksApi, body: object) -> None:
    before = texas.every_page()
    reply = texas.send("POST", "/parks", body)

    assert reply.status == 400
    assert len(reply.json()["message"]) > 20
    assert texas.every_page() == before


def test_status_is_set_and_unknown_status_is_400(texas: ParksApi, park: str) -> None:
    texas.add(park)
    for status in STATUSES:
        assert texas.send("POST", f"/parks/{park}/statuses", {"status": status}).status == 204
        assert texas.status(park) == status
    wrong = texas.send("POST", f"/parks/{park}/statuses", {"status": "park-reopened"})

    assert wrong.status == 400
    assert all(status in wrong.json()["message"] for status in STATUSES)
    assert texas.status(park) == STATUSES[-1]


def test_status_of_unknown_park_is_404_and_creates_nothing(texas: ParksApi, colorado: ParksApi, park: str) -> None:
    texas.add(park)
    reply = colorado.send("POST", f"/parks/{park}/statuses", {"status": "park-closed"})

    assert (reply.status, reply.json()) == (404, {"message": "Park not found"})
    assert texas.status(park) == "park-opened"
    assert colorado.send("GET", f"/parks/{park}").status == 404


@pytest.mark.parametrize("path", ["/parks", "/parks/{park}/statuses", "/parks/statuses", "/parks/{park}/webhooks"])
def test_wrong_content_type_is_415(texas: ParksApi, park: str, path: str) -> None:
    texas.add(park)
    bodies = {
        "/parks": {"id": f"{park}-x", "name": "x"},
        "/parks/{park}/statuses": {"status": "park-closed"},
        "/parks/statuses": {"ids": [park], "status": "park-closed"},
        "/parks/{park}/webhooks": {"eventType": "park-closed", "endpoint": "https://8-8-8-8.sslip.io/"},
    }
    for content_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        reply = texas.send("POST", path.format(park=park), json.dumps(bodies[path]), **{"Content-Type": content_type})
        assert (reply.status, reply.json()) == (415, {"message": "Unsupported Media Type"})
    assert texas.status(park) == "park-opened"
    assert texas.send("GET", f"/parks/{park}-x").status == 404


def test_pages_list_one_tenant_and_cursors_work_there_only(world: World, colorado: ParksApi) -> None:
    utah = ParksApi.of_a_new_tenant(world, "utah")
    for number in range(5):
        utah.add(f"park-{number}", status=STATUSES[number % 2])
    first = utah.send("GET", "/parks?limit=2").json()

    assert [park["id"] for park in utah.every_page()] == [f"park-{number}" for number in range(5)]
    assert [park["id"] for park in utah.every_page("&status=park-closed")] == ["park-0", "park-2", "park-4"]
    assert utah.every_page("&status=natural-disaster") == []
    foreign = colorado.send("GET", f"/parks?cursor={first['cursor']}")
    assert foreign.status == 400
    assert "park-" not in foreign.text.replace("park-closed, park-opened", "")
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%22", "status=closed", "status=%27"):
        assert utah.send("GET", f"/parks?{query}").status == 400, query


def test_roles_allow_the_contracts_routes(world: World, texas: ParksApi, park: str) -> None:
    texas.add(park)
    status, many = {"status": "park-closed"}, {"ids": [park], "status": "park-closed"}
    hook = {"eventType": "park-closed", "endpoint": "https://8-8-8-8.sslip.io/hook"}
    calls: tuple[tuple[str, str, object, set[str]], ...] = (
        ("GET", "/parks", None, {"admin", "member", "visitor"}),
        ("GET", f"/parks/{park}", None, {"admin", "member", "visitor"}),
        ("POST", "/parks", {"id": park, "name": "again"}, {"admin", "member"}),
        ("POST", f"/parks/{park}/statuses", status, {"admin"}),
        ("POST", "/parks/statuses", many, {"admin"}),
        ("POST", f"/parks/{park}/webhooks", hook, {"admin", "visitor"}),
        ("GET", f"/parks/{park}/webhooks", None, {"admin", "visitor"}),
        ("DELETE", f"/parks/{park}/webhooks/{'0' * 32}", None, {"admin", "visitor"}),
    )
    for role in ("member", "visitor", "admin"):
        somebody = ParksApi(world, world.member(f"a-{role}", texas.person.tenant, {role}))
        for method, path, body, roles in calls:
            refused = somebody.send(method, path, body).status == 403
            assert refused is (role not in roles), f"{role}: {method} {path}"
