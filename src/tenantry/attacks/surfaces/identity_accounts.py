"""Accounts: what users may make of their own, and strangers of others'."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from tenantry.attacks import threats
from tenantry.attacks.accounts import sign_up, srp
from tenantry.attacks.assertions import DENIALS, all_denied, denied, require, together
from tenantry.attacks.outcome import Outcome, breached, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.model.directory_tables import ACTIVE_TENANT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_cognito_idp.literals import AuthFlowTypeType

    from tenantry.attacks.accounts import Person, Tokens
    from tenantry.attacks.world import World

identity: Final = REGISTRY.surface("identity")


def _still(person: Person, tokens: Tokens) -> Outcome:
    """Check whether a sign-in says of someone what it said before."""
    now = (tokens.tenant, tokens.claims["cognito:username"], tokens.claims["sub"])
    before = (person.tenant, person.user_id, person.tokens.claims["sub"])
    return require(
        now == before,
        otherwise="the token carries another tenant or user",
        observed="the token is still the same user's",
    )


_ATTRIBUTES: Final = (
    "custom:tenant",
    "custom:tenantId",
    "custom:tenant_id",
    "custom:role",
    "custom:roles",
    "custom:activetenantid",
    "tenant",
    "cognito:username",
    "cognito:groups",
    "sub",
)
_CASES: Final = tuple((name.replace(":", "-").replace("_", "-").lower(), f"`{name}`", name) for name in _ATTRIBUTES)


@identity.each(
    _CASES,
    "update-{}",
    threat=threats.OWN_ATTRIBUTES,
    tries="Write {} of one's own account with one's own access token, and sign in again.",
    must="The token says the same as before, and gives no access to the other tenant.",
)
def _write_attribute(world: World, attribute: str) -> Outcome:
    writer = world.once("writer", lambda: world.member("writer", world.users.alice.tenant, {"member"}))
    value = world.users.bob.user_id if attribute in {"sub", "cognito:username"} else world.users.bob.tenant
    answer = _write(world, writer, attribute, value)
    tokens = world.accounts.sign_in_with_claim(writer)
    return together((f"writing it: {answer}", _still(writer, tokens)), world.no_access(tokens))


def _write(world: World, person: Person, attribute: str, value: str) -> str:
    """Write an attribute of one's own account, which may or may not be let through, and say which."""
    cognito, change = world.target.aws.anonymous().cognito, {"Name": attribute, "Value": value}
    try:
        cognito.update_user_attributes(AccessToken=person.tokens.access, UserAttributes=[cast("Any", change)])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "accepted"


@identity.each(
    _CASES,
    "sign-up-{}",
    threat=threats.OWN_ATTRIBUTES,
    tries="Sign up with {} set to another's tenant.",
    must="Cognito refuses the sign-up.",
)
def _sign_up_with(world: World, attribute: str) -> Outcome:
    more = {attribute: world.users.bob.tenant}
    return denied(lambda: _sign_up(world, more=more), codes=DENIALS | {"InvalidParameterException"})


def _sign_up(world: World, email: str = "", username: str = "", more: Mapping[str, str] | None = None) -> str:
    """Sign up as a stranger, and return the user id."""
    email = email or world.accounts.mailbox(uuid.uuid4().hex[:8])
    attributes = {"email": email, "name": world.run, **(more or {})}
    user_id = world.target.aws.anonymous().cognito.sign_up(
        ClientId=world.target.client_id,
        Username=username or email,
        Password=world.users.alice.password,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )["UserSub"]
    world.run_resources.user(user_id)
    return user_id


_HINTS: Final = ("tenant", "tenantId", "custom:tenant", ACTIVE_TENANT_ID, "roles", "claimsToAddOrOverride")


def _hints(world: World) -> dict[str, str]:
    return dict.fromkeys(_HINTS, world.users.bob.tenant)


@identity.attack("sign-up-metadata", threat=threats.OWN_ATTRIBUTES, must="The new user gets a tenant of their own.")
def _(world: World) -> Outcome:
    """Sign up with client metadata that name another's tenant."""
    person = world.accounts.sign_up("metadata", **_hints(world))
    own = require(
        person.tenant not in {world.users.bob.tenant, ""},
        otherwise="the token carries the tenant that was asked for",
        observed="the token carries a new tenant",
    )
    return together(own, world.no_access(person.tokens))


@identity.attack("sign-in-metadata", threat=threats.OWN_ATTRIBUTES, must="The token says the same as ever.")
def _(world: World) -> Outcome:
    """Sign in with client metadata that name another's tenant."""
    tokens = world.accounts.sign_in_with_claim(world.users.alice, **_hints(world))
    return together(_still(world.users.alice, tokens), world.no_access(tokens))


