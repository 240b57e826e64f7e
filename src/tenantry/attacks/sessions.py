"""Vended sessions of one tenant for direct AWS calls, with both isolation layers or with one of them.

No role of the application is changed for it. The sessions are of copies of its tenant roles, which have the same grants
and the same conditions on whoever assumes them, but trust the operator.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.per_run import PerRun
from tenantry.attacks.storage import MODES
from tenantry.attacks.world import policy
from tenantry.model.placeholders import TENANT, TENANT_NAME, USER
from tenantry.model.tags import session_tags
from tenantry.model.variables import TOKEN_VENDOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.attacks.storage import Owner
    from tenantry.model.tags import Tag
    from tenantry.operate.aws import Aws

PURPOSES: Final = (*MODES, "employees")
"""What sessions are vended for: the modes of the storage API, and employees."""
_DURATION_SECONDS: Final = 900
_WIDE: Final = ("s3:*", "dynamodb:*", "sts:*", "iam:*", "lambda:*")


class IsolationLayers(StrEnum):
    """Which isolation layers restrict a session."""

    BOTH = "both"
    ROLE = "role"
    """The tenant role's own policy; there is no session policy."""
    POLICY = "policy"
    """The session policy; the role itself may do almost anything."""


@dataclass(frozen=True)
class Vendor:
    """What a function is set up with.

    Attributes
    ----------
    role
        Name of the tenant role.
    policies
        Session policy templates by purpose.
    """

    role: str
    policies: Mapping[str, str]


class Sessions(PerRun):
    """Vends sessions in one run."""

    @property
    def purposes(self) -> Sequence[str]:
        """Everything that the deployed application vends sessions for."""
        return sorted(self._world.once("vendors", self._vendors))

    def vendor(self, purpose: str) -> Vendor:
        """Return what vends for a purpose in the deployed application."""
        vendors = self._world.once("vendors", self._vendors)
        if purpose not in vendors:
            raise SetupError(f"No function vends sessions for {purpose}.")
        return vendors[purpose]

    def _vendors(self) -> dict[str, Vendor]:
        found: dict[str, Vendor] = {}
        for name in self._world.ids_of("AWS::Lambda::Function"):
            configuration = self._world.target.aws.functions.get_function_configuration(FunctionName=name)
            text = configuration.get("Environment", {}).get("Variables", {}).get(TOKEN_VENDOR)
            if text:
                given = json.loads(text)
                account = given["role"].split(":")[4]
                policies = {purpose: _template(policy, account) for purpose, policy in given["policies"].items()}
                vendor = Vendor(given["role"].rsplit("/", 1)[-1], policies)
                for purpose in policies:
                    if (other := found.setdefault(purpose, vendor)).role != vendor.role:
                        raise SetupError(
                            f"Both {other.role} and {vendor.role} have sessions for {purpose!r}, of which only one "
                            "would be attacked: name the purpose of one of them otherwise."
                        )
        return found

    def act(self, purpose: str, layers: IsolationLayers, owner: Owner) -> Aws:
        """Return the clients of a session for an owner, vended once a run."""
        return self._world.once(
            f"session {purpose} {layers} {owner.prefix}", lambda: self._act(purpose, layers, owner.tenant, owner.user)
        )

    def _act(self, purpose: str, layers: IsolationLayers, tenant: str, user: str) -> Aws:
        text = None if layers is IsolationLayers.ROLE else self.policy(purpose, tenant, user)
        role = self.copy(purpose, wide=layers is IsolationLayers.POLICY)
        return self.assume(role, session_tags(tenant, purpose), policy=text, source=tenant)

    def policy(self, purpose: str, tenant: str, user: str) -> str:
        """Return the session policy of a purpose for a caller."""
        text = self.vendor(purpose).policies[purpose]
        for placeholder, value in ((TENANT, tenant), (TENANT_NAME, tenant.lower()), (USER, user)):
            text = text.replace(placeholder, value)
        return text

    def assume(self, role: str, tags: Sequence[Tag], *, policy: str | None = None, source: str = "") -> Aws:
        """Assume a copy, as the functions assume the tenant role; a policy or tags may be left out."""
        aws = self._world.target.aws
        more: dict[str, Any] = {"Policy": policy} if policy else {}
        if source:
            more["SourceIdentity"] = source
        answer = aws.sts.assume_role(
            RoleArn=role,
            RoleSessionName=self._world.run,
            DurationSeconds=_DURATION_SECONDS,
            Tags=tags,
            TransitiveTagKeys=[tag["Key"] for tag in tags],
            **more,
        )
        keys = answer["Credentials"]
        return aws.acting_as(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def copy(self, purpose: str, *, wide: bool = False) -> str:
        """Return the ARN of a copy of a purpose's tenant role; a wide one is not bound to the tenant at all."""
        role = self.vendor(purpose).role
        return self._world.once(f"copy of {role} {wide}", lambda: self._copy(role, purpose, wide=wide))

    def _copy(self, role: str, purpose: str, *, wide: bool) -> str:
        world = self._world
        original = world.target.aws.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        trust: Any = json.loads(original) if isinstance(original, str) else original
        operator = {"AWS": f"arn:aws:iam::{world.account}:root"}
        statements = [{**statement, "Principal": operator} for statement in trust["Statement"]]
        name = world.make_role(f"tenant-{secrets.token_hex(3)}", json.dumps({**trust, "Statement": statements}))
        anything = policy({"Effect": "Allow", "Action": list(_WIDE), "Resource": "*"})
        for granted, document in ({"wide": anything} if wide else world.policies_of(role)).items():
            world.grant(name, granted, document)
        arn = f"arn:aws:iam::{world.account}:role/{name}"
        world.assumed(lambda: self.assume(arn, session_tags("tenantry-attack", purpose)))
        return arn


def _template(given: Sequence[Sequence[Any]], account: str) -> str:
    """Return a session policy template as the functions complete it: what allows on S3 does so in one account."""
    elements = ("Action", "Resource", "Condition", "Effect")
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", **dict(zip(elements, statement, strict=False))} for statement in given
    ]
    for statement in statements:
        if statement["Effect"] == "Allow" and '"s3:' in json.dumps(statement["Action"]):
            conditions = statement.get("Condition", {})
            equal = {**conditions.get("StringEquals", {}), "aws:ResourceAccount": account}
            statement["Condition"] = {**conditions, "StringEquals": equal}
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
