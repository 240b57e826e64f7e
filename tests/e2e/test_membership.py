"""Users of many tenants: switching, roles and invitations, effective at the next call. Refusals are in `attacks`."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from stacks.platform.events import Events
from tenantry.attacks.tenant_fixture import TenantFixture
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_KEPT_SECONDS: Final = 3
_ROLES: Final = ("admin", "member", "visitor")
_BODIES: Final = st.one_of(
    st.fixed_dictionaries({"roles": st.lists(st.sampled_from(_ROLES), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"roles": st.just("admin")}),
    st.fixed_dictionaries({"roles": st.just(["admin"]), "tenantId": st.sampled_from(["texas", "*"])}),
    st.just('{"roles": ["visitor"], "roles": ["admin"]}'),
)


@pytest.fixture(scope="module")
def texas(world: World) -> TenantFixture:
    """Return a tenant whose admin is a visitor in `colorado`."""
    return TenantFixture.create(world, "texas")


@pytest.fixture(scope="module")
def colorado(world: World, texas: TenantFixture) -> TenantFixture:
    made = TenantFixture.create(world, "colorado")
    world.accounts.enrol(texas.admin, made.tenant, {"visitor"})
    return made


def _switch(house: TenantFixture, person: Person) -> None:
    reply = house.world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": house.tenant})
    assert reply.status == 204, reply


def _settings(world: World, person: Person) -> Any:  # noqa: ANN401 - a reply
    reply = world.membership_api("GET", "/settings", person.tokens.id)
    assert reply.status == 200, reply
    return reply.json()


def _accept(house: TenantFixture, person: Person) -> Reply:
    return house.world.membership_api("POST", f"/invitations/{house.tenant}/acceptance", person.tokens.id)


def test_routes_follow_the_role_in_the_active_tenant(
    world: World, texas: TenantFixture, colorado: TenantFixture
) -> None:
    traveller = texas.admin
    member = {house.tenant: house.member("settled", "member") for house in (texas, colorado)}
    for house, roles, status in ((colorado, ["visitor"], 403), (texas, ["admin"], 200)):
        _switch(house, traveller)
        assert _settings(world, traveller) == {"tenantId": house.tenant, "roles": roles}
        path, other = house.path, colorado.path if house is texas else texas.path
        token, settled = traveller.tokens.id, member[house.tenant].user_id
        invitation = {"email": world.accounts.mailbox("invited"), "roles": ["member"]}
        replies = {
            "list": (world.membership_api("GET", path, token), 200),
            "invitations": (world.membership_api("GET", f"/tenants/{house.tenant}/invitations", token), 200),
            "invite": (world.membership_api("POST", path, token, invitation), 201),
            "roles": (world.membership_api("PUT", f"{path}/{settled}/roles", token, {"roles": ["visitor"]}), 204),
            "remove": (world.membership_api("DELETE", f"{path}/{settled}", token), 204),
        }
        for name, (reply, good) in replies.items():
            assert reply.status == (good if status == 200 else 403), (name, reply)
        # The tenant that is not active is out of reach, whatever the roles there.
        assert world.membership_api("GET", other, token).status == 403
        for path in ("/tenants", "/invitations"):
            assert world.membership_api("GET", path, token).status == 200


def test_switching_back_and_forth_uses_the_active_tenant(
    world: World, texas: TenantFixture, colorado: TenantFixture
) -> None:
    traveller = texas.admin
    _switch(texas, traveller)
    seen = []
    for house in (colorado, texas, colorado, texas):
        _switch(house, traveller)
        seen += [_settings(world, traveller)["tenantId"], _settings(world, traveller)["tenantId"]]

    c, t = colorado.tenant, texas.tenant
    assert seen == [c, c, t, t, c, c, t, t]
    listed = world.membership_api("GET", "/tenants", traveller.tokens.id).json()["tenants"]
    assert {(tenant["tenantId"], tuple(tenant["roles"]), tenant["active"]) for tenant in listed} == {
        (t, ("admin",), True),
        (c, ("visitor",), False),
    }


def test_next_token_has_the_active_tenant(world: World, texas: TenantFixture, colorado: TenantFixture) -> None:
    traveller = texas.admin
    for house in (colorado, texas):
        _switch(house, traveller)
        assert world.accounts.sign_in_with_claim(traveller).tenant == house.tenant
        assert _settings(world, traveller)["tenantId"] == house.tenant

    removed = colorado.member("removed", "member")
    assert colorado.by_admin("DELETE", f"{colorado.path}/{removed.user_id}").status == 204
    assert _settings(world, removed) == {"roles": []}
    assert world.accounts.sign_in(removed).tenant is None


def test_invitation_before_sign_up_can_be_accepted(world: World) -> None:
    house = TenantFixture.create(world, "inviting")
    guest = world.accounts.sign_up("guest")  # whose own tenant stays the active one
    house.invite(guest.email.upper(), "visitor", "member")

    (listed,) = world.membership_api("GET", "/invitations", guest.tokens.id).json()["invitations"]
    accepted = _accept(house, guest)

    assert (listed["tenantId"], listed["roles"]) == (house.tenant, ["member", "visitor"])
    assert (accepted.status, accepted.json()["roles"]) == (201, ["member", "visitor"])
    assert _settings(world, guest) == {"tenantId": guest.tenant, "roles": ["admin"]}
    assert world.membership_api("GET", "/invitations", guest.tokens.id).json() == {"invitations": []}
    (member,) = [found for found in house.good().json()["members"] if found["userId"] == guest.user_id]
    assert (member["email"], member["name"]) == (guest.email.lower(), guest.name)


def test_first_tenant_becomes_active_and_can_be_left(world: World) -> None:
    house = TenantFixture.create(world, "first")
    guest = world.accounts.admit("tenantless")
    token = world.accounts.sign_in(guest).id
    house.invite(guest.email, "visitor")

    assert world.membership_api("GET", "/settings", token).json() == {"roles": []}
    assert world.membership_api("POST", f"/invitations/{house.tenant}/acceptance", token).status == 201
    assert world.membership_api("GET", "/settings", token).json() == {"tenantId": house.tenant, "roles": ["visitor"]}
    assert world.membership_api("DELETE", f"{house.path}/{guest.user_id}", token).status == 204
    assert world.membership_api("GET", "/settings", token).json() == {"roles": []}
    assert world.membership_api("PUT", "/settings", token, {"tenantId": house.tenant}).status == 403


def test_declined_invitation_is_removed(world: World) -> None:
    house, guest = TenantFixture.create(world, "declined"), world.users.bob
    house.invite(guest.email, "visitor")

    assert world.membership_api("DELETE", f"/invitations/{house.tenant}", guest.tokens.id).status == 204
    assert _accept(house, guest).status == 404
    assert house.invitations() == []


def test_last_admin_can_leave_after_adding_another(world: World) -> None:
    house = TenantFixture.create(world, "handover")
    heir = house.member("heir", "member")
    leave = f"{house.path}/{house.admin.user_id}"

    assert house.by_admin("DELETE", leave).status == 409
    assert house.by_admin("PUT", f"{house.path}/{heir.user_id}/roles", {"roles": ["admin"]}).status == 204
    assert house.by_admin("DELETE", leave).status == 204
    assert house.roles(heir) == [{"admin"}] * 3


def test_concurrent_demotions_leave_one_admin(world: World) -> None:
    house = TenantFixture.create(world, "rivals")
    rival = house.member("rival", "admin")

    def demote(pair: tuple[Person, Person]) -> int:
        path = f"{house.path}/{pair[1].user_id}/roles"
        return world.membership_api("PUT", path, pair[0].tokens.id, {"roles": ["visitor"]}).status

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(demote, ((house.admin, rival), (rival, house.admin))))

    assert statuses[0] == 204
    assert statuses[1] in {403, 409}
    assert sorted(map(len, (house.roles(house.admin)[2], house.roles(rival)[2]))) == [0, 1]


def test_each_change_is_published_by_its_schema(world: World, heard: Callable[[int], list[dict[str, Any]]]) -> None:
    house = TenantFixture.create(world, "told")
    guest = TenantFixture.create(world, "listener").admin
    house.invite(guest.email, "visitor")
    assert _accept(house, guest).status == 201
    path = f"{house.path}/{guest.user_id}"
    assert house.by_admin("PUT", f"{path}/roles", {"roles": ["member"]}).status == 204
    _switch(house, guest)
    assert house.by_admin("DELETE", path).status == 204

    events = [event for event in heard(5) if event["detail"].get("tenantId") == house.tenant]
    known = Events(world.target.app)
    assert [event["detail-type"] for event in events] == [
        known.member_invited.detail_type,
        known.member_added.detail_type,
        known.member_roles_changed.detail_type,
        known.active_tenant_switched.detail_type,
        known.member_removed.detail_type,
    ]
    schemas = {kind.detail_type: schema for kind, schema in known.schemas().items() if kind in known.memberships}
    for event in events:
        assert event["source"] == f"{world.target.app}.tenant"
        jsonschema.validate(event["detail"], schemas[event["detail-type"]])


@pytest.fixture
def kept(world: World) -> Iterator[None]:
    """Let API Gateway cache policies for some seconds, as an environment may set."""
    gateway = world.target.aws.apigateway
    api = world.target.membership_api.split("/")[-2]
    (authorizer,) = gateway.get_authorizers(restApiId=api)["items"]

    def keep(seconds: int) -> None:
        path, value = "/authorizerResultTtlInSeconds", str(seconds)
        gateway.update_authorizer(
            restApiId=api,
            authorizerId=authorizer["id"],
            patchOperations=[{"op": "replace", "path": path, "value": value}],
        )
        gateway.create_deployment(restApiId=api, stageName="prod")

    assert authorizer["authorizerResultTtlInSeconds"] == 0
    keep(_KEPT_SECONDS)
    yield
    keep(0)


@pytest.mark.usefixtures("kept")
def test_cached_policies_delay_changes_by_the_cache_time(world: World) -> None:
    house, other = TenantFixture.create(world, "kept"), TenantFixture.create(world, "kept-too")
    member = house.member("kept", "admin")
    world.accounts.enrol(member, other.tenant, {"visitor"})
    token = member.tokens.id
    assert _settings(world, member)["tenantId"] == house.tenant

    _switch(other, member)
    first = _settings(world, member)["tenantId"]
    until(
        lambda: _settings(world, member)["tenantId"] == other.tenant,
        "the new tenant in the authorizer's context",
        timeout=_KEPT_SECONDS + 2,
        poll=0.2,
    )
    assert house.by_admin("GET", house.path).status == 200  # the admin's policy is cached from now on
    assert house.by_admin("DELETE", f"{house.path}/{member.user_id}").status == 204

    assert first == house.tenant, "the policy was cached"
    until(
        lambda: world.membership_api("GET", house.path, token).status == 403,
        "the end of the cached policy",
        timeout=_KEPT_SECONDS + 2,
        poll=0.2,
    )
    assert world.membership_api("PUT", "/settings", token, {"tenantId": house.tenant}).status == 403
    assert world.membership_api("GET", house.path, token).status == 403


class _VisitorsTries(RuleBasedStateMachine):
    """A visitor makes any calls in any order, while an admin goes about their business."""

    world: World
    houses: tuple[TenantFixture, TenantFixture]
    visitor: Person

    @initialize()
    def begin(self) -> None:
        for house in self.houses:
            self.world.accounts.enrol(self.visitor, house.tenant, {"visitor"})
        self.world.accounts.activate(self.visitor, self.houses[0].tenant)

    def _send(self, method: str, path: str, body: object = None) -> None:
        reply = self.world.membership_api(method, path, self.visitor.tokens.id, body)
        assert reply.status < 500, reply

    @rule(house=st.integers(0, 1), extra=st.sampled_from([{}, {"roles": ["admin"]}]))
    def switch(self, house: int, extra: dict[str, Any]) -> None:
        self._send("PUT", "/settings", {"tenantId": self.houses[house].tenant, **extra})

    @rule(house=st.integers(0, 1), body=_BODIES, own=st.booleans())
    def change_roles(self, house: int, body: object, *, own: bool) -> None:
        at = self.houses[house]
        member = self.visitor if own else at.admin
        self._send("PUT", f"{at.path}/{member.user_id}/roles", body)

    @rule(house=st.integers(0, 1), roles=st.lists(st.sampled_from(_ROLES), min_size=1))
    def invite_oneself(self, house: int, roles: list[str]) -> None:
        self._send("POST", self.houses[house].path, {"email": self.visitor.email, "roles": roles})

    @rule(house=st.integers(0, 1), body=st.sampled_from([None, {"roles": ["admin"]}]))
    def accept(self, house: int, body: object) -> None:
        self._send("POST", f"/invitations/{self.houses[house].tenant}/acceptance", body)

    @rule(house=st.integers(0, 1))
    def decline(self, house: int) -> None:
        self._send("DELETE", f"/invitations/{self.houses[house].tenant}")

    @rule(house=st.integers(0, 1), own=st.booleans())
    def remove(self, house: int, *, own: bool) -> None:
        at = self.houses[house]
        self._send("DELETE", f"{at.path}/{(self.visitor if own else at.admin).user_id}")

    @rule(house=st.integers(0, 1), roles=st.lists(st.sampled_from(_ROLES[1:]), min_size=1))
    def admin_invites_them(self, house: int, roles: list[str]) -> None:
        self.houses[house].invite(self.visitor.email, *roles)

    @rule(house=st.integers(0, 1), roles=st.lists(st.sampled_from(_ROLES[1:]), min_size=1))
    def admin_changes_their_roles(self, house: int, roles: list[str]) -> None:
        at = self.houses[house]
        reply = at.by_admin("PUT", f"{at.path}/{self.visitor.user_id}/roles", {"roles": roles})
        assert reply.status in {204, 404}, reply

    @invariant()
    def is_admin_nowhere(self) -> None:
        for house in self.houses:
            mapping, own, counted = house.roles(self.visitor)
            assert "admin" not in mapping | own | counted
            assert mapping == own
            assert house.roles(house.admin) == [{"admin"}] * 3


def test_visitor_cannot_become_admin(world: World) -> None:
    houses = (TenantFixture.create(world, "tried"), TenantFixture.create(world, "tried-too"))

    class Machine(_VisitorsTries):
        pass

    Machine.world, Machine.houses = world, houses
    Machine.visitor = houses[0].member("persistent", "visitor")
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_unpublished_event_is_dead_lettered(world: World, deployed: LocalCloud) -> None:
    house = TenantFixture.create(world, "unheard")
    (role,) = [
        resource.id
        for resource in world.resources
        if resource.kind == "AWS::IAM::Role" and resource.logical_id.startswith("MembershipRole")
    ]
    deny = {"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam, sqs = world.target.aws.iam, world.target.aws.sqs
    iam.put_role_policy(RoleName=role, PolicyName="mute", PolicyDocument=policy)
    try:
        house.invite(world.accounts.mailbox("unheard"), "visitor")
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="mute")

    url = deployed.output("MembershipDeadLetterQueueUrl")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert json.loads(message["Body"])["entry"]["DetailType"] == "memberInvited"
