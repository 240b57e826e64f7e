"""Signs requests to an API as AWS wants it, or wrongly on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from datetime import datetime

    from botocore.credentials import ReadOnlyCredentials


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs with one key for one service and region.

    Attributes
    ----------
    credentials
        Whose key to sign with.
    region, service
        What the signature is good for.
    at
        When the request says it was signed; None for now.
    """

    credentials: ReadOnlyCredentials
    region: str
    service: str = "execute-api"
    at: datetime | None = None

    def headers(self, method: str, url: str, body: str | bytes = "") -> dict[str, str]:
        """Return the headers that sign a request."""
        key = self.credentials
        request = AWSRequest(method=method, url=url, data=body)
        auth = _DatedAuth(Credentials(key.access_key or "", key.secret_key or "", key.token), self.service, self.region)
        auth.at = self.at
        auth.add_auth(request)
        return {name: str(value) for name, value in request.headers.items()}


class _DatedAuth(SigV4Auth):
    at: datetime | None = None

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        if self.at:
            request.context["timestamp"] = self.at.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)  # type: ignore[misc] # not in the stubs
