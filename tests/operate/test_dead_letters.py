"""Dead-letter messages are replayed once, and never lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tenantry.cli.main import main
from tenantry.operate.aws import Aws
from tenantry.operate.dead_letters import DeadLetterQueues, Kind, NotUnderstoodError, ReplayError
from tenantry.operate.environment import Environment
from tenantry.operate.stacks import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tenantry-user-saga"
BUS = "tenantry-application-eventbus"
EVENT = {
    "version": "0",
    "id": "e-1",
    "source": "tenantry.idp",
    "detail-type": "signup",
    "detail": {"data": {"email": "ada@example.com", "userName": "u-1", "name": "Ada"}},
}
SAGA = {
    "stateMachineArn": MACHINE,
    "executionArn": f"{MACHINE}:x".replace("stateMachine", "express"),
    "error": "DynamoDB.ProvisionedThroughputExceededException",
    "cause": "too much for ada@example.com",
    "event": EVENT,
}
ENTRY = {
    "Source": "tenantry.idp",
    "DetailType": "signup",
    "Detail": json.dumps(EVENT["detail"]),
    "EventBusName": BUS,
}
DELIVERY = {"RULE_ARN": "arn:aws:events:::rule/r", "TARGET_ARN": MACHINE, "ERROR_CODE": "NO_PERMISSIONS"}


class Machines:
    """The state machines, which moto does not run."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.error: str | None = None

    def start_execution(self, **request: str) -> dict[str, str]:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "StartExecution")
        self.started.append({**request, "input": json.loads(request["input"])})
        return {"executionArn": "arn"}


