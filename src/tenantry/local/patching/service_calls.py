"""How AWS services call each other: with a role's session, or as themselves where a resource's policy lets them."""

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.services import iam, lambda_svc, sqs, sts

from tenantry.local.patching import require
from tenantry.local.settings import HOST

require(iam, "_roles")
require(sts, "register_session")
require(sqs, "queue_policy_for_arn", "_queue_by_arn", "_queue_url_for_account", "_act_send_message")
require(lambda_svc, "function_policy_for_arn")
require(iam_evaluator, "EvalContext", "evaluate_resource_policy", "pin_request_origin")
require(iam_evaluator, "_conditions_met", "_service_principal_matches")

#: Where a session keeps what it says of the caller in every policy; `iot.credentials_provider` reads it.
CONDITION_KEYS = "TenantryConditionKeys"
_SESSION_SECONDS = 3600
_RENEW_SECONDS = 300


class RefusedError(Exception):
    """The trust policy of a role, or the policy of a resource, does not allow a service."""


@dataclass(frozen=True, kw_only=True)
class _Session:
    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: float

    @property
    def expiration(self) -> str:
        """When it ends, as AWS writes times."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.expires))


_sessions: dict[tuple[str, str, str], _Session] = {}
_clients: dict[tuple[str, str, str], Any] = {}
_lock = threading.Lock()


def endpoint() -> str:
    """Return the URL of this emulator, at which every service answers."""
    return f"https://{HOST}:{os.environ['GATEWAY_PORT']}"


def role_session(role: str, *, service: str, session_name: str, source_arn: str = "") -> _Session:
    """Return the session of a role that a service has assumed.

    Parameters
    ----------
    role
        The role's ARN.
    service
        The service's principal, `states.amazonaws.com`.
    session_name
        The name of the session: one for each role and use, since sessions and their clients are kept.
    source_arn
        The resource on whose behalf the service acts, for conditions on `aws:SourceArn` and `aws:SourceAccount`.

    Raises
    ------
    RefusedError
        When there is no such role, or it does not trust the service.
    """
    key = (role, service, session_name)
    with _lock:
        known = _sessions.get(key)
        if known and known.expires > time.time() + _RENEW_SECONDS and _trusts(role, service, source_arn):
            return known
        _sessions[key] = new_session(role, service=service, session_name=session_name, source_arn=source_arn)
        return _sessions[key]


def new_session(
    role: str,
    *,
    service: str,
    session_name: str,
    source_arn: str = "",
    seconds: int = _SESSION_SECONDS,
    keys: Mapping[str, str] | None = None,
) -> _Session:
    """Return a new session of a role that a service has assumed.

    Parameters
    ----------
    role, service, session_name, source_arn
        As `role_session` takes them.
    seconds
        How long it lives.
    keys
        What the session says of the caller in every policy, by condition keys in lower case.

    Raises
    ------
    RefusedError
        When there is no such role, or it does not trust the service.
    """
    if not _trusts(role, service, source_arn):
        raise RefusedError(f"{service} is not authorized to assume the provided role {role}")
    account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
    made = _Session(
        access_key_id="ASIA" + secrets.token_hex(8).upper(),
        secret_access_key=secrets.token_hex(20),
        session_token=secrets.token_urlsafe(96),
        expires=time.time() + seconds,
    )
    sts.register_session(
        made.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name[:64]}",
            "UserId": f"{name}:{session_name[:64]}",
            "SecretAccessKey": made.secret_access_key,
            "SessionToken": made.session_token,
            "Expiration": made.expires,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            CONDITION_KEYS: dict(keys or {}),
        },
    )
    return made


def _trusts(role: str, service: str, source_arn: str) -> bool:
    parts = role.split(":")
    if len(parts) != 6 or not parts[5].startswith("role/"):  # noqa: PLR2004 - the fields of an ARN
        return False
    record = iam._roles.get_scoped(parts[4], None, parts[5].rsplit("/", 1)[-1])
    if record is None:
        return False
    document = record.get("AssumeRolePolicyDocument", {})
    statements = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
    context = _context("sts:AssumeRole", role, source_arn)
    applying = [
        statement["Effect"]
        for statement in ([statements] if isinstance(statements, dict) else statements)
        if iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)
    ]
    return "Allow" in applying and "Deny" not in applying


def _context(action: str, resource: str, source_arn: str) -> Any:
    fields = source_arn.split(":")
    keys = {"aws:sourcearn": source_arn, "aws:sourceaccount": fields[4] if len(fields) > 4 else ""}  # noqa: PLR2004
    return iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,  # services call each other over TLS
        service_context={name: value for name, value in keys.items() if value},
    )


def check_resource_policy(resource: str, *, service: str, source_arn: str) -> None:
    """Check that the policy of a function or a queue allows a service to invoke it, or to send to it.

    Raises
    ------
    RefusedError
        When it does not, or there is no such resource.
    """
    if ":lambda:" in resource:
        action, found = "lambda:InvokeFunction", lambda_svc.function_policy_for_arn(resource)
    else:
        action, found = "sqs:SendMessage", sqs.queue_policy_for_arn(resource)
    check_policy(found[0] if found else None, resource=resource, action=action, service=service, source_arn=source_arn)


def check_policy(policy: Any, *, resource: str, action: str, service: str, source_arn: str) -> None:
    """Check that a resource's policy allows a service.

    Raises
    ------
    RefusedError
        When it does not, or there is none.
    """
    context = _context(action, resource, source_arn)
    decision = iam_evaluator.evaluate_resource_policy(policy or {}, context, service=service).decision
    if decision != "Allow":
        raise RefusedError(f"{service} is not authorized to perform {action} on {resource}")


def client(service: str, session: _Session, region: str | None = None) -> Any:
    """Return a boto3 client that calls this emulator with a role's session."""
    key = (service, session.access_key_id, region or get_region())
    with _lock:
        if key not in _clients:
            make: Any = boto3.client  # its types know constant names only
            _clients[key] = make(
                service,
                region_name=key[2],
                endpoint_url=endpoint(),
                aws_access_key_id=session.access_key_id,
                aws_secret_access_key=session.secret_access_key,
                aws_session_token=session.session_token,
                config=Config(
                    retries={"max_attempts": 0},  # the caller has its own
                    read_timeout=900,
                    max_pool_connections=50,
                    inject_host_prefix=False,
                    s3={"addressing_style": "path"},
                ),
            )
        return _clients[key]


def send_to_queue(queue_arn: str, body: str, attributes: Mapping[str, str], *, service: str, source_arn: str) -> None:
    """Put a message on a queue whose policy allows the service that sends it.

    Parameters
    ----------
    queue_arn
        The queue.
    body
        The message.
    attributes
        Its string attributes.
    service, source_arn
        As `role_session` takes them.

    Raises
    ------
    RefusedError
        When the queue's policy does not allow it.
    LookupError
        When there is no such queue.
    """
    check_resource_policy(queue_arn, service=service, source_arn=source_arn)
    if sqs._queue_by_arn(queue_arn) is None:
        raise LookupError(queue_arn)
    url = sqs._queue_url_for_account(*queue_arn.split(":")[4:6])
    request = {
        "QueueUrl": url,
        "MessageBody": body,
        "MessageAttributes": {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()},
    }
    iam_evaluator.pin_request_origin(HOST, True)  # noqa: FBT003 - MiniStack's parameter: over TLS
    sqs._act_send_message(request, url)
