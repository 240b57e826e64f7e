"""Webhooks over time: who sees and removes them, and what happens to them when their owner leaves."""

from __future__ import annotations

import json
import queue
import secrets
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest

from stacks.platform.events import Events
from tenantry.attacks.tenant_fixture import TenantFixture
from tests.e2e.parks import ParksApi, sweep
from tests.receiver import Receiver
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_SOON_SECONDS: Final = 5.0


@pytest.fixture(scope="module")
def texas(world: World) -> TenantFixture:
    made = TenantFixture.create(world, "texas")
    world.cleanup.later(f"the parks of {made.tenant}", lambda: sweep(world, made.tenant))
    return made


@pytest.fixture(scope="module")
def admin(world: World, texas: TenantFixture) -> ParksApi:
    return ParksApi(world, texas.admin)


@pytest.fixture
def park(admin: ParksApi) -> str:
    park = f"p-{secrets.token_hex(6)}"
    admin.add(park)
    return park


@pytest.fixture
def endpoint(deployed: LocalCloud) -> Iterator[Callable[..., Receiver]]:
    """Return what opens endpoints."""
    with ExitStack() as stack:
        yield lambda **more: stack.enter_context(Receiver(deployed, **more))


def _visitor(world: World, texas: TenantFixture) -> ParksApi:
    return ParksApi(world, texas.member(f"visitor-{secrets.token_hex(3)}", "visitor"))


def _confirmed(api: ParksApi, park: str, receiver: Receiver) -> str:
    """Return the id of a confirmed webhook."""
    webhook = api.subscribe(park, "park-closed", receiver.url)
    api.await_confirmed(park, webhook)
    return webhook


def _close(admin: ParksApi, park: str) -> None:
    assert admin.send("POST", f"/parks/{park}/statuses", {"status": "park-closed"}).status == 204


def _await_paused(admin: ParksApi, park: str, webhook: str, reason: str) -> None:
    until(lambda: admin.webhooks(park)[webhook]["state"] == "paused", "a paused webhook", timeout=_SOON_SECONDS)
    assert admin.webhooks(park)[webhook]["pausedReason"] == reason


def _is_silent(receiver: Receiver, seconds: float = 1.0) -> None:
    with pytest.raises(queue.Empty):
        receiver.next("Notification", seconds=seconds)


def test_visitor_manages_own_webhooks_and_admin_sees_owners(
    world: World, texas: TenantFixture, admin: ParksApi, park: str, endpoint: Callable[..., Receiver]
) -> None:
    vera, vic = _visitor(world, texas), _visitor(world, texas)
    made = {who: who.subscribe(park, "park-closed", endpoint().url) for who in (admin, vera, vic)}

    assert {hook: shown["createdBy"] for hook, shown in admin.webhooks(park).items()} == {
        hook: who.person.user_id for who, hook in made.items()
    }
    for who in (vera, vic):
        assert list(who.webhooks(park)) == [made[who]]
        assert "createdBy" not in who.webhooks(park)[made[who]]
    for hook in (made[admin], made[vic]):
        assert vera.send("DELETE", f"/parks/{park}/webhooks/{hook}").status == 404
    assert vera.send("POST", f"/parks/{park}/webhooks/{made[vic]}/owner").status == 403
    assert set(admin.webhooks(park)) == set(made.values())
    assert vera.send("DELETE", f"/parks/{park}/webhooks/{made[vera]}").status == 204
    assert admin.send("DELETE", f"/parks/{park}/webhooks/{made[vic]}").status == 204
    assert set(admin.webhooks(park)) == {made[admin]}


def test_duplicate_webhook_does_not_change_its_owner(
    world: World, texas: TenantFixture, admin: ParksApi, park: str, endpoint: Callable[..., Receiver]
) -> None:
    vera, receiver = _visitor(world, texas), endpoint()
    body = {"eventType": "park-closed", "endpoint": receiver.url}
    hook = admin.subscribe(park, event_type="park-closed", endpoint=receiver.url)

    assert vera.send("POST", f"/parks/{park}/webhooks", body).status == 409
    assert admin.webhooks(park)[hook]["createdBy"] == admin.person.user_id
    assert admin.subscribe(park, "park-closed", receiver.url) == hook


