"""Credentials in exchange for a certificate, kept until shortly before they end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import requests

from tenantry.ingest_client.device import Device
from tenantry.ingest_client.errors import CertificateRefusedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TIMEOUT: Final = (5, 15)
# How long before their end credentials are replaced: long enough for an outage, at most a third of their life.
_MARGIN: Final = timedelta(minutes=5)
_THIRD: Final = 3
_REFUSALS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Temporary credentials of a server.

    Attributes
    ----------
    access_key_id, secret_access_key, session_token
        To sign requests with.
    expires
        Until when they work.
    device
        Who got them.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    device: Device


class CredentialsProvider:
    """Exchanges a server's certificate for credentials, whenever those in hand near their end.

    Safe to share between threads: many who ask at once make one exchange. The folder is read at each, so that a
    certificate that was rotated counts without a restart.

    Parameters
    ----------
    folder
        The folder that `tenantry devices issue` has written.
    now
        The time.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        self._known: Credentials | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def get(self) -> Credentials:
        """Return credentials that work for a while yet.

        Raises
        ------
        CertificateRefusedError
            The certificate gets none.
        TransientError
            The credentials provider cannot be reached or is busy, and those in hand have ended.
        DeviceError
            The folder cannot be read.
        """
        with self._lock:
            now = self._now()
            if self._known and now < self._renew_at:
                return self._known
            try:
                made = self._exchange(Device.load(self._folder))
            except TransientError:
                if self._known and now < self._known.expires:
                    return self._known
                raise
            self._known = made
            self._renew_at = made.expires - min(_MARGIN, (made.expires - now) / _THIRD)
            return made

    def forget(self, credentials: Credentials) -> None:
        """Use these no more: a service has refused them. If others are in hand by now, those stay."""
        with self._lock:
            if self._known is credentials:
                self._known = None

    @staticmethod
    def _exchange(device: Device) -> Credentials:
        try:
            reply = requests.get(
                device.credentials_url,
                headers={"x-amzn-iot-thingname": device.thing},
                cert=(str(device.certificate), str(device.private_key)),
                verify=device.verify,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise CertificateRefusedError(
                f"No secure connection to {device.credentials_endpoint} with the certificate of {device.thing}: {error}"
            ) from error
        except requests.RequestException as error:
            raise TransientError(
                f"{device.credentials_endpoint} cannot be reached ({type(error).__name__})."
            ) from error
        if reply.status_code in _REFUSALS:
            raise CertificateRefusedError(
                f"The certificate of {device.thing} gets no credentials ({reply.status_code} {_message(reply)}). "
                "It was revoked, or is not this server's; the operator can tell: tenantry devices list."
            )
        try:
            found = reply.json()["credentials"]
            return Credentials(
                access_key_id=found["accessKeyId"],
                secret_access_key=found["secretAccessKey"],
                session_token=found["sessionToken"],
                expires=datetime.fromisoformat(found["expiration"]),
                device=device,
            )
        except (ValueError, KeyError, TypeError):
            raise TransientError(
                f"{device.credentials_endpoint} answered {reply.status_code} without credentials."
            ) from None


def _message(reply: requests.Response) -> str:
    try:
        content: Any = reply.json()
    except ValueError:
        return str(reply.reason)
    return str(content.get("message", reply.reason)) if isinstance(content, dict) else str(reply.reason)
