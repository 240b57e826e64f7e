"""Counters of a tenant's usage, registered so that the function that shows usage depends on none of their stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from tenantry.isolation.validation import counter_name, parameter_path

if TYPE_CHECKING:
    from tenantry.functions import PythonFunction


@dataclass(frozen=True, kw_only=True)
class UsageRegistry:
    """Where counters register: below one path of Parameter Store, which nothing but a deployment writes.

    Isolation: the reader can invoke registered counters only, and tells them the tenant that it has verified. What a
    counter counts, it counts with credentials vended for that tenant.

    Attributes
    ----------
    path
        The path, such as ``/shop/usage``.
    reader
        The role of the function that asks the counters and shows what they say.

    Raises
    ------
    ValueError
        The path is not one of Parameter Store.
    """

    path: str
    reader: iam.IRole

    def __post_init__(self) -> None:
        """Check the path."""
        parameter_path(self.path)


class UsageCounter(Construct):
    """Registers a function that counts what one tenant uses; the reader's role alone may invoke it.

    Isolation: no other role is granted the function. It makes its own handler by
    `tenantry.runtime.counting.counter_handler`, and should hold no grant on data but the sessions that it vends.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app: in the stack that holds what is counted.
    registry
        Where it registers. The registry's stack stays unaware of this one.
    name
        What the figures are called in the reply.
    function
        The function.

    Raises
    ------
    ValueError
        The name is not made of lower-case letters, digits and underscores, or is ``failed``.

    Examples
    --------
    >>> UsageCounter(self, "Usage", registry=registry, name="storage", function=function)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, registry: UsageRegistry, name: str, function: PythonFunction
    ) -> None:
        counter_name(name)
        super().__init__(scope, construct_id)
        # A policy of this stack on a role of another: a grant would make that one depend on this.
        invokes = iam.Policy(
            self,
            "ReaderInvokes",
            # CDK's own name is of the path in the stack: two stacks' policies would be one on this role.
            policy_name=f"InvokeCounter-{name}",
            roles=[registry.reader],
            statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])],
        )
        parameter = ssm.StringParameter(
            self,
            "Registration",
            parameter_name=f"{registry.path}/{name}",
            string_value=Stack.of(self).to_json_string(
                {"function": function.function_arn, "tenantIsolated": function.tenant_isolated}
            ),
            description=f"The counter of {name} for the function that shows what a tenant uses",
        )
        parameter.node.add_dependency(invokes)