@identity.attack("refresh-metadata", threat=threats.OWN_ATTRIBUTES, must="The token says the same as ever.")
def _(world: World) -> Outcome:
    """Refresh a token with client metadata that name another's tenant."""
    tokens = world.accounts.refresh(world.users.alice, **_hints(world))
    return together(_still(world.users.alice, tokens), world.no_access(tokens))


@identity.attack(
    "take-email",
    threat=threats.OWN_ATTRIBUTES,
    must="Whoever signs in with that address is still its owner, by their password.",
)
def _(world: World) -> Outcome:
    """Change one's own e-mail address to the victim's, and sign in with it."""
    thief = world.member("thief", world.users.alice.tenant, {"member"})
    victim = world.tenant_admin("robbed", str(uuid.uuid4()))
    answer = _write(world, thief, "email", victim.email)
    theft = denied(lambda: world.accounts.sign_in(replace(thief, email=victim.email)))
    return together((f"changing it: {answer}", theft), _still(victim, world.accounts.sign_in_with_claim(victim)))


@identity.attack("take-name", threat=threats.OWN_ATTRIBUTES, must="Cognito refuses the sign-up.")
def _(world: World) -> Outcome:
    """Sign up under the victim's user id, and under their e-mail address in capitals."""
    bob = world.users.bob
    codes = {"InvalidParameterException", "UsernameExistsException", "AliasExistsException"}
    capitals = bob.email.upper()
    return together(
        ("under the id", denied(lambda: _sign_up(world, username=bob.user_id), codes=codes)),
        ("in capitals", denied(lambda: _sign_up(world, email=capitals), codes=codes)),
    )


@identity.attack(
    "password-flow", threat=threats.OWN_ATTRIBUTES, must="Cognito refuses the flow: the client is for SRP only."
)
def _(world: World) -> Outcome:
    """Sign in by flows that send the password, or that answer with no proof of one."""
    alice, cognito = world.users.alice, world.target.aws.anonymous().cognito
    codes = {"InvalidParameterException", "NotAuthorizedException", *DENIALS}

    proof = {"USERNAME": alice.email, "PASSWORD": alice.password}
    flows: tuple[AuthFlowTypeType, ...] = (
        "USER_PASSWORD_AUTH",
        "CUSTOM_AUTH",
        "ADMIN_USER_PASSWORD_AUTH",
        "ADMIN_NO_SRP_AUTH",
    )
    start = partial(cognito.initiate_auth, ClientId=world.target.client_id, AuthParameters=proof)
    return together(*all_denied(((flow, partial(start, AuthFlow=flow)) for flow in flows), codes=codes))


@identity.attack(
    "unconfirmed",
    threat=threats.OWN_ATTRIBUTES,
    must="There is no token, and no tenant, before the address is confirmed.",
)
def _(world: World) -> Outcome:
    """Sign up with somebody else's address and sign in without confirming it."""
    email, password = world.accounts.mailbox("unconfirmed"), world.users.alice.password
    cognito, target = world.target.aws.anonymous().cognito, world.target
    user_id = _sign_up(world, email)
    signed_in = denied(
        lambda: srp(cognito, target.user_pool_id, target.client_id, email, password),
        codes={"UserNotConfirmedException", "NotAuthorizedException"},
    )
    nothing = require(
        not world.accounts.tenants_of(user_id), otherwise="the user has a tenant", observed="the user has no tenant"
    )
    return together(signed_in, nothing)


@identity.attack(
    "operator-calls",
    threat=threats.OWN_ATTRIBUTES,
    must="Cognito denies them to strangers and to principals without a grant.",
)
def _(world: World) -> Outcome:
    """Call what only operators may: list users, confirm one, set an attribute or a password."""
    pool, bob = world.target.user_pool_id, world.users.bob

    named: Any = {"UserPoolId": pool, "Username": bob.user_id}
    change: Any = [{"Name": "name", "Value": world.run}]
    steps = []
    for who, aws in (("unsigned", world.target.aws.anonymous()), ("without a grant", world.nobody)):
        cognito = aws.cognito
        calls: dict[str, Callable[[], object]] = {
            "ListUsers": partial(cognito.list_users, UserPoolId=pool, Limit=1),
            "AdminGetUser": partial(cognito.admin_get_user, **named),
            "AdminUpdateUserAttributes": partial(cognito.admin_update_user_attributes, **named, UserAttributes=change),
            "AdminSetUserPassword": partial(
                cognito.admin_set_user_password, **named, Password=bob.password, Permanent=True
            ),
        }
        steps += all_denied((f"{name} {who}", call) for name, call in calls.items())
    return together(*steps)


