"""The accounts that attacks use: real ones, signed in as a browser would, and removed after the run."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import jwt
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from tenantry.attacks.items import set_attribute
from tenantry.attacks.waiting import until
from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    TENANT_ID,
    membership_key,
    roles_attribute,
    tenant_key,
    user_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef

    from tenantry.attacks.run_resources import RunResources
    from tenantry.attacks.target import Target

T = TypeVar("T")
_PATIENCE_SECONDS: Final = 60.0
_HOOK_FAILURES: Final = frozenset({"UserLambdaValidationException", "UnexpectedLambdaException"})
_SIGN_IN_TRIES: Final = 4


class SetupError(Exception):
    """What an attack needs could not be set up, so that it proves nothing."""


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives.

    Attributes
    ----------
    id, access, refresh
        The three tokens.
    """

    id: str
    access: str
    refresh: str

    @classmethod
    def of(cls, result: AuthenticationResultTypeTypeDef) -> Tokens:
        """Read the tokens of a sign-in or of a refresh; where refresh tokens rotate, both give one."""
        return cls(result["IdToken"], result["AccessToken"], result.get("RefreshToken", ""))

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the ID token, read without any check."""
        return jwt.decode(self.id, options={"verify_signature": False})

    @property
    def tenant(self) -> str | None:
        """The claim `tenant` of the ID token."""
        return self.claims.get("tenant")

    @property
    def unfit(self) -> tuple[str, ...]:
        """What stands for the ID token and is none: the access token, the ID token less its signature, and garbage."""
        return self.access, f"{self.id.rpartition('.')[0]}.", "garbage"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone with an account.

    Attributes
    ----------
    user_id
        `cognito:username`.
    email, name, password
        What they have signed up with.
    tenant
        The tenant that is active for them; empty if there is none.
    tokens
        Those of their latest sign-in.
    """

    user_id: str
    email: str
    name: str
    password: str
    tenant: str
    tokens: Tokens


@dataclass(frozen=True, kw_only=True)
class Users:
    """The users of every run.

    Attributes
    ----------
    alice
        Signed up; admin of her tenant, and mostly the attacker.
    bob
        Signed up; admin of another tenant, and mostly the victim.
    carol
        Signed up; her active tenant is Alice's, where she is a member and no admin.
    """

    alice: Person
    bob: Person
    carol: Person


