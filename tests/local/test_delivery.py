"""Deliveries that fail: EventBridge's retries and dead-letter queues, and Lambda's."""

import json
from typing import Any
from unittest.mock import Mock

import pytest

from tests.local.emulator import Emulator, allow
from tests.local.probes.eventbridge.delivery import emit, rule


def _attributes(message: dict[str, Any] | None) -> dict[str, str]:
    assert message is not None
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_a_dead_letter_message_has_the_event_and_the_error(emulator: Emulator) -> None:
    _, queue = emulator.queue()
    dead_letter_url, dead_letter_queue = emulator.queue(open_to="events.amazonaws.com")
    source = rule(emulator, queue, DeadLetterConfig={"Arn": dead_letter_queue})
    emit(emulator, source)
    dead_letter = emulator.received(dead_letter_url)
    attributes = _attributes(dead_letter)
    assert dead_letter is not None
    assert json.loads(dead_letter["Body"])["source"] == source
    assert attributes["RULE_ARN"].endswith(f"rule/{source}")
    assert attributes["TARGET_ARN"] == queue
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "sqs:SendMessage" in attributes["ERROR_MESSAGE"]
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes  # no retry would have helped


def test_an_event_for_a_missing_target_becomes_a_dead_letter_message(emulator: Emulator) -> None:
    function = emulator.function("def handler(event, context): pass")
    dead_letter_url, dead_letter_queue = emulator.queue(open_to="events.amazonaws.com")
    source = rule(emulator, function, DeadLetterConfig={"Arn": dead_letter_queue})
    emulator.client("lambda").delete_function(FunctionName=function)
    emit(emulator, source)
    assert _attributes(emulator.received(dead_letter_url))["ERROR_CODE"] == "NO_RESOURCE"


def test_without_permission_on_the_dead_letter_queue_the_event_is_lost(emulator: Emulator) -> None:
    _, queue = emulator.queue()
    dead_letter_url, dead_letter_queue = emulator.queue()
    emit(emulator, rule(emulator, queue, DeadLetterConfig={"Arn": dead_letter_queue}))
    assert emulator.received(dead_letter_url, seconds=1) is None


@pytest.fixture
def delivery(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Return the module of the gap, whose pauses take no time."""
    from tenantry.local.gaps.eventbridge import delivery  # noqa: PLC0415 - imports MiniStack

    monkeypatch.setattr(delivery, "_FIRST_PAUSE_SECONDS", 0.001)
    return delivery


def _deliver(
    delivery: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    policy: dict[str, int],
    send: Mock,
) -> list[dict[str, str]]:
    failures: list[dict[str, str]] = []
    monkeypatch.setattr(delivery, "_give_up", lambda _target, _payload, reason: failures.append(reason))
    target = delivery._Target(settings={"Arn": "arn:x", "RetryPolicy": policy}, rule_arn="arn:rule")  # noqa: SLF001
    delivery._deliver(target, "{}", send)  # noqa: SLF001
    return failures


def test_transient_failures_are_retried(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    send = Mock(side_effect=[ConnectionError("down"), ConnectionError("down"), None])
    assert _deliver(delivery, monkeypatch, {"MaximumRetryAttempts": 5}, send) == []
    assert send.call_count == 3


def test_exhausted_retries_end_in_a_dead_letter_message(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    send = Mock(side_effect=ConnectionError("down"))
    (dead_letter,) = _deliver(delivery, monkeypatch, {"MaximumRetryAttempts": 2}, send)
    assert send.call_count == 3
    assert dead_letter == {
        "ERROR_CODE": "ConnectionError",
        "ERROR_MESSAGE": "down",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }


def test_an_event_past_its_maximum_age_becomes_a_dead_letter_message(
    delivery: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (dead_letter,) = _deliver(delivery, monkeypatch, {"MaximumEventAgeInSeconds": 0}, Mock(side_effect=OSError))
    assert dead_letter["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_a_failed_function_sends_event_and_error_to_its_dead_letter_queue(emulator: Emulator) -> None:
    url, arn = emulator.queue()
    function = emulator.function(
        "def handler(event, context): raise KeyError('lost')",
        allow("sqs:SendMessage", arn),
        DeadLetterConfig={"TargetArn": arn},
    )
    client = emulator.client("lambda")
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    client.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"order": 1}')
    dead_letter = emulator.received(url)
    assert dead_letter is not None
    assert json.loads(dead_letter["Body"]) == {"order": 1}
    assert _attributes(dead_letter)["ErrorMessage"] == "'lost'"


def test_a_destination_gets_an_envelope(emulator: Emulator) -> None:
    url, arn = emulator.queue()
    function = emulator.function("def handler(event, context): raise KeyError('lost')", allow("sqs:SendMessage", arn))
    client = emulator.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName=function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    client.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"order": 1}')
    dead_letter = emulator.received(url)
    assert dead_letter is not None
    envelope = json.loads(dead_letter["Body"])
    assert envelope["requestPayload"] == {"order": 1}
    assert envelope["requestContext"]["condition"] == "RetriesExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 1
    assert envelope["responsePayload"]["errorType"] == "KeyError"
