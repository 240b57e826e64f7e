"""Shows people's accounts to operators, and changes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import boto3
from botocore.config import Config
from msgspec import Meta, to_builtins

from tenantry.model.errors import BadRequestError, NotFoundError, TenancyError, UnfinishedError
from tenantry.model.identifiers import UserId, user_id
from tenantry.model.names import name_refusal
from tenantry.runtime.account_workflow import AccountWorkflow
from tenantry.runtime.accounts import Account, Accounts
from tenantry.runtime.inputs import Input, refuse
from tenantry.runtime.mailbox import mailbox
from tenantry.runtime.pool import PAGE, UNCONFIRMED, PoolUser, UserPool
from tenantry.runtime.rest import Request, RestSettings, present, rest_handler
from tenantry.runtime.settings import AccountSettings


class _Settings(RestSettings, AccountSettings):
    account_changes_arn: str
    reconciliation_function: str


class Block(Input, frozen=True):
    """The body of a block."""

    reason: Annotated[str, Meta(min_length=1, max_length=1024)]

    def __post_init__(self) -> None:
        """Refuse text that is no name."""
        refuse("reason", name_refusal(self.reason))


class Place(Input, omit_defaults=True, frozen=True):
    """Where a part of a reconciliation begins: `next` of the previous part."""

    phase: Literal["pool", "directory", "tenants"]
    after: Annotated[str, Meta(min_length=1)] = ""


class Reconciliation(Input, frozen=True):
    """The body of a reconciliation."""

    dryRun: bool = False  # noqa: N815 - the contract's spelling
    next: Place = Place(phase="pool")


# Each is answered before API Gateway gives up; what was begun goes on.
_patient = Config(read_timeout=27, retries={"total_max_attempts": 1})
settings = _Settings.load()
pool = UserPool(boto3.client("cognito-idp"), settings.user_pool_id)
accounts = Accounts(boto3.client("dynamodb"), settings.tables, settings.invitations_table)
workflow = AccountWorkflow(boto3.client("stepfunctions", config=_patient), settings.account_changes_arn)
functions = boto3.client("lambda", config=_patient)


def list_users(request: Request) -> dict[str, Any]:
    """Return a page of accounts."""
    if unknown := set(request.query) - {"after", "email", "limit"}:
        raise BadRequestError(f"{len(unknown)} unknown query parameters: use after, email and limit")
    email, after = request.query.get("email"), request.query.get("after")
    if after == "":
        raise BadRequestError("Invalid `after`: give `next` of the previous page")
    found, following = pool.page(after, limit=request.limit(PAGE), email=mailbox(email) if email is not None else None)
    directory = accounts.find_all([user.user_id for user in found])
    return present(users=[_summary(user, directory.get(user.user_id)) for user in found], next=following)


def show(request: Request) -> dict[str, Any]:
    """Return what the user pool and the directory have of an account."""
    user = _user(request)
    found, account = pool.find(user), accounts.find(user)
    if found is None and account is None:
        raise NotFoundError("Account not found")
    tenants = accounts.tenants_of(account or Account(user_id=user))
    without_admin = set(accounts.without_admin(tenants))
    return present(
        **_summary(found, account),
        pool=found
        and {
            "status": found.status,
            "enabled": found.enabled,
            "email": found.email,
            "emailVerified": found.email_verified,
            "created": found.created.isoformat(),
            "modified": found.modified.isoformat(),
        },
        directory=account and _of_directory(account),
        tenants=[
            {"tenantId": tenant, "roles": sorted(roles), "withoutAdmin": tenant in without_admin}
            for tenant, roles in tenants.items()
        ],
    )


def block(request: Request) -> dict[str, Any]:
    """Block an account."""
    return _change(request, "block", reason=request.body(Block).reason)


def unblock(request: Request) -> dict[str, Any]:
    """Unblock an account."""
    return _change(request, "unblock")


def sign_out(request: Request) -> dict[str, Any]:
    """End every session of an account."""
    return _change(request, "signOut")


def delete(request: Request) -> dict[str, Any]:
    """Delete an account."""
    return _change(request, "delete")


def reconcile(request: Request) -> dict[str, Any]:
    """Have a part of the user pool and the directory compared, and what differs repaired."""
    wanted = request.body(Reconciliation)
    answer = functions.invoke(
        FunctionName=settings.reconciliation_function,
        Payload=json.dumps({"request": {"dryRun": wanted.dryRun, "next": to_builtins(wanted.next)}}).encode(),
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise UnfinishedError("The reconciliation failed; send the request again")
    if "refusal" in payload:
        raise BadRequestError(payload["refusal"])
    return payload


def _change(request: Request, change: str, **more: object) -> dict[str, Any]:
    if not request.principal:
        raise TenancyError("The request has no IAM principal: sign it with SigV4")
    outcome = workflow.run(change, _user(request), by=request.principal, **more)
    shown = ("userId", "change", "changed", "by", "at", "tenants", "tenantsWithoutAdmin")
    return {**{name: outcome[name] for name in shown}, "at": _time(outcome["at"])}


def _user(request: Request) -> UserId:
    return user_id(request.path.get("userId"))


def _summary(found: PoolUser | None, account: Account | None) -> dict[str, Any]:
    user = found or account
    if user is None:  # one of the two is always there
        raise NotFoundError("Account not found")
    return {
        "userId": user.user_id,
        "email": (account and account.email) or (found and found.email) or "",
        "name": (account and account.name) or (found and found.name) or "",
        "state": _state(found, account),
    }


def _state(found: PoolUser | None, account: Account | None) -> str:
    """Return the state of an account; `differs` where a reconciliation has something to repair."""
    if account and account.deleted_at is not None:
        return "differs" if found or account.left_over else "deleted"
    if found is None:
        return "differs"
    if account and account.blocked_at is not None:
        return "differs" if found.enabled else "blocked"
    if not found.enabled:
        return "differs"
    if found.status == UNCONFIRMED or not (account and account.recorded):
        return "unconfirmed" if not found.confirmed else "new"
    return "active"


def _of_directory(account: Account) -> dict[str, Any]:
    return present(
        email=account.email,
        name=account.name,
        activeTenantId=account.active,
        origin=account.origin or None,
        newPassword=account.new_password,
        validAfter=_time(account.valid_after) if account.valid_after else None,
        blockedAt=account.blocked_at and _time(account.blocked_at),
        blockedBy=account.blocked_by or None,
        blockedReason=account.blocked_reason or None,
        deletedAt=account.deleted_at and _time(account.deleted_at),
        deletedBy=account.deleted_by or None,
    )


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


handler = rest_handler(
    {
        "GET /users": list_users,
        "GET /users/{userId}": show,
        "PUT /users/{userId}/block": block,
        "DELETE /users/{userId}/block": unblock,
        "DELETE /users/{userId}/sessions": sign_out,
        "DELETE /users/{userId}": delete,
        "POST /users/reconciliations": reconcile,
    },
    cors_headers=settings.cors_headers,
)
