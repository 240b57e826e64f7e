"""What all stacks of the application have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aws_cdk import Stack

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment
    from stacks.names import StackName


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
