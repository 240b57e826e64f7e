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
from tenantry.attacks.http import Api, Http
from tenantry.attacks.run_resources import RunResources
from tenantry.attacks.sigv4 import Signer
from tenantry.attacks.ttl_cache import TtlCache
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
    tenant_api, admin_api, membership_api, parks_api, employees_api, control_api
        Send requests to one API.
    started
        When the run began, in seconds since 1970.
    """

    def __init__(self, target: Target, *, users: Users | None = None) -> None:
        self.target = target
        self.run = f"tenantry-attack-{secrets.token_hex(4)}"
        self.cleanup = Cleanup()
        self.run_resources = RunResources(target, self.cleanup)
        self.accounts = Accounts(target, self.run, self.run_resources)
        proxied = "" if target.aws.endpoint_url else target.tenant_api  # no proxy of the shell reaches a local cloud
        self.http = Http(ca_bundle=target.aws.ca_bundle, agent=self.run, proxied_url=proxied)
        self.tenant_api = Api(self.http, target.tenant_api)
        self.admin_api = Api(self.http, target.admin_api)
        self.membership_api = Api(self.http, target.membership_api)
        self.parks_api = Api(self.http, target.parks_api)
        self.employees_api = Api(self.http, target.employees_api)
        self.control_api = Api(self.http, target.control_api)
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

    def recent(self, key: str, call: Callable[[], T]) -> T:
        """Return what a call has returned within the last second: many attacks share one good request."""
        cached: TtlCache[T] = self.once(f"recent {key}", lambda: TtlCache(call))
        return cached()

    def remove(self, what: str, undo: Callable[[], object]) -> None:
        """Remove something in the end, however often it is made."""
        self.once(f"removal of {what}", lambda: self.cleanup.later(what, undo))

    def tenant(self, tenant: str, token: str | None = None) -> Reply:
        """Ask for a tenant."""
        return self.tenant_api("GET", f"/tenant/{tenant}", token)

    def rename(self, tenant: str, token: str | None = None, name: str = "tenantry-attack was here") -> Reply:
        """Ask for another name for a tenant."""
        return self.tenant_api("PUT", f"/tenant/{tenant}", token, {"name": name})

    def good(self) -> Reply:
        """Send the good request beside a bad one: Alice asks for her own tenant."""
        alice = self.users.alice
        return self.tenant(alice.tenant, alice.tokens.id)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What nobody but Bob may see."""
        bob = self.users.bob
        return bob.email, bob.name  # his tenant's name begins with his own

    def refusal(self, reply: Reply, *statuses: int, like: Reply | None = None) -> Outcome:
        """Check a request that had to be refused, with nothing of Bob's shown and Alice's own answered."""
        return refused(reply, *statuses, hidden=self.hidden, like=like, control=self.good)

    def no_access(self, tokens: Tokens) -> Outcome:
        """Check that someone has no access to Bob's tenant."""
        return self.refusal(self.tenant(self.users.bob.tenant, tokens.id), 401, 403)

    def signer(self, aws: Aws | None = None) -> Signer:
        """Return what signs requests, as the operator if nobody else."""
        aws = aws or self.target.aws
        return Signer(credentials=aws.credentials(), region=aws.region)

    def tenant_row(self, tenant: str) -> Mapping[str, Any] | None:
        """Return a tenant as it is stored."""
        return self._row(self.target.tenants_table, tenant_key(tenant))

    def membership(self, tenant: str, user_id: str) -> Mapping[str, Any] | None:
        """Return the membership of a user in a tenant as it is stored."""
        return self._row(self.target.tenant_users_table, membership_key(tenant, user_id))

    def user_row(self, user_id: str) -> Mapping[str, Any] | None:
        """Return a user as they are stored."""
        return self._row(self.target.users_table, user_key(user_id))

    def _row(self, table: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.target.aws.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def member(self, label: str, tenant: str, roles: set[str]) -> Person:
        """Make a new account that belongs to a tenant, with the operator's credentials."""
        return self.accounts.move(self.accounts.admit(label), tenant, roles)

    def tenant_admin(self, label: str, tenant: str, name: str = "") -> Person:
        """Make a tenant and a new account that is its admin, with the operator's credentials."""
        self.accounts.found_tenant(tenant, name or f"{self.run} {label}")
        return self.member(label, tenant, {"admin"})

    def role(self, label: str, *statements: Mapping[str, Any]) -> Aws:
        """Make a role that may do what the statements say, and act as it."""
        name = self.make_role(label, self._operator)
        if statements:
            self.grant(name, "only", policy(*statements))
        return self._act_as(name)

    def clone_role(self, *roles: str) -> Aws:
        """Make a role with exactly the grants of another, and act as it: what it may do, the other may.

        With several roles it has the grants of all; `tenantry.attacks.role_groups` says which may be joined.
        """
        return self.once(f"clone of {roles}", lambda: self._clone_role(roles))

    def clone_of(self, owner: str) -> Aws:
        """Clone the role that a function or state machine runs with, by how its logical id begins.

        Raises
        ------
        SetupError
            The stacks have no such function or state machine.
        """
        aws = self.target.aws
        for function in self.resources_of("AWS::Lambda::Function", owner):
            return self._clone_arn(aws.functions.get_function_configuration(FunctionName=function.id)["Role"])
        for machine in self.resources_of("AWS::StepFunctions::StateMachine", owner):
            return self._clone_arn(aws.stepfunctions.describe_state_machine(stateMachineArn=machine.id)["roleArn"])
        raise SetupError(f"The stacks have no function or state machine {owner}.")

    def _clone_arn(self, role: str) -> Aws:
        return self.clone_role(role.rsplit("/", 1)[-1])

    def _clone_role(self, roles: Sequence[str]) -> Aws:
        name = self.make_role(f"as-{secrets.token_hex(3)}", self._operator, self.tags_of(roles[0]))
        documents = [document for role in roles for document in self.policies_of(role).values()]
        for number, document in enumerate(documents):
            self.grant(name, f"grants-{number}", document)
        iam = self.target.aws.iam
        for arn in (arn for role in roles for arn in self.managed_policies_of(role)):
            self.cleanup.later(
                f"the policy {arn} of the role {name}",
                partial(iam.detach_role_policy, RoleName=name, PolicyArn=arn),
            )
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        return self._act_as(name)

    def tags_of(self, role: str) -> list[TagTypeDef]:
        """Return the tags of a role by which policies may know it; those of CloudFormation nobody else can give."""
        found = self.target.aws.iam.get_role(RoleName=role)["Role"].get("Tags", [])
        return [tag for tag in found if not tag["Key"].startswith("aws:")]

    def managed_policies_of(self, role: str) -> list[str]:
        """Return the ARNs of the managed policies of a role."""
        pages = self.target.aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        return [managed["PolicyArn"] for page in pages for managed in page["AttachedPolicies"]]

    def policies_of(self, role: str) -> dict[str, str]:
        """Return the inline policies of a role, by name."""
        iam = self.target.aws.iam
        found = {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=role)
            for name in page["PolicyNames"]
        }
        return {name: text if isinstance(text, str) else json.dumps(text) for name, text in found.items()}

    @property
    def account(self) -> str:
        """The id of the account."""
        return self.once("account", lambda: self.target.aws.sts.get_caller_identity()["Account"])

    @property
    def _operator(self) -> str:
        """A trust policy that lets the operator assume a role."""
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})

    def make_role(self, label: str, trust: str, tags: Sequence[TagTypeDef] = ()) -> str:
        """Make a role, and return its name."""
        iam, name = self.target.aws.iam, f"{self.run}-{label}"
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            Description="Made by an attack on Tenantry; safe to delete",
            Tags=list(tags),
        )
        self.cleanup.later(f"the role {name}", partial(iam.delete_role, RoleName=name))
        return name

    def grant(self, role: str, policy: str, document: str) -> None:
        """Put an inline policy into a role that the run has made."""
        iam = self.target.aws.iam
        undo = partial(iam.delete_role_policy, RoleName=role, PolicyName=policy)
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
        self.cleanup.later(f"the policy {policy} of the role {role}", undo)

    def _act_as(self, role: str) -> Aws:
        aws, arn = self.target.aws, f"arn:aws:iam::{self.account}:role/{role}"
        answer = self.assumed(lambda: aws.sts.assume_role(RoleArn=arn, RoleSessionName=role))
        keys = answer["Credentials"]
        acting = aws.acting_as(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        acting.sts.get_caller_identity()  # that the credentials work at all is what makes a denial mean something
        return acting

    def assumed(self, assume: Callable[[], T]) -> T:
        """Assume a new role as soon as that works: on AWS, it and its policies take some seconds to be known."""
        if self.target.aws.endpoint_url is None:
            time.sleep(_IAM_DELAY_SECONDS)
        deadline = time.monotonic() + _IAM_PATIENCE_SECONDS
        while True:
            try:
                return assume()
            except ClientError as error:
                if time.monotonic() > deadline:
                    raise SetupError(f"A new role cannot be assumed: {error}") from error
                time.sleep(1)

    @property
    def nobody(self) -> Aws:
        """A principal of the account that has been granted nothing."""
        return self.once("nobody", lambda: self.role("nobody"))

    @property
    def resources(self) -> list[Resource]:
        """Everything that the stacks have made."""
        return self.once("resources", lambda: list(resources(self.target.aws, self.target.stacks)))

    def resources_of(self, kind: str, logical_id: str = "") -> list[Resource]:
        """Return what the stacks have made of one type, where the logical id begins so."""
        return [made for made in self.resources if made.kind == kind and made.logical_id.startswith(logical_id)]

    def ids_of(self, kind: str) -> list[str]:
        """Return the physical ids of what the stacks have made of one type."""
        return [resource.id for resource in self.resources_of(kind)]

    def api_at(self, url: str) -> tuple[str, str]:
        """Return an API's id and stage, wherever in its URL they stand."""
        for api in self.ids_of("AWS::ApiGateway::RestApi"):
            if api in url:
                return api, url.rsplit("/", 1)[-1]
        raise SetupError(f"None of the stacks' APIs is at {url}.")

    @property
    def plain_refusal(self) -> Reply:
        """What the tenant API says to a request without a token."""
        return self.once("plain refusal", lambda: self.tenant(self.users.bob.tenant))


def policy(*statements: Mapping[str, Any]) -> str:
    """Return a policy with some statements, as IAM takes it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