class FakeAws(Aws):
    """AWS with a place to see what was started."""

    def __init__(self, session: boto3.Session) -> None:
        super().__init__(session)
        self.machines = Machines()

    @property
    def stepfunctions(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - a fake
        return self.machines


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield FakeAws(boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"))


_QUEUES = ("UserSaga", "SignUp", "Membership", "ParkStatuses", "Webhook")


@pytest.fixture
def environment(aws: FakeAws) -> Environment:
    urls = {f"{name}DeadLetterQueueUrl": aws.sqs.create_queue(QueueName=name)["QueueUrl"] for name in _QUEUES}
    urls["ParkStatusesQueueUrl"] = aws.sqs.create_queue(QueueName="Work")["QueueUrl"]
    aws.events.create_event_bus(Name=BUS)
    return Environment(
        name="dev",
        app="tenantry",
        outputs={
            "tenantry-common": {"EventBusName": BUS},
            "tenantry-parks": {"ParkPublicationFunctionName": "tenantry-publish"},
            "tenantry-user": {**urls, "UserSagaStateMachineArn": MACHINE, "UsersTableName": "tenantry-users"},
        },
        aws=aws,
    )


@pytest.fixture
def queues(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> DeadLetterQueues:
    ours = Resource("tenantry-storage", "AWS::Lambda::Function", "Provisioner", "tenantry-provisioner")
    monkeypatch.setattr("tenantry.operate.dead_letters.resources", lambda *_: [ours])
    return DeadLetterQueues(environment)


def _send(queues: DeadLetterQueues, aws: FakeAws, body: object, *, queue: str = "UserSaga", **attributes: str) -> None:
    aws.sqs.send_message(
        QueueUrl=queues.urls[queue],
        MessageBody=body if isinstance(body, str) else json.dumps(body),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def _replay_all(queues: DeadLetterQueues, *, limit: int | None = None) -> None:
    for message in queues.messages(limit=limit):
        queues.replay(message)


def test_saga_is_restarted_with_the_whole_event(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, SAGA)
    _replay_all(queues)
    assert [(start["stateMachineArn"], start["input"]) for start in aws.machines.started] == [(MACHINE, EVENT)]
    assert aws.machines.started[0]["name"].startswith("replay-")
    assert queues.depths() == dict.fromkeys(_QUEUES, 0)


def test_undelivered_event_starts_its_target(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, EVENT, **DELIVERY)
    (message,) = queues.messages()
    failure = queues.replay(message)
    assert (failure.kind, failure.error) == (Kind.DELIVERY, "NO_PERMISSIONS")
    assert [(start["stateMachineArn"], start["input"]) for start in aws.machines.started] == [(MACHINE, EVENT)]


_CHANGE = {**ENTRY, "Source": "tenantry.tenant", "DetailType": "memberRemoved"}


@pytest.mark.parametrize(("queue", "entry"), [("SignUp", ENTRY), ("Membership", _CHANGE)])
def test_unpublished_event_is_published(
    queues: DeadLetterQueues, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, queue: str, entry: dict[str, str]
) -> None:
    put: list[Any] = []

    def put_events(**request: list[Any]) -> dict[str, Any]:
        put.extend(request["Entries"])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}

    monkeypatch.setattr(aws.events, "put_events", put_events)
    _send(queues, aws, {"entry": entry, "error": "PublishError"}, queue=queue)
    _replay_all(queues)
    assert put == [entry]
    assert queues.depths()[queue] == 0


@pytest.mark.parametrize(
    ("queue", "entry"),
    [
        ("SignUp", _CHANGE),
        ("Membership", ENTRY),
        ("UserSaga", ENTRY),
        ("Membership", {**_CHANGE, "DetailType": "created"}),  # it would make somebody an admin
        ("SignUp", {**ENTRY, "DetailType": "created"}),
    ],
)
def test_foreign_message_stays_in_its_queue(
    queues: DeadLetterQueues, aws: FakeAws, queue: str, entry: dict[str, str]
) -> None:
    _send(queues, aws, {"entry": entry, "error": "PublishError"}, queue=queue)
    (message,) = queues.messages()
    with pytest.raises(NotUnderstoodError):
        queues.replay(message)
    assert queues.depths()[queue] == 1


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:tenantry-provisioner"
FAILURE = {
    "version": "1.0",
    "requestContext": {"functionArn": f"{FUNCTION}:$LATEST", "requestId": "r-1", "condition": "RetriesExhausted"},
    "requestPayload": EVENT,
    "responsePayload": {"errorType": "TimeoutError", "errorMessage": "for ada@example.com", "stackTrace": ["x"]},
}


WORK = {"id": "r-1", "tenantId": "texas", "userId": "u-1", "at": "1764000000000", "ids": ["p"], "status": "park-closed"}


def test_work_is_requeued_with_its_tenant(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, WORK, queue="ParkStatuses")
    _replay_all(queues)

    (message,) = aws.sqs.receive_message(QueueUrl=aws.sqs.get_queue_url(QueueName="Work")["QueueUrl"])["Messages"]
    assert json.loads(message["Body"]) == WORK
    assert queues.depths()["ParkStatuses"] == 0


def test_work_in_the_wrong_queue_stays(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, WORK)
    (message,) = queues.messages()

    with pytest.raises(NotUnderstoodError, match="no work queue"):
        queues.replay(message)


_TOPIC = "arn:aws:sns:us-east-1:123456789012:tenantry-parks-texas_p_park-closed"
_TOLD = {"tenantId": "texas", "parkId": "p", "eventType": "park-closed", "time": "2025-11-24T16:00:00.000Z"}


def _notification(topic: str = _TOPIC, told: object = _TOLD) -> dict[str, str]:
    return {"Type": "Notification", "TopicArn": topic, "Message": told if isinstance(told, str) else json.dumps(told)}


def test_notification_is_replayed_through_the_checking_function(
    queues: DeadLetterQueues, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    def invoke(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - a request
        calls.append(request)
        return {"StatusCode": 200}

    monkeypatch.setattr(aws.functions, "invoke", invoke)
    _send(queues, aws, _notification(), queue="Webhook")
    _replay_all(queues)

    (call,) = calls
    assert call["FunctionName"] == "tenantry-publish"
    assert json.loads(call["Payload"]) == {
        "tenantId": "texas",
        "userId": "operator",
        "id": "p",
        "status": "park-closed",
        "at": "1764000000000",
    }
    assert queues.depths()["Webhook"] == 0


@pytest.mark.parametrize(
    "body",
    [
        _notification("arn:aws:sns:us-east-1:123456789012:alarms"),
        _notification(told="closed"),
        _notification(told={**_TOLD, "tenantId": "ohio"}),  # of another tenant than its topic
        _notification(told={**_TOLD, "parkId": "q"}),
        _notification(told={**_TOLD, "time": "now"}),
        _notification(told={"tenantId": "texas"}),
        _notification(told=[]),
    ],
)
def test_notification_of_another_topic_is_not_sent(
    queues: DeadLetterQueues, aws: FakeAws, body: dict[str, str]
) -> None:
    _send(queues, aws, body, queue="Webhook")
    (message,) = queues.messages()

    with pytest.raises(NotUnderstoodError):
        queues.replay(message)


def test_failed_publish_keeps_the_message(
    queues: DeadLetterQueues, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.functions, "invoke", lambda **_: {"StatusCode": 200, "FunctionError": "Unhandled"})
    _send(queues, aws, _notification(), queue="Webhook")
    (message,) = queues.messages()

    with pytest.raises(ReplayError):
        queues.replay(message)
    assert queues.depths()["Webhook"] == 1


@pytest.mark.parametrize("of_delivery", [False, True])
def test_function_is_invoked_with_the_whole_event(
    queues: DeadLetterQueues, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, *, of_delivery: bool
) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(aws.functions, "invoke", lambda **request: calls.append(request))
    if of_delivery:
        _send(queues, aws, EVENT, **{**DELIVERY, "TARGET_ARN": FUNCTION})
    else:
        _send(queues, aws, FAILURE)
    (message,) = queues.messages()
    failure = queues.replay(message)
    assert failure.error == ("NO_PERMISSIONS" if of_delivery else "TimeoutError")
    assert calls == [{"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": json.dumps(EVENT).encode()}]
    assert queues.depths()["UserSaga"] == 0


def test_message_is_replayed_once(queues: DeadLetterQueues, aws: FakeAws) -> None:
    for _ in range(25):
        _send(queues, aws, SAGA)
    _replay_all(queues)
    _replay_all(queues)
    assert len(aws.machines.started) == 25


def test_refused_message_stays(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, SAGA)
    aws.machines.error = "StateMachineDoesNotExist"
    for message in queues.messages():
        with pytest.raises(ReplayError):
            queues.replay(message)
    aws.machines.error = None
    assert queues.depths()["UserSaga"] == 1
    _replay_all(queues)
    assert len(aws.machines.started) == 1


def test_failed_bus_entry_keeps_the_message(
    queues: DeadLetterQueues, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    monkeypatch.setattr(aws.events, "put_events", lambda **_: refusal)
    _send(queues, aws, {"entry": ENTRY, "error": "PublishError"}, queue="SignUp")
    for message in queues.messages():
        with pytest.raises(ReplayError, match="InternalFailure"):
            queues.replay(message)
    assert queues.depths()["SignUp"] == 1


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "{}",
        {"stateMachineArn": MACHINE},
        {"stateMachineArn": MACHINE, "event": "text"},
        {"stateMachineArn": MACHINE, "event": {"detail": {}}},
        {**SAGA, "stateMachineArn": MACHINE.replace("tenantry", "other")},
        {"entry": {**ENTRY, "EventBusName": "default"}},
        {"entry": {**ENTRY, "Source": "tenantry.tenant"}},
        {"entry": {**ENTRY, "Resources": "x"}},
        {"entry": {**ENTRY, "Detail": {}}},
        {"entry": "x"},
        {**FAILURE, "requestContext": {}},
        {**FAILURE, "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:1:function:strangers"}},
        {**FAILURE, "requestPayload": {"detail": {}}},
    ],
)
def test_malformed_message_is_refused_and_stays(body: object, queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, body)
    for message in queues.messages():
        with pytest.raises(NotUnderstoodError):
            queues.replay(message)
    assert aws.machines.started == []
    assert queues.depths()["UserSaga"] == 1


def test_foreign_target_is_not_started(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, EVENT, **{**DELIVERY, "TARGET_ARN": "arn:aws:lambda:us-east-1:1:function:strangers"})
    for message in queues.messages():
        with pytest.raises(NotUnderstoodError, match="is not a state machine or function of 'dev'"):
            queues.replay(message)


def test_dry_run_changes_nothing(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, SAGA)
    for message in queues.messages():
        assert queues.replay(message, dry_run=True).kind is Kind.SAGA
    assert aws.machines.started == []
    assert queues.depths()["UserSaga"] == 1


def test_limit_releases_the_other_messages(queues: DeadLetterQueues, aws: FakeAws) -> None:
    for _ in range(5):
        _send(queues, aws, SAGA)
    _replay_all(queues, limit=2)
    assert len(aws.machines.started) == 2
    assert queues.depths()["UserSaga"] == 3
    _replay_all(queues)
    assert len(aws.machines.started) == 5


def test_failing_replay_keeps_the_message(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, SAGA)
    replayed = 0

    for message in queues.messages():
        queues.replay(message)
        _send(queues, aws, SAGA)  # the saga gives up on it again, at once
        replayed += 1

    assert replayed == 1
    assert sum(queues.depths().values()) == 1


def test_queue_can_be_selected(queues: DeadLetterQueues, aws: FakeAws) -> None:
    _send(queues, aws, SAGA)
    assert list(queues.messages("SignUp")) == []
    with pytest.raises(LookupError, match="Unknown queue 'Nope'"):
        list(queues.messages("Nope"))


# The command


@pytest.fixture
def _loaded(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "load", lambda *_, **__: environment)


@pytest.mark.usefixtures("_loaded")
def test_list_shows_counts(queues: DeadLetterQueues, aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    _send(queues, aws, SAGA)
    assert main(["dead-letters", "list"]) == 0
    shown = capsys.readouterr().out
    assert shown.lstrip().startswith("Dead-letter messages of 'local'")
    assert "UserSaga" in shown


@pytest.mark.usefixtures("_loaded")
def test_show_masks_personal_data_by_default(
    queues: DeadLetterQueues, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    _send(queues, aws, SAGA)
    _send(queues, aws, {"entry": ENTRY, "error": "PublishError"}, queue="SignUp")
    _send(queues, aws, "for ada@example.com only")
    assert main(["dead-letters", "show"]) == 0
    shown = capsys.readouterr().out
    assert "ada@example.com" not in shown
    assert "Ada" not in shown
    assert "u-1" in shown
    assert "3 shown." in shown
    assert main(["dead-letters", "show", "--reveal", "--queue", "UserSaga"]) == 0
    assert "ada@example.com" in capsys.readouterr().out


@pytest.mark.usefixtures("_loaded")
def test_replay_reports_done_and_remaining(
    queues: DeadLetterQueues, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    _send(queues, aws, SAGA)
    assert main(["dead-letters", "replay", "--dry-run"]) == 0
    assert "1 to be replayed, 0 left." in capsys.readouterr().out
    assert main(["dead-letters", "replay"]) == 0
    assert "1 replayed, 0 left." in capsys.readouterr().out
    _send(queues, aws, "garbage of ada@example.com")
    assert main(["dead-letters", "replay"]) == 1
    told = capsys.readouterr().out
    assert "0 replayed, 1 left." in told
    assert "the message is not JSON" in told
    assert "ada@example.com" not in told


@pytest.mark.usefixtures("_loaded")
def test_unknown_queue_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "replay", "--queue", "Nope"]) == 2
    assert "Unknown queue 'Nope'" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_limit_must_be_positive(limit: str) -> None:
    with pytest.raises(SystemExit):
        main(["dead-letters", "replay", "--limit", limit])
