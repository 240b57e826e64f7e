"""All that an attack may use: the target, the people, and what only some attacks need, made when first asked for."""

from __future__ import annotations

import json
import secrets
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError

from tenantry.attacks.accounts import Accounts, SetupError
from tenantry.attacks.assertions import refused
from tenantry.attacks.cleanup import Cleanup
from tenantry.attacks.http import Http
from tenantry.attacks.run_resources import RunResources
from tenantry.attacks.sigv4 import Signer
from tenantry.model.directory_tables import membership_key, tenant_key, user_key
from tenantry.operate.stacks import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_iam.type_defs import TagTypeDef

    from tenantry.attacks.accounts import Person, Tokens, Users
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.target import Target
    from tenantry.operate.aws import Aws
    from tenantry.operate.stacks import Resource

T = TypeVar("T")
_IAM_PATIENCE_SECONDS: Final = 60.0
_IAM_DELAY_SECONDS: Final = 10.0


class World:
    """The context of one run: its users, its requests, and what it has made.

    Parameters
    ----------
    target
        What is attacked.
    users
        Users who exist already; real ones are signed up at the first need when not given.

    Attributes
    ----------
    target
        What is attacked.
    run
        The run's name, in all that it makes.
    cleanup
        What to undo in the end.
    run_resources
        Removes the users and tenants that attacks make themselves, and waits for their events.
    accounts
        Creates more accounts.
    http
        Sends requests.
    started
        When the run began, in seconds since 1970.
    """

    def __init__(self, target: Target, *, users: Users | None = None) -> None:
        self.target = target
        self.run = f"tenantry-attack-{secrets.token_hex(4)}"
        self.cleanup = Cleanup()
        self.run_resources = RunResources(target, self.cleanup)
        self.accounts = Accounts(target, self.run, self.run_resources)
        self.http = Http(ca_bundle=target.aws.ca_bundle, agent=self.run, proxied_url=target.tenant_api)
        self.started = time.time()
        self._users = users
        self._lock = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}
        self._made: dict[str, Any] = {}

    @property
    def users(self) -> Users:
        """Alice, Bob and Carol."""
        return self.once("users", lambda: self._users or self.accounts.users())

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what is made once a run, whichever thread asks first."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:
            if key not in self._made:
                self._made[key] = make()
            made: T = self._made[key]
            return made

    def tenant_api(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
    ) -> Reply:
        """Send a request to the tenant API; a token goes where it belongs."""
        sent = {"Authorization": f"Bearer {token}"} if token is not None else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.http.send(method, self.target.tenant_api + path, headers={**sent, **(headers or {})}, body=body)

    def membership_api(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request to the membership API; a body that is no text yet is sent as JSON."""
        sent, text = _json_request(token, body, headers)
        return self.http.send(method, self.target.membership_api + path, headers=sent, body=text)

    def parks_api(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request to the parks API; a body that is no text yet is sent as JSON."""
        sent, text = _json_request(token, body, headers)
        return self.http.send(method, self.target.parks_api + path, headers=sent, body=text)

    def control_api(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request to the control API, signed by the operator."""
        url, text = self.target.control_api + path, None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if text else {}
        return self.http.send(
            method, url, headers={**headers, **self.signer().headers(method, url, text or "")}, body=text
        )

    def tenant(self, tenant: str, token: str | None = None) -> Reply:
        """Ask for a tenant."""
        return self.tenant_api(f"/tenant/{tenant}", token)

    def rename(self, tenant: str, token: str | None = None, name: str = "tenantry-attack was here") -> Reply:
        """Ask for another name for a tenant."""
        return self.tenant_api(f"/tenant/{tenant}", token, method="PUT", body=f'{{"name": "{name}"}}')

    def good(self) -> Reply:
        """Send the good request beside a bad one: Alice asks for her own tenant."""
        alice = self.users.alice
        return self.tenant(alice.tenant, alice.tokens.id)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What nobody but Bob may see."""
        bob = self.users.bob
        return bob.email, bob.name  # his tenant's name begins with his own

    def refusal(self, tokens: Tokens) -> Outcome:
        """Check that someone has no access to Bob's tenant."""
        return refused(self.tenant(self.users.bob.tenant, tokens.id), 401, 403, hidden=self.hidden, control=self.good)

    def signer(self, aws: Aws | None = None) -> Signer:
        """Return what signs requests to the admin API, as the operator if nobody else."""
        aws = aws or self.target.aws
        return Signer(credentials=aws.credentials(), region=aws.region)

    def admin_api(self, path: str, signer: Signer | None = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request to the admin API, signed if there is a signer."""
        url = self.target.admin_api + path
        signed = signer.headers("GET", url) if signer else {}
        return self.http.send("GET", url, headers={**signed, **(headers or {})})

    def tenant_row(self, tenant: str) -> Mapping[str, Any] | None:
        """Return a tenant as it is stored."""
        found = self.target.aws.dynamodb.get_item(
            TableName=self.target.tenants_table, Key=tenant_key(tenant), ConsistentRead=True
        )
        return found.get("Item")

    def membership(self, tenant: str, user_id: str) -> Mapping[str, Any] | None:
        """Return the membership of a user in a tenant as it is stored."""
        found = self.target.aws.dynamodb.get_item(
            TableName=self.target.tenant_users_table,
            Key=membership_key(tenant, user_id),
            ConsistentRead=True,
        )
        return found.get("Item")

    def user_row(self, user_id: str) -> Mapping[str, Any] | None:
        """Return a user as they are stored."""
        found = self.target.aws.dynamodb.get_item(
            TableName=self.target.users_table, Key=user_key(user_id), ConsistentRead=True
        )
        return found.get("Item")

    def member(self, label: str, tenant: str, roles: set[str]) -> Person:
        """Make a new account that belongs to a tenant, with the operator's credentials."""
        return self.accounts.move(self.accounts.admit(label), tenant, roles)

    def tenant_admin(self, label: str, tenant: str, name: str = "") -> Person:
        """Make a tenant and a new account that is its admin, with the operator's credentials."""
        self.accounts.found_tenant(tenant, name or f"{self.run} {label}")
        return self.member(label, tenant, {"admin"})

    def role(self, label: str, *statements: Mapping[str, Any]) -> Aws:
        """Make a role that may do what the statements say, and act as it."""
        name = self._role(label)
        if statements:
            self._grant(name, "only", _policy(*statements))
        return self._act_as(name)

    def clone_role(self, role: str) -> Aws:
        """Make a role with exactly the grants of another, and act as it: what it may do, the other may."""
        return self.once(f"clone of {role}", lambda: self._clone_role(role))

    def _clone_role(self, role: str) -> Aws:
        iam = self.target.aws.iam
        # Policies may know a role by its tags; those of CloudFormation nobody else can give.
        found = iam.get_role(RoleName=role)["Role"].get("Tags", [])
        tags = [tag for tag in found if not tag["Key"].startswith("aws:")]
        name = self._role(f"as-{secrets.token_hex(3)}", tags)
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
            for policy in page["PolicyNames"]:
                document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                self._grant(name, policy, document if isinstance(document, str) else json.dumps(document))
        for attached in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            for managed in attached["AttachedPolicies"]:
                arn = managed["PolicyArn"]
                self.cleanup.later(
                    f"the policy {arn} of the role {name}",
                    partial(iam.detach_role_policy, RoleName=name, PolicyArn=arn),
                )
                iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        return self._act_as(name)

    def _role(self, label: str, tags: Sequence[TagTypeDef] = ()) -> str:
        iam, name = self.target.aws.iam, f"{self.run}-{label}"
        account = self.target.aws.sts.get_caller_identity()["Account"]
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_policy(trust),
            Description="Made by an attack on Tenantry; safe to delete",
            Tags=list(tags),
        )
        self.cleanup.later(f"the role {name}", lambda: iam.delete_role(RoleName=name))
        return name

    def _grant(self, role: str, policy: str, document: str) -> None:
        iam = self.target.aws.iam
        undo = partial(iam.delete_role_policy, RoleName=role, PolicyName=policy)
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
        self.cleanup.later(f"the policy {policy} of the role {role}", undo)

    def _act_as(self, role: str) -> Aws:
        """Assume a role as soon as that works: on AWS, a new role and its policies take some seconds to be known."""
        aws = self.target.aws
        arn = aws.iam.get_role(RoleName=role)["Role"]["Arn"]
        if aws.endpoint_url is None:
            time.sleep(_IAM_DELAY_SECONDS)
        deadline = time.monotonic() + _IAM_PATIENCE_SECONDS
        while True:
            try:
                session = aws.sts.assume_role(RoleArn=arn, RoleSessionName=role)["Credentials"]
            except ClientError as error:
                if time.monotonic() > deadline:
                    raise SetupError(f"The role {role} cannot be assumed: {error}") from error
                time.sleep(1)
            else:
                return aws.acting_as(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])

    @property
    def nobody(self) -> Aws:
        """A principal of the account that has been granted nothing."""
        return self.once("nobody", lambda: self.role("nobody"))

    @property
    def resources(self) -> list[Resource]:
        """Everything that the stacks have made."""
        return self.once("resources", lambda: list(resources(self.target.aws, self.target.stacks)))

    def ids_of(self, kind: str) -> list[str]:
        """Return the physical ids of what the stacks have made of one type."""
        return [resource.id for resource in self.resources if resource.kind == kind]

    @property
    def plain_refusal(self) -> Reply:
        """What the tenant API says to a request without a token."""
        return self.once("plain refusal", lambda: self.tenant(self.users.bob.tenant))


def _json_request(
    token: str | None, body: object, headers: Mapping[str, str] | None
) -> tuple[Mapping[str, str], str | None]:
    """Return the headers and the body of a request; a body that is no text yet becomes JSON."""
    sent = {"Authorization": f"Bearer {token}"} if token is not None else {}
    if body is not None:
        sent["Content-Type"] = "application/json"
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {**sent, **(headers or {})}, text


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
