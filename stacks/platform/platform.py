"""What every stack is, and is given: the environment, the event bus, the alarms topic, and who signs people in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aws_cdk import CfnOutput, Stack

from stacks.platform.events import Events
from tenantry.functions import FunctionDefaults
from tenantry.isolation.api import ApiDefaults
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.environments import Environment
    from stacks.names import StackName
    from tenantry.isolation.events import ApplicationBus, EventType


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
        environment = self.environment
        return FunctionDefaults(
            namespace=environment.application,
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
            target=environment.bundle,
        )

    @property
    def publisher_variables(self) -> Mapping[str, str]:
        """Environment variables of a function that publishes events."""
        return {"APPLICATION": self.environment.application, "EVENT_BUS_NAME": self.bus.bus_name}

    def dead_letter_queue(self, scope: Construct, construct_id: str) -> sqs.Queue:
        """Make a dead-letter queue; see `tenantry.isolation.events.dead_letter_queue`."""
        kept = self.environment.removal_policy
        return dead_letter_queue(scope, construct_id, alarms=self.alarms, removal_policy=kept)

    def grant_publish(self, grantee: iam.IGrantable, *events: EventType) -> None:
        """Let `grantee` publish these events, which have one source, and no others."""
        sources = sorted({event.source for event in events})
        if len(sources) != 1:
            raise ValueError(f"The events to publish have the sources {sources}: grant those of one source at a time.")
        self.bus.grant_publish(grantee, source=sources[0], detail_types=[event.detail_type for event in events])

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


class ApplicationStack(Stack):
    """A stack of one environment, with the name that the list of stacks gives it.

    Attributes
    ----------
    name
        Its name without the application's, one of `stacks.names.STACKS`.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    environment
        The environment.
    """

    name: ClassVar[StackName]

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name(self.name)
        )

    def add_outputs(self, **outputs: str) -> None:
        """Put values out, by the outputs' names."""
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
