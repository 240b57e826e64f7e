"""The example webhook receiver, with messages of other tenants' topics and invalid signatures."""

from __future__ import annotations

import base64
import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from examples import webhook_receiver
from examples.webhook_receiver import WebhookReceiver, serve
from examples.webhook_receiver import _key as key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOPICS: Final = "arn:aws:sns:eu-west-1:111122223333:tenantry-parks-"
_OWN: Final = f"{_TOPICS}texas_big-bend_park-closed"
_SNS: Final = "https://sns.eu-west-1.amazonaws.com"
_CERTIFICATE: Final = f"{_SNS}/SimpleNotificationService-0123abcd.pem"
_EVENT: Final = {"tenantId": "texas", "parkId": "big-bend", "eventType": "park-closed", "time": "2026-01-01T00:00:00Z"}
# Topics that anybody can have: another tenant's, one that begins alike, another account's, region's or application's.
_OTHERS: Final = (
    f"{_TOPICS}colorado_big-bend_park-closed",
    f"{_TOPICS}texas-2_big-bend_park-closed",
    f"{_TOPICS}texa_big-bend_park-closed",
    f"{_TOPICS}Texas_big-bend_park-closed",
    f"{_TOPICS}texas",
    "arn:aws:sns:eu-west-1:999999999999:tenantry-parks-texas_big-bend_park-closed",
    "arn:aws:sns:us-east-1:111122223333:tenantry-parks-texas_big-bend_park-closed",
    "arn:aws:sns:eu-west-1:111122223333:other-parks-texas_big-bend_park-closed",
    f"x{_OWN}",
    "",
)


