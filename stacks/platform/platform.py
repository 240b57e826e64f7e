"""What every stack is given: the environment, the event bus, the alarms topic, and who signs people in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.platform.defaults import function_defaults
from stacks.platform.events import Events
from tenantry.isolation.api import ApiDefaults

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_sns as sns

    from stacks.environments import Environment
    from tenantry.functions import FunctionDefaults
    from tenantry.isolation.events import ApplicationBus


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Where people sign up and in.

    Attributes
    ----------
    user_pool
        The user pool.
    client
        Its public client.
    origin
        Scheme and host of the pool's endpoint.
    """

    user_pool: cognito.IUserPool
    client: cognito.IUserPoolClient
    origin: str

    @property
    def issuer(self) -> str:
        """The issuer in the pool's tokens (`iss`)."""
        return f"{self.origin}/{self.user_pool.user_pool_id}"


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What a stack is given that people's identity itself depends on.

    Attributes
    ----------
    environment
        What the deployment varies.
    bus
        The application event bus.
    alarms
        The topic of alarms.
    """

    environment: Environment
    bus: ApplicationBus
    alarms: sns.ITopic

    @property
    def events(self) -> Events:
        """The application's kinds of events."""
        return Events(self.environment.application)

    @property
    def api_defaults(self) -> ApiDefaults:
        """What the APIs have in common."""
        environment = self.environment
        return ApiDefaults(
            allowed_origin=environment.allowed_origin,
            throttle_rate=environment.throttle_rate,
            throttle_burst=environment.throttle_burst,
            alarms=self.alarms,
            web_acl_arn=environment.web_acl_arn,
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )

    @property
    def function_defaults(self) -> FunctionDefaults:
        """What the functions have in common."""
        return function_defaults(self.environment)

    def with_identity(self, identity: Identity) -> Platform:
        """Return the platform of this foundation and an identity."""
        return Platform(environment=self.environment, bus=self.bus, alarms=self.alarms, identity=identity)


@dataclass(frozen=True, kw_only=True)
class Platform(Foundation):
    """What every stack is given after the user pool's.

    Attributes
    ----------
    environment, bus, alarms
        As in `Foundation`.
    identity
        Where people sign up and in.
    """

    identity: Identity
