"""The part of an X-Ray trace that Lambda does not write by itself: by what to search for an invocation.

AWS no longer develops the X-Ray SDK, and importing it takes as long as a client of the AWS SDK. One datagram for a
sampled invocation needs neither.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from contextlib import suppress
from typing import Final

_HEADER: Final = '{"format": "json", "version": 1}\n'


class Trace:
    """Sends a subsegment for each sampled invocation, with the annotations that were made during it."""

    def __init__(self) -> None:
        self._began = 0.0
        self._annotations: dict[str, str] = {}

    def begin(self) -> None:
        """Begin an invocation."""
        self._began, self._annotations = time.time(), {}

    def put_annotation(self, name: str, value: str) -> None:
        """Let the invocation's trace be found by a value."""
        self._annotations[name] = value

    def end(self) -> None:
        """Send the subsegment, if Lambda samples the invocation and there is something to send."""
        daemon = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "")
        context = dict(part.partition("=")[::2] for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"))
        if not (self._annotations and daemon and context.get("Sampled") == "1"):
            return
        subsegment = {
            "type": "subsegment",
            "name": "handler",
            "id": secrets.token_hex(8),
            "trace_id": context["Root"],
            "parent_id": context["Parent"],
            "start_time": self._began,
            "end_time": time.time(),
            "annotations": self._annotations,
        }
        host, _, port = daemon.rpartition(":")
        # A trace that does not arrive is no reason to fail.
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto((_HEADER + json.dumps(subsegment)).encode(), (host, int(port)))