class Accounts:
    """Creates accounts in one target, and removes them.

    Parameters
    ----------
    target
        Where.
    run
        The run's name, which marks what it makes.
    run_resources
        Removes them in the end.
    """

    def __init__(self, target: Target, run: str, run_resources: RunResources) -> None:
        self._target = target
        self._run = run
        self._run_resources = run_resources
        #: In every name and address that a run makes up, and nowhere else: what a leak is found by.
        self.mark = f"pii{secrets.token_hex(6)}"
        self._private = {self.mark}
        self._lock = threading.Lock()

    @property
    def private(self) -> frozenset[str]:
        """What belongs in no log: e-mail addresses, names, passwords, tokens."""
        with self._lock:
            return frozenset(self._private)

    def keep_private(self, values: Iterable[str]) -> None:
        """Remember what must not turn up in a log."""
        with self._lock:
            self._private.update(values)

    def users(self) -> Users:
        """Sign up the users of a run."""
        with ThreadPoolExecutor(3) as pool:
            alice, bob, carol = pool.map(self.sign_up, ("alice", "bob", "carol"))
        for person in (alice, bob):
            self.found_tenant(person.tenant, f"{person.name}'s own")
        return Users(alice=alice, bob=bob, carol=self.move(carol, alice.tenant, {"member"}))

    def sign_up(self, label: str, **metadata: str) -> Person:
        """Sign up as a stranger would, and wait until the tokens carry the tenant that the sagas have made."""
        person = self._someone(label)
        cognito = self._target.aws.cognito
        user_id = sign_up(
            cognito, self._target.client_id, person.email, person.password, name=person.name, metadata=metadata
        )
        self._run_resources.user(user_id)
        self._run_resources.event_sent()
        person = replace(person, user_id=user_id)
        try:
            cognito.admin_confirm_sign_up(
                UserPoolId=self._target.user_pool_id, Username=person.user_id, ClientMetadata=metadata
            )
        except ClientError as error:  # a hook that was not there in time: the next sign-in makes up for it
            if error.response["Error"]["Code"] not in _HOOK_FAILURES:
                raise
            self.sign_in(person)
        self.await_tenant(person.user_id)
        tokens = self.sign_in_with_claim(person)
        return replace(person, tenant=tokens.tenant or "", tokens=tokens)

    def admit(self, label: str) -> Person:
        """Make an account with the operator's credentials, which founds no tenant. It is not signed in."""
        person = self._someone(label)
        cognito = self._target.aws.cognito
        made = cognito.admin_create_user(
            UserPoolId=self._target.user_pool_id,
            Username=person.email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": person.email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "name", "Value": person.name},
            ],
        )
        user_id = made["User"]["Username"]
        self._run_resources.user(user_id)
        cognito.admin_set_user_password(
            UserPoolId=self._target.user_pool_id, Username=user_id, Password=person.password, Permanent=True
        )
        return replace(person, user_id=user_id)

    def enrol(self, person: Person, tenant: str, roles: Collection[str]) -> None:
        """Make someone a member of a tenant with the operator's credentials, without making it active.

        It is written wherever the application writes it: the membership, the user, and the tenant's admins.
        """
        item: dict[str, Any] = {
            **membership_key(tenant, person.user_id),
            "name": {"S": person.name},
            "email": {"S": person.email},
        }
        aws, target = self._target.aws, self._target
        if roles:
            item["roles"] = {"SS": sorted(roles)}
            self.set_attribute(person.user_id, roles_attribute(tenant), item["roles"])
        aws.dynamodb.put_item(TableName=target.tenant_users_table, Item=item)
        with contextlib.suppress(aws.dynamodb.exceptions.ConditionalCheckFailedException):  # no such tenant
            aws.dynamodb.update_item(
                TableName=target.tenants_table,
                Key=tenant_key(tenant),
                UpdateExpression=f"{'ADD' if 'admin' in roles else 'DELETE'} admins :users",
                ConditionExpression=f"attribute_exists({TENANT_ID})",
                ExpressionAttributeValues={":users": {"SS": [person.user_id]}},
            )

    def dismiss(self, person: Person, tenant: str) -> None:
        """Remove someone's membership with the operator's credentials; the tenant may stay active for them."""
        key = membership_key(tenant, person.user_id)
        self._target.aws.dynamodb.delete_item(TableName=self._target.tenant_users_table, Key=key)
        self.remove_attribute(person.user_id, roles_attribute(tenant))

    def activate(self, person: Person, tenant: str) -> None:
        """Set someone's active tenant with the operator's credentials, member or not."""
        self.set_attribute(person.user_id, ACTIVE_TENANT_ID, {"S": tenant})

    def set_attribute(self, user_id: str, attribute: str, value: Mapping[str, Any]) -> None:
        """Write an attribute of a user with the operator's credentials."""
        set_attribute(self._target.aws, self._target.users_table, user_key(user_id), attribute, value)

    def remove_attribute(self, user_id: str, attribute: str) -> None:
        """Remove an attribute of a user with the operator's credentials."""
        self._target.aws.dynamodb.update_item(
            TableName=self._target.users_table,
            Key=user_key(user_id),
            UpdateExpression="REMOVE #name",
            ExpressionAttributeNames={"#name": attribute},
        )

    def move(self, person: Person, tenant: str, roles: Collection[str]) -> Person:
        """Make someone belong to a tenant, make it active, and sign them in again."""
        self.enrol(person, tenant, roles)
        self.activate(person, tenant)
        tokens = self.sign_in_with_claim(person)
        if tokens.tenant != tenant:
            raise SetupError("The token of someone who was moved to another tenant does not carry that tenant.")
        return replace(person, tenant=tenant, tokens=tokens)

    def found_tenant(self, tenant: str, name: str) -> None:
        """Write a tenant with its name, with the operator's credentials."""
        self._run_resources.tenant(tenant)
        set_attribute(self._target.aws, self._target.tenants_table, tenant_key(tenant), "name", {"S": name})

    def sign_in(self, person: Person, **metadata: str) -> Tokens:
        """Sign in by SRP, as a browser does."""
        target = self._target
        tokens = srp(
            target.aws.anonymous().cognito,
            target.user_pool_id,
            target.client_id,
            person.email,
            person.password,
            metadata=metadata,
        )
        self.keep_private(tokens_of(tokens))
        return tokens

    def sign_in_with_claim(self, person: Person, **metadata: str) -> Tokens:
        """Sign in, again if need be, until the token carries a tenant: a hook that is short of time leaves it out."""

        def with_claim() -> Tokens | None:
            try:
                tokens = self.sign_in(person, **metadata)
            except ClientError as error:  # or one that has just begun to run is not there in time
                if not _is_hook_missing(error):
                    raise
                return None
            return tokens if tokens.tenant else None

        if tokens := until(with_claim, _PATIENCE_SECONDS):
            return tokens
        raise SetupError(f"There is still no token with a tenant after {_PATIENCE_SECONDS:.0f} seconds.")

    def refresh(self, person: Person, **metadata: str) -> Tokens:
        """Get new tokens for the refresh token, which counts no more a few seconds later: a new one replaces it."""
        result = self._target.aws.anonymous().cognito.get_tokens_from_refresh_token(
            ClientId=self._target.client_id, RefreshToken=person.tokens.refresh, ClientMetadata=metadata
        )
        tokens = Tokens.of(result["AuthenticationResult"])
        self.keep_private(tokens_of(tokens))
        return tokens

    def tenants_of(self, user_id: str) -> list[str]:
        """Return the ids of the tenants that someone is mapped to."""
        return self._run_resources.tenants_of(user_id)

    def await_tenant(self, user_id: str) -> str:
        """Wait until the sagas have given someone a tenant, and return its id."""
        if found := until(lambda: self.tenants_of(user_id), _PATIENCE_SECONDS):
            return found[0]
        raise SetupError(f"No tenant has appeared for a new user in {_PATIENCE_SECONDS:.0f} seconds.")

    def call_hook(self, person: Person, trigger: str, **metadata: str) -> None:
        """Call the pool's hook as Cognito does after a confirmation."""
        target = self._target
        pool = target.aws.cognito.describe_user_pool(UserPoolId=target.user_pool_id)["UserPool"]
        event = {
            "version": "1",
            "triggerSource": f"PostConfirmation_{trigger}",
            "region": target.aws.region,
            "userPoolId": target.user_pool_id,
            "userName": person.user_id,
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": target.client_id},
            "request": {
                "userAttributes": {
                    "sub": person.user_id,
                    "email": person.email,
                    "email_verified": "true",
                    "name": person.name,
                    "cognito:user_status": "CONFIRMED",
                },
                "clientMetadata": metadata,
            },
            "response": {},
        }
        answer = target.aws.functions.invoke(
            FunctionName=pool["LambdaConfig"]["PostConfirmation"], Payload=json.dumps(event).encode()
        )
        if "FunctionError" in answer:
            raise SetupError(f"The hook failed: {answer['Payload'].read().decode()[:200]}")

    def mailbox(self, label: str) -> str:
        """Return an address at SES's mailbox simulator, which takes mail, so that nothing bounces."""
        return f"success+{self._run}-{label}-{self.mark}@simulator.amazonses.com"

    def _someone(self, label: str) -> Person:
        """Return somebody who does not exist yet."""
        tag = secrets.token_hex(4)
        person = Person(
            user_id="",
            email=self.mailbox(f"{label}-{tag}"),
            name=f"{self._run} {label.title()} O'{tag} {self.mark}",
            password=f"{secrets.token_urlsafe(18)}aA1!",
            tenant="",
            tokens=Tokens("", "", ""),
        )
        self.keep_private([person.password])
        return person