def test_removed_members_webhook_is_paused_and_can_be_taken_over(
    *,
    world: World,
    texas: TenantFixture,
    admin: ParksApi,
    park: str,
    endpoint: Callable[..., Receiver],
    heard: Callable[[int], list[dict[str, Any]]],
) -> None:
    vera, receiver, kept = _visitor(world, texas), endpoint(), endpoint()
    hook, _other = _confirmed(vera, park, receiver), _confirmed(admin, park, kept)
    _close(admin, park)
    receiver.next("Notification")
    kept.next("Notification")

    assert texas.by_admin("DELETE", f"{texas.path}/{vera.person.user_id}").status == 204
    _await_paused(admin, park, hook, "removed")
    _close(admin, park)
    kept.next("Notification")
    _is_silent(receiver)
    said = [event for event in heard(2) if event["detail-type"] == "webhookPaused"]
    assert [(event["detail"]["webhookId"], event["detail"]["userName"]) for event in said] == [
        (hook, vera.person.user_id)
    ]
    events = Events(world.target.app)
    jsonschema.Draft4Validator(events.schemas()[events.webhook_paused]).validate(said[0]["detail"])

    receiver.count = 0
    assert admin.send("POST", f"/parks/{park}/webhooks/{hook}/owner").status == 204
    admin.await_confirmed(park, hook)
    assert receiver.count == 1
    assert admin.webhooks(park)[hook]["createdBy"] == admin.person.user_id
    _close(admin, park)
    receiver.next("Notification")


def test_takeover_changes_the_owner_and_unknown_webhook_is_404(
    world: World, texas: TenantFixture, admin: ParksApi, park: str, endpoint: Callable[..., Receiver]
) -> None:
    vera, receiver = _visitor(world, texas), endpoint()
    hook = _confirmed(vera, park, receiver)
    assert admin.send("POST", f"/parks/{park}/webhooks/{'0' * 32}/owner").status == 404
    assert admin.send("POST", f"/parks/no-such-park/webhooks/{hook}/owner").status == 404
    assert admin.send("POST", f"/parks/{park}/webhooks/{hook}/owner").status == 204

    admin.await_confirmed(park, hook)
    assert vera.webhooks(park) == {}
    _close(admin, park)
    receiver.next("Notification")
    _is_silent(receiver)


@pytest.mark.parametrize(("roles", "paused"), [(["member"], True), (["member", "visitor"], False), (["admin"], False)])
def test_losing_the_last_webhook_role_pauses_webhooks(
    *,
    world: World,
    texas: TenantFixture,
    admin: ParksApi,
    park: str,
    endpoint: Callable[..., Receiver],
    roles: list[str],
    paused: bool,
) -> None:
    vera, later, receiver = _visitor(world, texas), _visitor(world, texas), endpoint()
    hook = _confirmed(vera, park, receiver)
    reply = texas.by_admin("PUT", f"{texas.path}/{vera.person.user_id}/roles", {"roles": roles})
    assert reply.status == 204

    if paused:
        _await_paused(admin, park, hook, "roleLost")
        assert texas.by_admin("PUT", f"{texas.path}/{vera.person.user_id}/roles", {"roles": ["visitor"]}).status == 204
        assert vera.webhooks(park)[hook]["state"] == "paused"
        assert vera.subscribe(park, "park-closed", receiver.url) == hook  # back, and the endpoint confirms again
        vera.await_confirmed(park, hook)
    else:
        # Once a later loss of a role has had its effect, the earlier change has been handled too.
        another = later.subscribe(park, "park-opened", receiver.url)
        assert texas.by_admin("PUT", f"{texas.path}/{later.person.user_id}/roles", {"roles": ["member"]}).status == 204
        _await_paused(admin, park, another, "roleLost")
        assert admin.webhooks(park)[hook]["state"] == "confirmed"
    _close(admin, park)
    receiver.next("Notification")