@identity.attack(
    "unknown-user",
    threat=threats.EXISTENCE_SHOWN,
    must="Both fail with the same error: nobody learns who has an account.",
)
def _(world: World) -> Outcome:
    """Sign in with a wrong password as someone who exists and as someone who does not."""
    target = world.target

    def failure(email: str) -> str:
        try:
            srp(target.aws.anonymous().cognito, target.user_pool_id, target.client_id, email, "wrong Password 1!")
        except ClientError as error:
            return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        return "signed in"

    real, unreal = failure(world.users.bob.email), failure(world.accounts.mailbox("nobody"))
    if "signed in" in {real, unreal}:
        return breached("a wrong password was accepted")
    if not real.startswith("NotAuthorizedException"):
        return inconclusive(f"a wrong password fails otherwise than it should: {real}")
    return require(real == unreal, otherwise=f"they differ: {real!r} and {unreal!r}", observed=real)


@identity.attack(
    "password-reset", threat=threats.EVENT_DELIVERY, must="No tenant is made: the hook acts on a sign-up only."
)
def _(world: World) -> Outcome:
    """Reset a password, which calls the hook that also runs at sign-up."""
    reset, signed_up = world.accounts.admit("reset"), world.accounts.admit("signed-up")
    world.accounts.call_hook(reset, "ConfirmForgotPassword")
    world.accounts.call_hook(signed_up, "ConfirmSignUp")
    world.accounts.await_tenant(signed_up.user_id)  # the same hook works, and what it set off earlier has had its time
    return require(
        not world.accounts.tenants_of(reset.user_id) and "email" not in (world.user_row(reset.user_id) or {}),
        otherwise="a password reset has made a user or a tenant",
        observed="a sign-up has made a tenant meanwhile, the reset none",
    )


def _stranger(world: World, label: str, **metadata: str) -> Person:
    """Sign up with somebody else's address, as a stranger does who waits for its owner to confirm."""
    owner = world.accounts.mailbox(f"{label}-{uuid.uuid4().hex[:8]}")
    password = f"{uuid.uuid4()}aA1!"
    world.accounts.keep_private([password])
    cognito, client_id = world.target.aws.anonymous().cognito, world.target.client_id
    user_id = sign_up(cognito, client_id, owner, password, name=world.run, metadata=metadata)
    world.run_resources.user(user_id)
    return replace(world.users.alice, user_id=user_id, email=owner, password=password, tenant="")


def _confirmed(world: World, person: Person, **metadata: str) -> Person:
    """Let the owner of the address confirm, whose mail is not for this attacker's eyes: the same in their place."""
    world.target.aws.cognito.admin_set_user_password(  # confirms, and calls no hook
        UserPoolId=world.target.user_pool_id, Username=person.user_id, Password=person.password, Permanent=True
    )
    world.accounts.call_hook(person, "ConfirmSignUp", **metadata)
    return person


_MUST_CHOOSE: Final = "No token for the first password: the account needs a new one."


def _first_password(world: World, victim: Person) -> Outcome:
    """Check whether a stranger's own password opens an account that another person confirmed."""
    own = _stranger(world, "own", confirmationHash=hashlib.sha256(b"own").hexdigest())
    # Confirmed from where it was made: the password is good, and the hooks work.
    world.accounts.sign_in(_confirmed(world, own, confirmationSecret="own"))
    return denied(lambda: world.accounts.sign_in(victim), codes={"UserLambdaValidationException"})


@identity.attack("pre-hijack-code", threat=threats.OWN_ATTRIBUTES, must=_MUST_CHOOSE)
def _(world: World) -> Outcome:
    """Sign up with somebody's address, let them ask for another code and confirm, and sign in."""
    victim = _stranger(world, "asked-again")
    world.target.aws.anonymous().cognito.resend_confirmation_code(
        ClientId=world.target.client_id, Username=victim.email
    )
    return _first_password(world, _confirmed(world, victim))


@identity.attack("pre-hijack-elsewhere", threat=threats.OWN_ATTRIBUTES, must=_MUST_CHOOSE)
def _(world: World) -> Outcome:
    """Sign up on the page with somebody's address, let them confirm from elsewhere, and sign in."""
    victim = _stranger(world, "elsewhere", confirmationHash=hashlib.sha256(b"the attacker's").hexdigest())
    return _first_password(world, _confirmed(world, victim))
