"""Accounts changed by operators and users: effective at once in pool and directory, and repaired after a failure."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
from botocore.exceptions import ClientError

from stacks.platform.events import Events
from tenantry.attacks.tenant_fixture import TenantFixture
from tenantry.cli.main import main
from tests.waiting import until, until_next_second

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_PATIENCE_SECONDS: Final = 60


@pytest.fixture(scope="module", autouse=True)
def unhurried(world: World, deployed: LocalCloud) -> Iterator[None]:
    """Keep the schedule from repairing what a test has broken before the test does."""
    rule = deployed.output("ReconciliationRuleName")
    world.target.aws.events.disable_rule(Name=rule)
    yield
    world.target.aws.events.enable_rule(Name=rule)


@pytest.fixture
def users(deployed: LocalCloud, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run `tenantry users ... --json`, and return its exit status and what it has printed."""

    def run(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main(["users", *arguments, "--json", "--state", str(deployed.folder.root)])
        printed = capsys.readouterr()
        return status, json.loads(printed.out) if printed.out.startswith(("{", "[")) else printed.out + printed.err

    return run


def _sign_up(world: World, label: str) -> Person:
    person = world.accounts.sign_up(label)
    world.run_resources.tenant(person.tenant)  # nobody is mapped to it any more when its founder is deleted
    return person


def _status(world: World, person: Person) -> int:
    return int(world.membership_api("GET", "/tenants", person.tokens.id).status)


def _in_pool(world: World, user_id: str) -> Any:  # noqa: ANN401 - Cognito's answer
    try:
        return world.target.aws.cognito.admin_get_user(UserPoolId=world.target.user_pool_id, Username=user_id)
    except world.target.aws.cognito.exceptions.UserNotFoundException:
        return None


def _admins(world: World, tenant: str) -> set[str]:
    return set((world.tenant_row(tenant) or {}).get("admins", {}).get("SS", []))


def _about(report: Any, *ids: str) -> list[tuple[str, bool]]:  # noqa: ANN401 - a report
    """Return what a report says of some ids: other tests' people may differ as well."""
    return [
        (one["kind"], one["repaired"])
        for one in report["differences"]
        if {one.get("userId"), one.get("tenantId")} & {*ids}
    ]


def _everything(world: World) -> str:
    """Return all that the directory holds."""
    target, dynamodb = world.target, world.target.aws.dynamodb
    tables = (target.users_table, target.tenants_table, target.tenant_users_table, target.invitations_table)
    return json.dumps([dynamodb.scan(TableName=table)["Items"] for table in tables])


def test_blocked_user_is_refused_until_unblocked(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    person = _sign_up(world, "blocked")
    assert _status(world, person) == 200

    status, done = users("block", person.user_id, "--reason", "Stole a bicycle")

    assert (status, done["changed"], done["tenantsWithoutAdmin"]) == (0, True, [person.tenant])
    assert _status(world, person) == 401
    with pytest.raises(ClientError):
        world.accounts.sign_in(person)
    assert _in_pool(world, person.user_id)["Enabled"] is False
    assert _admins(world, person.tenant) == set()
    _, shown = users("show", person.user_id)
    assert (shown["state"], shown["directory"]["blockedReason"]) == ("blocked", "Stole a bicycle")
    assert shown["directory"]["blockedBy"] == done["by"] == world.target.aws.sts.get_caller_identity()["Arn"]

    again = users("block", person.user_id, "--reason", "Another reason")
    assert (again[0], again[1]["changed"], again[1]["at"]) == (0, False, done["at"])

    status, undone = users("unblock", person.user_id)
    assert (status, undone["changed"], undone["tenantsWithoutAdmin"]) == (0, True, [])
    assert users("unblock", person.user_id)[1]["changed"] is False
    assert _status(world, person) == 401  # sessions of before stay ended
    assert _admins(world, person.tenant) == {person.user_id}
    # A sign-in in the second of the block would not count either.
    until(
        lambda: _status(world, replace(person, tokens=world.accounts.sign_in_with_claim(person))) == 200,
        "a session that counts",
        timeout=_PATIENCE_SECONDS,
    )
    assert users("show", person.user_id)[1]["state"] == "active"


def test_signed_out_user_must_sign_in_again(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    person = _sign_up(world, "signed-out")
    until_next_second("a session of this second would count")

    status, done = users("sign-out", person.user_id)

    assert (status, done["changed"]) == (0, True)
    assert _status(world, person) == 401
    with pytest.raises(ClientError):
        world.accounts.refresh(person)
    person = replace(person, tokens=world.accounts.sign_in_with_claim(person))
    assert _status(world, person) == 200


def test_deletion_leaves_a_tombstone_without_personal_data(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    house = TenantFixture.create(world, "leaving")
    person = _sign_up(world, "deleted")
    world.accounts.enrol(person, house.tenant, {"member"})
    house.invite(person.email, "visitor")

    status, said = users("delete", person.user_id)
    assert (status, "--confirm" in said, _status(world, person)) == (2, True, 200)

    status, done = users("delete", person.user_id, "--confirm", person.user_id)

    assert (status, done["changed"], done["tenantsWithoutAdmin"]) == (0, True, [person.tenant])
    assert set(done["tenants"]) == {person.tenant, house.tenant}
    assert set(world.user_row(person.user_id) or {}) == {"userid", "deletedat", "deletedby"}
    left = _everything(world)
    assert person.email.lower() not in left.lower()
    assert person.name not in left
    assert _in_pool(world, person.user_id) is None
    assert _status(world, person) == 401
    assert users("show", person.user_id)[1]["state"] == "deleted"
    again = users("delete", person.user_id, "--confirm", person.user_id)
    assert (again[0], again[1]["changed"], again[1]["at"]) == (0, False, done["at"])


@pytest.mark.parametrize("user", ["nobody", "*", "5e4b29de-f7a8-4d51-88b5-3305bfc0c37e"])
def test_unknown_user_is_not_changed(users: Callable[..., tuple[int, Any]], world: World, user: str) -> None:
    for command in (["show"], ["block", "--reason", "x"], ["unblock"], ["sign-out"], ["delete", "--confirm", user]):
        status, said = users(command[0], user, *command[1:])
        assert (status, bool(said)) == (2, True), command
    assert world.user_row(user) is None


def test_list_filters_by_email_and_paginates(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    person = _sign_up(world, "listed")

    status, (found,) = users("list", "--email", person.email)
    everybody = users("list")[1]

    assert status == 0
    assert found == {"userId": person.user_id, "email": person.email, "name": person.name, "state": "active"}
    assert found in everybody
    assert users("list", "--email", "no address")[0] == 2
    assert len(users("list", "--limit", "1")[1]) == 1


def test_interrupted_block_refuses_the_user_and_is_replayed(
    world: World, users: Callable[..., tuple[int, Any]], deployed: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    person = _sign_up(world, "halfway")
    aws, machine = world.target.aws, deployed.output("AccountChangesStateMachineArn")
    role = aws.stepfunctions.describe_state_machine(stateMachineArn=machine)["roleArn"].rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": "cognito-idp:AdminDisableUser", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    aws.iam.put_role_policy(RoleName=role, PolicyName="broken", PolicyDocument=policy)
    try:
        status, said = users("block", person.user_id, "--reason", "x")
    finally:
        aws.iam.delete_role_policy(RoleName=role, PolicyName="broken")

    assert (status, "dead-letter" in said) == (1, True)
    assert _status(world, person) == 401  # the directory was first
    assert _in_pool(world, person.user_id)["Enabled"] is True
    assert users("show", person.user_id)[1]["state"] == "differs"

    state = ["--state", str(deployed.folder.root)]
    assert main(["dead-letters", "replay", "--queue", "AccountChanges", *state]) == 0
    assert "1 replayed, 0 left" in capsys.readouterr().out
    until(lambda: not _in_pool(world, person.user_id)["Enabled"], "a disabled user", timeout=_PATIENCE_SECONDS)
    assert users("show", person.user_id)[1]["state"] == "blocked"


def test_each_change_is_published(
    world: World, users: Callable[..., tuple[int, Any]], heard: Callable[[int], list[dict[str, Any]]]
) -> None:
    person = _sign_up(world, "loud")
    until_next_second("a session of this second would count")
    users("sign-out", person.user_id)
    users("block", person.user_id, "--reason", "x")
    users("unblock", person.user_id)
    users("delete", person.user_id, "--confirm", person.user_id)

    wanted = ["sessionsEnded", "blocked", "unblocked", "deleted"]
    found: list[dict[str, Any]] = []

    def published() -> bool:
        found.extend(
            event for event in heard(1) if event["detail"].get("userName") == person.user_id and "by" in event["detail"]
        )
        return len(found) >= len(wanted)

    until(published, f"the events {wanted}", timeout=_PATIENCE_SECONDS)
    schemas = {event.detail_type: schema for event, schema in Events(world.target.app).schemas().items()}
    assert sorted(event["detail-type"] for event in found) == sorted(wanted)
    for event in found:
        assert event["source"] == f"{world.target.app}.user"
        jsonschema.validate(event["detail"], schemas[event["detail-type"]])
        if event["detail-type"] != "sessionsEnded":
            assert event["detail"]["tenants"] == [person.tenant]


def test_reconciliation_finds_changes_in_the_pool(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    gone, disabled, opened = (_sign_up(world, label) for label in ("gone", "disabled", "opened"))
    cognito, pool = world.target.aws.cognito, world.target.user_pool_id
    world.target.aws.anonymous().cognito.delete_user(AccessToken=gone.tokens.access)
    cognito.admin_disable_user(UserPoolId=pool, Username=disabled.user_id)
    users("block", opened.user_id, "--reason", "x")
    cognito.admin_enable_user(UserPoolId=pool, Username=opened.user_id)

    status, dry = users("reconcile", "--dry-run")
    assert status == 1
    assert _about(dry, gone.user_id) == [("goneFromPool", False)]
    assert _status(world, disabled) == 200  # nothing was done

    _, report = users("reconcile")

    assert _about(report, gone.user_id) == [("goneFromPool", True)]
    assert _about(report, disabled.user_id) == [("disabledInPool", True)]
    assert _about(report, opened.user_id) == [("enabledAgainstBlock", True)]
    # The tenants are without an admin now, which only a person can repair.
    assert _about(report, gone.tenant) == _about(report, opened.tenant) == [("withoutAdmin", False)]
    assert [_status(world, person) for person in (gone, disabled, opened)] == [401, 401, 401]
    assert set(world.user_row(gone.user_id) or {}) == {"userid", "deletedat", "deletedby"}
    assert _in_pool(world, opened.user_id)["Enabled"] is False
    assert _about(users("reconcile")[1], gone.user_id, disabled.user_id, opened.user_id) == []

    cognito.admin_enable_user(UserPoolId=pool, Username=disabled.user_id)
    assert _about(users("reconcile")[1], disabled.user_id) == [("enabledInPool", True)]
    disabled = replace(disabled, tokens=world.accounts.sign_in_with_claim(disabled))
    assert _status(world, disabled) == 200


@pytest.mark.parametrize("lost", ["record", "founding"])
def test_reconciliation_replays_a_lost_sign_up(world: World, users: Callable[..., tuple[int, Any]], lost: str) -> None:
    person = _sign_up(world, lost)
    target, dynamodb = world.target, world.target.aws.dynamodb
    key = {"tenantid": {"S": person.tenant}, "userid": {"S": person.user_id}}
    dynamodb.delete_item(TableName=target.tenant_users_table, Key=key)
    dynamodb.delete_item(TableName=target.users_table, Key={"userid": {"S": person.user_id}})
    if lost == "record":
        dynamodb.delete_item(TableName=target.tenants_table, Key={"tenantid": {"S": person.tenant}})
    else:
        item = {"userid": {"S": person.user_id}, "email": {"S": person.email}, "name": {"S": person.name}}
        dynamodb.put_item(TableName=target.users_table, Item=item)
        dynamodb.put_item(TableName=target.tenants_table, Item={"tenantid": {"S": person.tenant}})

    _, report = users("reconcile")

    assert _about(report, person.user_id) == [("unrecorded" if lost == "record" else "unfounded", True)]
    until(lambda: _admins(world, person.tenant) == {person.user_id}, "the one admin", timeout=_PATIENCE_SECONDS)
    assert world.accounts.tenants_of(person.user_id) == [person.tenant]
    assert _about(users("reconcile")[1], person.user_id, person.tenant) == []


def test_reconciliation_removes_deleted_users_from_admins(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    house = TenantFixture.create(world, "haunted")
    other = house.member("other-admin", "admin")
    users("delete", other.user_id, "--confirm", other.user_id)
    world.target.aws.dynamodb.update_item(
        TableName=world.target.tenants_table,
        Key={"tenantid": {"S": house.tenant}},
        UpdateExpression="ADD admins :dead",
        ExpressionAttributeValues={":dead": {"SS": [other.user_id]}},
    )

    _, report = users("reconcile")

    assert _about(report, house.tenant) == [("deadAdmin", True)]
    assert _admins(world, house.tenant) == {house.admin.user_id}


def test_scheduled_and_trail_runs_are_equivalent(
    world: World, users: Callable[..., tuple[int, Any]], deployed: LocalCloud
) -> None:
    aws, pool = world.target.aws, world.target.user_pool_id
    name = deployed.output("ReconciliationFunctionName")

    def invoke(event: dict[str, Any]) -> None:
        answer = aws.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()

    def told(event_name: str, user_id: str, at: float) -> dict[str, Any]:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        detail = {
            "eventSource": "cognito-idp.amazonaws.com",
            "eventName": event_name,
            "eventTime": moment,
            "requestParameters": {"userPoolId": pool, "username": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "additionalEventData": {"sub": user_id},
        }
        return {"source": "aws.cognito-idp", "detail-type": "AWS API Call via CloudTrail", "detail": detail}

    scheduled, trailed = _sign_up(world, "scheduled"), _sign_up(world, "trailed")
    aws.cognito.admin_disable_user(UserPoolId=pool, Username=scheduled.user_id)
    invoke({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    assert _status(world, scheduled) == 401

    until_next_second("a session of this second would count")
    aws.cognito.admin_user_global_sign_out(UserPoolId=pool, Username=trailed.user_id)
    invoke(told("AdminUserGlobalSignOut", trailed.user_id, time.time()))
    assert _status(world, trailed) == 401
    trailed = replace(trailed, tokens=world.accounts.sign_in_with_claim(trailed))
    aws.cognito.admin_delete_user(UserPoolId=pool, Username=trailed.user_id)
    invoke(told("AdminDeleteUser", trailed.user_id, time.time()))
    assert _status(world, trailed) == 401
    invoke(told("AdminDeleteUser", str(uuid.uuid4()), time.time()))  # of another pool
    assert users("show", trailed.user_id)[1]["state"] == "deleted"


def test_last_active_admin_cannot_be_removed(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    house = TenantFixture.create(world, "lasting")
    other = house.member("other", "admin")
    users("block", other.user_id, "--reason", "x")
    admin = house.admin

    assert house.by_admin("DELETE", f"{house.path}/{admin.user_id}").status == 409
    assert house.by_admin("PUT", f"{house.path}/{admin.user_id}/roles", {"roles": ["member"]}).status == 409
    refused = house.by_admin("DELETE", "/me")
    assert refused.status == 409
    assert house.tenant in refused.json()["message"]

    users("unblock", other.user_id)
    assert house.by_admin("DELETE", "/me").status == 204
    assert _status(world, admin) == 401
    assert _in_pool(world, admin.user_id) is None
    assert set(world.user_row(admin.user_id) or {}) == {"userid", "deletedat", "deletedby"}
    assert (world.user_row(admin.user_id) or {})["deletedby"] == {"S": admin.user_id}
    assert _admins(world, house.tenant) == {other.user_id}


def test_role_of_a_blocked_user_counts_once_unblocked(world: World, users: Callable[..., tuple[int, Any]]) -> None:
    house = TenantFixture.create(world, "patient")
    member = house.member("promoted", "member")
    users("block", member.user_id, "--reason", "x")

    assert house.by_admin("PUT", f"{house.path}/{member.user_id}/roles", {"roles": ["admin"]}).status == 204
    assert _admins(world, house.tenant) == {house.admin.user_id}
    users("unblock", member.user_id)
    assert _admins(world, house.tenant) == {house.admin.user_id, member.user_id}


def test_admin_cannot_invite_themselves(world: World) -> None:
    house = TenantFixture.create(world, "lonely")

    reply = house.by_admin("POST", house.path, {"email": house.admin.email.upper(), "roles": ["visitor"]})

    assert reply.status == 409
    assert house.invitations() == []


def test_user_can_end_their_own_sessions(world: World) -> None:
    person = _sign_up(world, "own-sessions")
    until_next_second("the second session must begin in a later second")
    second = replace(person, tokens=world.accounts.sign_in_with_claim(person))

    assert world.membership_api("DELETE", "/me/sessions/current", person.tokens.id).status == 204
    assert (_status(world, person), _status(world, second)) == (401, 200)
    second = replace(second, tokens=world.accounts.sign_in_with_claim(second))  # in this very second
    assert world.membership_api("DELETE", "/me/sessions", second.tokens.id).status == 204
    assert _status(world, second) == 401
    person = replace(person, tokens=world.accounts.sign_in_with_claim(person))
    assert _status(world, person) == 200


def test_changed_email_is_stored_everywhere_and_ends_sessions(world: World, deployed: LocalCloud) -> None:
    person, stranger = _sign_up(world, "moving"), _sign_up(world, "stranger")
    address, anonymous = world.accounts.mailbox("moved"), world.target.aws.anonymous().cognito
    anonymous.update_user_attributes(
        AccessToken=person.tokens.access, UserAttributes=[{"Name": "email", "Value": address}]
    )
    mailed = deployed.mail(address)
    assert mailed is not None
    code = mailed.code
    body = {"accessToken": person.tokens.access, "code": code}
    until_next_second("a session of this second would count")

    assert world.membership_api("PUT", "/me/address", stranger.tokens.id, body).status == 403
    wrong = world.membership_api("PUT", "/me/address", person.tokens.id, {**body, "code": "000000"})
    assert (wrong.status, "code" in wrong.json()["message"]) == (400, True)
    assert world.membership_api("PUT", "/me/address", person.tokens.id, body).status == 204

    assert (world.user_row(person.user_id) or {})["email"] == {"S": address}
    assert (world.membership(person.tenant, person.user_id) or {})["email"] == {"S": address}
    assert person.email.lower() not in _everything(world).lower()
    assert _status(world, person) == 401
    moved = replace(person, email=address)
    assert world.accounts.sign_in_with_claim(moved).tenant == person.tenant
