"""The saga with duplicate, reordered and late events, and with failures."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from stacks.platform.events import Events
from tenantry.attacks.saga import Newcomer, put
from tenantry.cli.main import main as tenantry
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud
    from tenantry.operate.aws import Aws

_QUEUES = ("UserSaga", "TenantSaga", "AdminSaga")


@pytest.fixture(autouse=True)
def empty_dead_letter_queues(world: World, deployed: LocalCloud) -> Iterator[None]:
    """Leave no dead-letter message behind for tests that look at the same queues."""
    yield
    for saga in _QUEUES:
        world.target.aws.sqs.purge_queue(QueueUrl=deployed.output(f"{saga}DeadLetterQueueUrl"))


def _dead_letters(world: World, deployed: LocalCloud, saga: str) -> int:
    url = deployed.output(f"{saga}DeadLetterQueueUrl")
    attributes = world.target.aws.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def _all_dead_letters(world: World, deployed: LocalCloud) -> dict[str, int]:
    return {saga: _dead_letters(world, deployed, saga) for saga in _QUEUES}


def _history(aws: Aws, arn: str, user_id: str) -> list[str]:
    """Return the types of all events in a user's execution that has failed."""
    for execution in aws.stepfunctions.list_executions(stateMachineArn=arn)["executions"]:
        described = aws.stepfunctions.describe_execution(executionArn=execution["executionArn"])
        if user_id in described["input"]:
            history = aws.stepfunctions.get_execution_history(executionArn=execution["executionArn"])
            return [event["type"] for event in history["events"]]
    return []


def _state(world: World, user_id: str) -> tuple[Any, ...]:
    tenants = world.accounts.tenants_of(user_id)
    return (
        world.user_row(user_id),
        tenants,
        [world.membership(t, user_id) for t in tenants],
        [world.tenant_row(t) for t in tenants],
    )


def test_events_match_their_schemas(world: World, heard: Callable[[int], list[dict[str, Any]]]) -> None:
    someone = Newcomer.of(world, "heard")
    tenant = someone.arrive(world)

    events = [event for event in heard(4) if someone.user_id in json.dumps(event)]
    schemas = {
        (event.source, event.detail_type): schema for event, schema in Events(world.target.app).schemas().items()
    }
    steps = list(schemas)[:4]  # the sign-up's come first
    assert [(event["source"], event["detail-type"]) for event in events] == steps
    for event in events:
        jsonschema.validate(event["detail"], schemas[event["source"], event["detail-type"]])
    assert events[-1]["detail"] == {"tenantId": tenant, **someone.fields(), "role": "admin"}


def test_duplicate_sign_ups_create_one_of_each(world: World, deployed: LocalCloud) -> None:
    before = _all_dead_letters(world, deployed)
    someone = Newcomer.of(world, "tenfold")

    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(lambda _: put(world, someone.signed_up(world)), range(10)))
    someone_else = Newcomer.of(world, "afterwards")
    someone_else.arrive(world)

    assert taken == [1] * 10
    (tenant,) = world.accounts.tenants_of(someone.user_id)
    assert world.membership(tenant, someone.user_id)
    assert world.tenant_row(tenant) == {
        "tenantid": {"S": tenant},
        "foundedby": {"S": someone.user_id},
        "admins": {"SS": [someone.user_id]},
    }
    assert (world.user_row(someone.user_id) or {})[f"roles:{tenant}"] == {"SS": ["admin"]}
    assert _all_dead_letters(world, deployed) == before


def test_event_order_and_repetition_do_not_matter(world: World, deployed: LocalCloud) -> None:
    before = _all_dead_letters(world, deployed)
    someone = Newcomer.of(world, "shuffled")
    tenant = someone.arrive(world)
    expected = _state(world, someone.user_id)
    world.target.aws.dynamodb.delete_item(TableName=world.target.tenants_table, Key={"tenantid": {"S": tenant}})
    world.target.aws.dynamodb.delete_item(
        TableName=world.target.tenant_users_table, Key={"tenantid": {"S": tenant}, "userid": {"S": someone.user_id}}
    )
    world.target.aws.dynamodb.delete_item(TableName=world.target.users_table, Key={"userid": {"S": someone.user_id}})

    # The last step's event first, then all of them again and again.
    put(world, someone.founded(world, tenant))
    events = [someone.signed_up(world), someone.created(world), someone.founded(world, tenant)] * 4
    random.Random(7).shuffle(events)  # noqa: S311 - an order, not a secret
    for event in events:
        put(world, event)

    until(lambda: _state(world, someone.user_id) == expected, f"{expected}", timeout=60)
    assert _all_dead_letters(world, deployed) == before


def test_failed_step_is_retried_dead_lettered_and_replayed(
    world: World, deployed: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    aws, before = world.target.aws, _dead_letters(world, deployed, "TenantSaga")
    arn = deployed.output("TenantSagaStateMachineArn")
    role = aws.stepfunctions.describe_state_machine(stateMachineArn=arn)["roleArn"].rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": "dynamodb:UpdateItem", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    someone = Newcomer.of(world, "unlucky")

    aws.iam.put_role_policy(RoleName=role, PolicyName="broken", PolicyDocument=policy)
    try:
        put(world, someone.signed_up(world))
        until(lambda: _dead_letters(world, deployed, "TenantSaga") == before + 1, "a dead-letter message", timeout=60)
        failed = _history(aws, arn, someone.user_id)
        assert failed.count("TaskScheduled") > 1  # it has been tried more than once
        assert world.accounts.tenants_of(someone.user_id) == []
    finally:
        aws.iam.delete_role_policy(RoleName=role, PolicyName="broken")

    state = str(deployed.folder.root)
    assert tenantry(["dead-letters", "list", "--state", state]) == 0
    assert someone.email not in capsys.readouterr().out
    assert tenantry(["dead-letters", "replay", "--state", state, "--queue", "TenantSaga"]) == 0

    until(lambda: len(world.accounts.tenants_of(someone.user_id)) == 1, "the tenant", timeout=60)
    until(lambda: _dead_letters(world, deployed, "TenantSaga") == 0, "an empty queue", timeout=60)


def test_late_event_does_not_restore_a_deleted_account(world: World, deployed: LocalCloud) -> None:
    before = _dead_letters(world, deployed, "UserSaga")
    someone = Newcomer.of(world, "deleted")
    tombstone = {"userid": {"S": someone.user_id}, "deletedat": {"N": "1"}, "deletedby": {"S": "pool"}}
    world.target.aws.dynamodb.put_item(TableName=world.target.users_table, Item=tombstone)

    later = Newcomer.of(world, "after-deleted")
    put(world, someone.signed_up(world))
    put(world, later.signed_up(world))

    until(lambda: len(world.accounts.tenants_of(later.user_id)) == 1, "the tenant", timeout=60)
    assert world.user_row(someone.user_id) == tombstone
    assert world.accounts.tenants_of(someone.user_id) == []
    # Their name and address are kept nowhere, as a dead-letter message would.
    assert _dead_letters(world, deployed, "UserSaga") == before


@pytest.mark.parametrize("user_id", ["*", "a/b", "two words", "a..b", ""])
def test_event_with_malformed_id_is_dead_lettered(world: World, deployed: LocalCloud, user_id: str) -> None:
    before = _dead_letters(world, deployed, "UserSaga")
    broken = Newcomer(user_id=user_id, email="nobody@example.com", name="Nobody")

    put(world, broken.signed_up(world))

    until(lambda: _dead_letters(world, deployed, "UserSaga") == before + 1, "a dead-letter message", timeout=60)
    if user_id:
        assert world.user_row(user_id) is None
