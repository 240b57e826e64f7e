"""The ingest API: a batch goes out, and what came of each record comes back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import requests
from requests_aws4auth import AWS4Auth

from tenantry.ingest_client.errors import AccessRefusedError, BatchRefusedError, ProtocolError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.ingest_client.buffer import Item
    from tenantry.ingest_client.credentials import Credentials, CredentialsProvider

_TIMEOUT: Final = (5, 30)
# All were taken; some were.
_ANSWERS: Final = (HTTPStatus.OK, HTTPStatus.MULTI_STATUS)
_REFUSALS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_SERVER_ERRORS: Final = 500
_SERVICE: Final = "execute-api"


class IngestApi:
    """Sends batches in the name of the server's tenant.

    Parameters
    ----------
    credentials
        What requests are signed with.
    """

    def __init__(self, credentials: CredentialsProvider) -> None:
        self._credentials = credentials
        self._http = requests.Session()

    def send(self, items: Sequence[Item]) -> list[Item]:
        """Send a batch and return those of its records that the stream did not take, in their order.

        Credentials that are refused, since they have ended or were withdrawn, are replaced once.

        Raises
        ------
        TransientError
            The whole batch should be sent again later.
        BatchRefusedError
            It should not: the API objects to what is in it.
        StoppedError
            Nothing can be sent any more.
        """
        body = b'{"Records":[' + b",".join(b'{"Data":' + item.data + b"}" for item in items) + b"]}"
        credentials = self._credentials.get()
        reply = self._post(credentials, body)
        if reply.status_code == HTTPStatus.FORBIDDEN:
            self._credentials.forget(credentials)
            credentials = self._credentials.get()
            reply = self._post(credentials, body)
        return self._left(items, reply, credentials.device.tenant)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _post(self, credentials: Credentials, body: bytes) -> requests.Response:
        device = credentials.device
        headers = {"Content-Type": "application/json"}
        if device.api_key:
            headers["x-api-key"] = device.api_key
        try:
            return self._http.post(
                f"{device.api_url}/{device.tenant}/batch",
                data=body,
                headers=headers,
                auth=AWS4Auth(
                    credentials.access_key_id,
                    credentials.secret_access_key,
                    device.region,
                    _SERVICE,
                    session_token=credentials.session_token,
                ),
                verify=device.verify,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TransientError(f"The ingest API cannot be reached ({type(error).__name__}).") from error

    @staticmethod
    def _left(items: Sequence[Item], reply: requests.Response, tenant: str) -> list[Item]:
        status, told = reply.status_code, reply.text[:200]
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= _SERVER_ERRORS:
            raise TransientError(f"The ingest API answered {status}.", retry_after=_retry_after(reply))
        if status in _REFUSALS:
            raise BatchRefusedError(f"{status} {told}")
        if status == HTTPStatus.FORBIDDEN:
            raise AccessRefusedError(f"The ingest API refuses new credentials of a server of {tenant}: {told}")
        if status not in _ANSWERS:
            raise ProtocolError(f"The ingest API answered {status} {told}")
        results = _results(reply)
        if results is None or len(results) != len(items):
            # Whatever has answered, the records may not be on the stream.
            raise TransientError("The ingest API did not say what came of each record.")
        return [item for item, result in zip(items, results, strict=True) if result.get("ErrorCode")]


def _results(reply: requests.Response) -> list[dict[str, Any]] | None:
    try:
        found = reply.json()["Records"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, list) and all(isinstance(result, dict) for result in found) else None


def _retry_after(reply: requests.Response) -> float:
    try:
        return max(0.0, float(reply.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0  # a date, which this API does not send
