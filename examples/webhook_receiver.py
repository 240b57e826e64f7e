"""A receiver of a tenant's webhooks: it confirms and believes messages of its own tenant's topics, and no others.

The reply to ``POST /parks/{id}/webhooks`` says which ``topic`` the endpoint is subscribed to. With that,
``python examples/webhook_receiver.py TOPIC`` listens on port 8080 of this machine, behind whatever ends TLS. Send the
same request again then: it is the same webhook, and SNS asks the endpoint again to confirm it.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
import traceback
from collections import OrderedDict
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OK: Final = 200
_MALFORMED: Final = 400
_REFUSED: Final = 403
_FAILED: Final = 500
_REMEMBERED: Final = 10_000
_LARGEST: Final = 512 * 1024
_TIMEOUT_SECONDS: Final = 10
# What is signed, in this order, where it is there.
# https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {"1": hashes.SHA1, "2": hashes.SHA256}


class RefusedError(Exception):
    """A message is not one of this receiver's."""


class WebhookReceiver:
    """Takes what is sent to a webhook's endpoint.

    Isolation: SNS signs the messages of every topic of every AWS customer, so that a signature says that SNS has sent a
    message and not for whom: anybody can subscribe this endpoint to a topic of theirs. Whose a message is, is what its
    topic's ARN says. It is compared before anything else is done.

    Parameters
    ----------
    topic
        A topic of one's own tenant, as the API's reply gives it. The tenant's other topics begin as it does, up to the
        underscore after the tenant's id; no id holds one, so that no other tenant's topic does.
    handle
        Called once for each event, with what `Message` holds.
    verify, confirm
        Check a message's signature, and confirm a subscription; a test has others.
    """

    def __init__(
        self,
        topic: str,
        handle: Callable[[Mapping[str, Any]], None],
        *,
        verify: Callable[[Mapping[str, str]], None] | None = None,
        confirm: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        beginning, underscore, _ = topic.partition("_")
        if not underscore or not beginning.startswith("arn:"):
            raise ValueError(f"{topic!r} is not the ARN of a webhook's topic.")
        self._own = beginning + underscore
        self._handle = handle
        self._verify = verify or verify_signature
        self._confirm = confirm or confirm_subscription
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, body: bytes) -> int:
        """Take one request's body and return the HTTP status to answer.

        What `handle` raises is raised: the event is not handled, and SNS sends it again only after a 5xx.
        """
        try:
            message = json.loads(body)
            if not isinstance(message, dict) or not all(isinstance(value, str) for value in message.values()):
                return _MALFORMED
            event = self._new_event(message)
        except (ValueError, KeyError):
            return _MALFORMED
        except RefusedError as refused:
            sys.stderr.write(f"refused: {refused}\n")
            return _REFUSED
        if event is not None:
            self._handle(event)
            self._remember(message["MessageId"])
        return _OK

    def _new_event(self, message: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        """Check a message; return the event of a notification that was not handled before."""
        if not message["TopicArn"].startswith(self._own):
            raise RefusedError(f"a message of the topic {message['TopicArn']}")
        if message["Type"] not in _SIGNED:
            raise RefusedError(f"a message of the type {message['Type']}")
        self._verify(message)
        if message["Type"] == "SubscriptionConfirmation":
            self._confirm(message)
            return None
        if message["MessageId"] in self._seen:  # at least once, says SNS
            return None
        return json.loads(message["Message"])

    def _remember(self, message_id: str) -> None:
        self._seen[message_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def verify_signature(message: Mapping[str, str]) -> None:
    """Check that SNS, in the region of the message's topic, has signed it."""
    url, host = message["SigningCertURL"], _host(message["TopicArn"])
    if not re.fullmatch(rf"https://{re.escape(host)}/SimpleNotificationService-[0-9a-f]+\.pem", url):
        raise RefusedError(f"a certificate at {url}")
    algorithm = _HASHES.get(message["SignatureVersion"])
    if algorithm is None:
        raise RefusedError(f"a signature of version {message['SignatureVersion']}")
    signed = "".join(f"{name}\n{message[name]}\n" for name in _SIGNED[message["Type"]] if name in message)
    try:
        signature = base64.b64decode(message["Signature"], validate=True)
        _key(url).verify(signature, signed.encode(), PKCS1v15(), algorithm())
    except (InvalidSignature, ValueError):
        raise RefusedError("a signature that is not SNS's") from None


def confirm_subscription(message: Mapping[str, str]) -> None:
    """Fetch the address that confirms a subscription to the message's topic, at SNS and nowhere else."""
    url = urlsplit(message["SubscribeURL"])
    asked = {name: values for name, values in parse_qs(url.query).items() if name in {"Action", "TopicArn"}}
    wanted = {"Action": ["ConfirmSubscription"], "TopicArn": [message["TopicArn"]]}
    if (url.scheme, url.netloc, asked) != ("https", _host(message["TopicArn"]), wanted):
        raise RefusedError(f"a confirmation at {url.netloc}")
    requests.get(message["SubscribeURL"], timeout=_TIMEOUT_SECONDS, allow_redirects=False).raise_for_status()


def _host(topic: str) -> str:
    _, partition, _, region, *_ = topic.split(":")
    return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"


@cache
def _key(url: str) -> RSAPublicKey:
    answer = requests.get(url, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    key = x509.load_pem_x509_certificate(answer.content).public_key()
    if not isinstance(key, RSAPublicKey):
        raise RefusedError("a certificate without an RSA key")
    return key


def serve(receiver: WebhookReceiver, port: int) -> ThreadingHTTPServer:
    """Return a server on a port of this machine, 0 for a free one; `serve_forever` starts it."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT_SECONDS  # for a request that does not send all that it has announced

        def do_POST(self) -> None:
            self.send_response(self._status())
            self.end_headers()

        def _status(self) -> int:
            length = self.headers.get("Content-Length", "")
            if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > _LARGEST:
                return _MALFORMED
            body = self.rfile.read(int(length))
            try:
                return receiver.take(body)
            except Exception:  # noqa: BLE001 - whatever it was, SNS sends the message again
                traceback.print_exc()
                return _FAILED

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Listen, and print what happens to parks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic", help="a topic of your tenant: `topic` of the reply to POST /parks/{id}/webhooks")
    parser.add_argument("--port", type=int, default=8080, help="where to listen on this machine (default: 8080)")
    parsed = parser.parse_args()
    receiver = WebhookReceiver(parsed.topic, lambda event: print(json.dumps(event)))  # noqa: T201 - what it is for
    serve(receiver, parsed.port).serve_forever()


if __name__ == "__main__":
    main()