def _mark(world: World, person: Person, attribute: str) -> None:
    world.target.aws.dynamodb.update_item(
        TableName=world.target.users_table,
        Key={"userid": {"S": person.user_id}},
        UpdateExpression="SET #name = :now",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )


@pytest.mark.parametrize(("kind", "attribute"), [("blocked", "blockedat"), ("deleted", "deletedat")])
def test_blocked_or_deleted_accounts_webhooks_are_paused(
    *,
    world: World,
    texas: TenantFixture,
    admin: ParksApi,
    park: str,
    endpoint: Callable[..., Receiver],
    kind: str,
    attribute: str,
) -> None:
    vera, receiver = _visitor(world, texas), endpoint()
    hook = _confirmed(vera, park, receiver)
    _mark(world, vera.person, attribute)
    detail = {"changeId": "1", "at": "2026-01-01T00:00:00Z", "by": "operator", "userName": vera.person.user_id}
    world.target.aws.events.put_events(
        Entries=[
            {
                "Source": f"{world.target.app}.user",
                "DetailType": kind,
                "Detail": json.dumps({**detail, "tenants": [texas.tenant]}),
                "EventBusName": world.target.bus,
            }
        ]
    )

    _await_paused(admin, park, hook, kind)
    _close(admin, park)
    _is_silent(receiver)


@pytest.mark.parametrize("queued", [False, True], ids=["at-once", "queued"])
def test_webhook_of_removed_user_gets_nothing_without_an_event(
    world: World, texas: TenantFixture, admin: ParksApi, park: str, endpoint: Callable[..., Receiver], *, queued: bool
) -> None:
    vera, receiver, kept = _visitor(world, texas), endpoint(), endpoint()
    hook, other = _confirmed(vera, park, receiver), _confirmed(admin, park, kept)
    world.accounts.dismiss(vera.person, texas.tenant)  # in the directory alone: nothing is published
    if queued:
        assert admin.send("POST", "/parks/statuses", {"ids": [park], "status": "park-closed"}).status == 202
    else:
        _close(admin, park)

    kept.next("Notification", seconds=30)
    _is_silent(receiver)
    assert admin.webhooks(park)[hook]["state"] == "paused"
    assert admin.webhooks(park)[other]["state"] == "confirmed"


def test_late_confirmation_after_owner_removal_gets_nothing(
    world: World, texas: TenantFixture, admin: ParksApi, park: str, endpoint: Callable[..., Receiver]
) -> None:
    vera, late, kept = _visitor(world, texas), endpoint(confirms=False), endpoint()
    hook = vera.subscribe(park, "park-closed", late.url)
    other = admin.subscribe(park, "park-closed", kept.url)
    admin.await_confirmed(park, other)
    asked = late.next("SubscriptionConfirmation")
    assert texas.by_admin("DELETE", f"{texas.path}/{vera.person.user_id}").status == 204
    _await_paused(admin, park, hook, "removed")
    late.confirm(asked)
    _close(admin, park)

    kept.next("Notification")
    _is_silent(late)


def test_late_confirmation_of_removed_webhook_gets_nothing(
    admin: ParksApi, park: str, endpoint: Callable[..., Receiver]
) -> None:
    late, kept = endpoint(confirms=False), endpoint()
    hook = admin.subscribe(park, "park-closed", late.url)
    admin.await_confirmed(park, admin.subscribe(park, "park-closed", kept.url))
    asked = late.next("SubscriptionConfirmation")
    assert admin.send("DELETE", f"/parks/{park}/webhooks/{hook}").status == 204
    late.confirm(asked)
    _close(admin, park)

    kept.next("Notification")
    _is_silent(late)
