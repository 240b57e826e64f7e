"""The account that is asked, by clients that cannot change anything in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from tenantry.operate.aws import Aws

_READS: Final = re.compile(r"(Get|List|Describe|Head|Simulate)[A-Z].*")
_DENIALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "NotAuthorized",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
NOT_ASKED: Final = (BotoCoreError, ClientError)
"""What a question can end in that AWS does not answer."""


class NotReadError(Exception):
    """A request would change something, and was not sent."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where something is to be deployed.

    Attributes
    ----------
    aws
        The caller's clients.
    id, region, partition
        Which account and region it is.
    caller
        ARN of the caller.
    """

    aws: Aws
    id: str
    region: str
    partition: str
    caller: str

    @classmethod
    def of(cls, aws: Aws) -> Account:
        """Ask who the caller is."""
        identity = reader(aws, "sts").get_caller_identity()
        caller = str(identity["Arn"])
        return cls(
            aws=aws, id=str(identity["Account"]), region=aws.region, partition=caller.split(":")[1], caller=caller
        )

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - a client of any service
        """Return a client that reads, in the account's region if in no other."""
        return reader(self.aws, service, region=region)


def reader(aws: Aws, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - a client of any service
    """Return a client that refuses to send what is no reading."""
    client = aws.client(service, region=region)
    client.meta.events.register("before-call", _only_reads, unique_id="tenantry-preflight-reads")
    return client


def _only_reads(model: OperationModel, **_: object) -> None:
    if not _READS.fullmatch(model.name):
        raise NotReadError(
            f"{model.service_model.service_name}:{model.name} is not a read-only operation; preflight changes nothing."
        )


def code_of(error: Exception) -> str:
    """Return AWS's code of an error; the exception's name where it has none."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or type(error).__name__
    return type(error).__name__


def reason(error: Exception) -> str:
    """Return why something could not be asked, in a few words."""
    code = code_of(error)
    return "the credentials lack the permission to read it" if code in _DENIALS else f"AWS answered {code}"
