"""Rights: whether the caller may deploy as the CDK's roles, and whether CloudFormation's role may make everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.operate.preflight.account import NOT_ASKED, reason
from tenantry.operate.preflight.actions import ACTIONS
from tenantry.operate.preflight.assembly import resolved
from tenantry.operate.preflight.findings import fails, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding

_AT_ONCE: Final = 50
_CANNOT: Final = "Allow iam:SimulatePrincipalPolicy and iam:GetRole, or check the permissions yourself."


def rights(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Let IAM simulate the calls of a deployment; conditions that it cannot know are not simulated."""
    roles = [_arn(role, account) for role in assembly.roles]
    if roles:
        who = "the credentials"
        yield from _simulated(who, account.caller, ["sts:AssumeRole"], roles, account)
    if assembly.execution_role:
        wanted = sorted({action for kind in assembly.counts() for action in ACTIONS.get(kind, ())})
        role = _arn(assembly.execution_role, account)
        yield from _simulated("CloudFormation's role", role, wanted, ["*"], account)


def _simulated(
    who: str, principal: str, actions: Sequence[str], resources: Sequence[str], account: Account
) -> Iterator[Finding]:
    try:
        source = _principal(principal, account)
        if source is None:
            yield ok("rights", f"{who} are of the account's root user, who has all permissions.", "Use a role instead.")
            return
        refused = sorted(_refused(source, actions, resources, account))
    except NOT_ASKED as error:
        yield unknown("rights", f"What {who} ({principal}) may do: {reason(error)}.", _CANNOT)
        return
    if refused:
        every = len(refused) == len(actions) * len(resources) > 1
        lacks = "has none of the permissions that a deployment needs"
        lacks = lacks if every else f"lacks the permissions {', '.join(refused)}"
        yield fails("rights", f"{source} {lacks}.", "Attach a policy that allows it.")
    else:
        yield ok("rights", f"{source} has the permissions that a deployment needs ({len(actions)} actions).")


def _refused(source: str, actions: Sequence[str], resources: Sequence[str], account: Account) -> Iterator[str]:
    iam = account.client("iam")
    for start in range(0, len(actions), _AT_ONCE):
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source, ActionNames=actions[start : start + _AT_ONCE], ResourceArns=list(resources)
        )
        for page in pages:
            for result in page["EvaluationResults"]:
                if result["EvalDecision"] != "allowed":
                    on = result.get("EvalResourceName", "*")
                    yield result["EvalActionName"] + ("" if on == "*" else f" on {on}")


def _principal(arn: str, account: Account) -> str | None:
    """Return the user or role whose policies are simulated: a session's role, of which the session lacks the path."""
    resource = arn.split(":", 5)[5]
    if resource == "root":
        return None
    if resource.startswith("assumed-role/"):
        return str(account.client("iam").get_role(RoleName=resource.split("/")[1])["Role"]["Arn"])
    return arn


def _arn(role: str, account: Account) -> str:
    return resolved({"Fn::Sub": role}, account) or role
