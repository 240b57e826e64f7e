"""The control API in the operator's hand: requests that the operator's own credentials sign."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tenantry.operate.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.operate.environment import Environment

_TIMEOUT_SECONDS: Final = 35  # API Gateway waits for 29
_UNFINISHED: Final = 502
_REFUSED: Final = 400


class ControlApiError(CommandError):
    """The control API has refused a request; the message says why. Nothing was done."""


class UnfinishedError(CommandError):
    """The control API has done a part of what was asked for; the message says what becomes of the rest."""


@dataclass(frozen=True)
class ControlApi:
    """The control API of an environment.

    Attributes
    ----------
    environment
        Its outputs name the API; its credentials sign.
    """

    environment: Environment

    def call(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | None] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return the JSON that comes back.

        Parameters
        ----------
        method
            Of the request.
        path
            The parts of the path.
        query
            What the query says; what is None is left out.
        body
            What is sent as JSON.

        Raises
        ------
        ControlApiError
            It was refused, or is not to be reached.
        UnfinishedError
            It was done in part, or nobody knows.
        """
        aws = self.environment.aws
        url = "/".join([self.environment.output("control", "ControlApiUrl"), *(quote(part, safe="") for part in path)])
        if asked := {name: value for name, value in (query or {}).items() if value is not None}:
            url += f"?{urlencode(asked, quote_via=quote)}"
        content = None if body is None else json.dumps(body).encode()
        signed = AWSRequest(method=method, url=url, data=content, headers={"Content-Type": "application/json"})
        keys = aws.credentials()
        credentials = Credentials(keys.access_key or "", keys.secret_key or "", keys.token)
        SigV4Auth(credentials, "execute-api", aws.region).add_auth(signed)
        with requests.Session() as http:
            if aws.ca_bundle:
                http.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
                http.verify = aws.ca_bundle
            try:
                reply = http.request(method, url, data=content, headers=dict(signed.headers), timeout=_TIMEOUT_SECONDS)
            except requests.ConnectionError as error:
                raise ControlApiError(f"The control API is unreachable ({type(error).__name__})") from error
            except requests.Timeout as error:
                raise UnfinishedError("The control API did not answer in time: run the command again") from error
        return _read(reply)


def _read(reply: requests.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        read = reply.json() if reply.content else {}
    except ValueError:
        read = {}
    message = read.get("message") if isinstance(read, dict) else None
    if reply.status_code >= requests.codes.internal_server_error:
        raise UnfinishedError(message or f"The control API failed ({reply.status_code})")
    if reply.status_code >= _REFUSED:
        raise ControlApiError(message or f"The control API refused the request ({reply.status_code})")
    return read