def sign_up(
    cognito: CognitoIdentityProviderClient,
    client_id: str,
    email: str,
    password: str,
    *,
    name: str,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Sign up, and return the user id. The account is not confirmed."""
    given: Any = {
        "ClientId": client_id,
        "Username": email,
        "Password": password,
        "UserAttributes": [{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
        "ClientMetadata": metadata or {},
    }
    # Before the hook has answered, Cognito makes no user.
    made = _retried(lambda: cognito.sign_up(**given), lambda error: "PreSignUp invocation failed" in str(error))
    return made["UserSub"]


def _retried(call: Callable[[], T], is_passing: Callable[[ClientError], bool]) -> T:
    for _ in range(_SIGN_IN_TRIES - 1):
        try:
            return call()
        except ClientError as error:
            if not is_passing(error):
                raise
    return call()


def srp(
    cognito: CognitoIdentityProviderClient,
    pool_id: str,
    client_id: str,
    username: str,
    password: str,
    *,
    metadata: Mapping[str, str] | None = None,
) -> Tokens:
    """Sign in to any pool with the Secure Remote Password protocol."""

    def authenticate() -> Tokens:
        client = AWSSRP(username=username, password=password, pool_id=pool_id, client_id=client_id, client=cognito)
        return Tokens.of(client.authenticate_user(client_metadata=metadata or None)["AuthenticationResult"])

    # Cognito waits five seconds for a hook, which its first start on a busy machine can take.
    return _retried(authenticate, _is_hook_missing)


def _is_hook_missing(error: ClientError) -> bool:
    """Return whether a hook was not there in time; one that was, and refused, says why."""
    found = error.response["Error"]
    return found["Code"] in _HOOK_FAILURES and " failed with error " not in found["Message"]


def tokens_of(tokens: Tokens) -> list[str]:
    """Return what identifies tokens in a text: their signatures."""
    return [token.rsplit(".", 1)[-1] for token in (tokens.id, tokens.access, tokens.refresh) if "." in token]