class _Sns:
    """SNS, which signs whatever topic a message is of."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(serialization.Encoding.PEM)

    def message(self, kind: str = "Notification", *, topic: str = _OWN, version: str = "2", **more: str) -> bytes:
        told = {
            "Type": kind,
            "MessageId": "m-1",
            "TopicArn": topic,
            "Timestamp": "2026-01-01T00:00:00.000Z",
            "Message": json.dumps(_EVENT),
        }
        if kind != "Notification":
            told |= {"Token": "t", "SubscribeURL": f"{_SNS}/?Action=ConfirmSubscription&TopicArn={topic}&Token=t"}
        told |= more
        text = "".join(f"{name}\n{told[name]}\n" for name in sorted(told))
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - SNS's first version
        signature = base64.b64encode(self._key.sign(text.encode(), PKCS1v15(), algorithm)).decode()
        signed = {"Signature": signature, "SignatureVersion": version, "SigningCertURL": _CERTIFICATE}
        return json.dumps({**told, **signed}).encode()


@pytest.fixture(scope="module")
def sns() -> _Sns:
    return _Sns()


@pytest.fixture
def events() -> list[Any]:
    return []


@pytest.fixture
def receiver(events: list[Any], sns: _Sns) -> Iterator[WebhookReceiver]:
    key_of.cache_clear()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as answers:
        answers.get(_CERTIFICATE, body=sns.certificate)
        answers.get(f"{_SNS}/", body="<ConfirmSubscriptionResponse/>")
        receiver = WebhookReceiver(_OWN, events.append)
        receiver.calls = answers.calls  # type: ignore[attr-defined]
        yield receiver


def _confirmations(receiver: WebhookReceiver) -> list[str]:
    calls = receiver.calls  # type: ignore[attr-defined]
    return [call.request.url for call in calls if "ConfirmSubscription" in call.request.url]


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("topic", [_OWN, f"{_TOPICS}texas_other-park_park-opened"])
def test_messages_of_the_own_tenant_are_accepted(
    receiver: WebhookReceiver, events: list[Any], sns: _Sns, topic: str, version: str
) -> None:
    assert receiver.take(sns.message("SubscriptionConfirmation", topic=topic, version=version)) == 200
    assert receiver.take(sns.message(topic=topic, version=version)) == 200
    assert receiver.take(sns.message(topic=topic, version=version, MessageId="m-2", Subject="s")) == 200

    assert len(_confirmations(receiver)) == 1
    assert events == [_EVENT, _EVENT]


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "Notification"])
@pytest.mark.parametrize("topic", _OTHERS)
def test_signed_message_of_another_topic_is_refused(
    receiver: WebhookReceiver, events: list[Any], sns: _Sns, topic: str, kind: str
) -> None:
    assert receiver.take(sns.message(kind, topic=topic)) == 403
    assert events == []
    assert list(receiver.calls) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": json.dumps({**_EVENT, "eventType": "park-opened"})},
        {"MessageId": "m-3"},
        {"Subject": "x"},
        {"Timestamp": "2026-01-02T00:00:00.000Z"},
        {"Signature": ""},
        {"Signature": "!"},
        {"SignatureVersion": "3"},
        {"SigningCertURL": "https://example.com/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": f"{_SNS}.example.com/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": f"{_SNS}/x/../SimpleNotificationService-0123abcd.pem"},
        {"SigningCertURL": f"{_SNS}@example.com/SimpleNotificationService-0123abcd.pem"},
        {"Type": "UnsubscribeConfirmation"},
    ],
    ids=str,
)
def test_message_with_invalid_signature_is_refused(
    receiver: WebhookReceiver, events: list[Any], sns: _Sns, changed: dict[str, str]
) -> None:
    message = json.loads(sns.message()) | changed

    assert receiver.take(json.dumps(message).encode()) == 403
    assert events == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=t",
        f"http://{_SNS.removeprefix('https://')}/?Action=ConfirmSubscription&TopicArn={{topic}}&Token=t",
        f"{_SNS}/?Action=Unsubscribe&TopicArn={{topic}}",
        f"{_SNS}/?Action=ConfirmSubscription&TopicArn={_OTHERS[0]}&Token=t",
        f"{_SNS}/?Action=ConfirmSubscription&TopicArn={{topic}}&TopicArn={_OTHERS[0]}&Token=t",
    ],
)
def test_only_confirmation_urls_of_the_own_topic_are_fetched(receiver: WebhookReceiver, sns: _Sns, url: str) -> None:
    message = sns.message("SubscriptionConfirmation", SubscribeURL=url.format(topic=_OWN))

    assert receiver.take(message) == 403
    assert _confirmations(receiver) == []


def test_duplicate_message_is_handled_once(receiver: WebhookReceiver, events: list[Any], sns: _Sns) -> None:
    assert [receiver.take(sns.message()) for _ in range(2)] == [200, 200]
    assert events == [_EVENT]


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b'{"TopicArn": 1}', b'{"TopicArn": "%s"}' % _OWN.encode()])
def test_malformed_message_is_refused(receiver: WebhookReceiver, events: list[Any], body: bytes) -> None:
    assert receiver.take(body) == 400
    assert events == []


@pytest.mark.parametrize("topic", ["", "texas", f"{_TOPICS}texas", "tenantry-parks-texas_x_y"])
def test_receiver_requires_a_topic_of_its_tenant(topic: str) -> None:
    with pytest.raises(ValueError, match="ARN"):
        WebhookReceiver(topic, lambda _: None)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), RuntimeError("x")])
def test_failed_event_is_accepted_when_resent(sns: _Sns, error: Exception) -> None:
    taken: list[Any] = []

    def handle(event: Any) -> None:  # noqa: ANN401 - JSON
        taken.append(event)
        if len(taken) == 1:
            raise error

    receiver = WebhookReceiver(_OWN, handle, verify=lambda _: None)
    with _served(receiver) as port:
        assert [_status(port, sns.message()) for _ in range(3)] == [500, 200, 200]

    assert taken == [_EVENT, _EVENT]


@pytest.mark.parametrize("length", ["-1", "524289", "x", "", "+1", "1_0"])
def test_request_without_valid_length_is_refused_unread(length: str) -> None:
    with _served(WebhookReceiver(_OWN, lambda _: None)) as port:
        assert _status(port, b"", length=length) == 400


def test_incomplete_request_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_receiver, "_TIMEOUT_SECONDS", 0.1)
    with _served(WebhookReceiver(_OWN, lambda _: None)) as port:
        assert _status(port, b"{", length="100") is None


@contextmanager
def _served(receiver: WebhookReceiver) -> Iterator[int]:
    with serve(receiver, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _status(port: int, body: bytes, *, length: str | None = None) -> int | None:
    """Send a request, keep the connection open, and return the status; None where the server closes it instead."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        announced = str(len(body)) if length is None else length
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %s\r\n\r\n%s" % (announced.encode(), body))
        answer = connection.makefile("rb").readline()
        return int(answer.split()[1]) if answer else None
