"""The construct of all Lambda functions of Tenantry."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import jsii
from aws_cdk import AssetHashType, Duration, IStableAnyProducer, Lazy, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from constructs import Construct

from tenantry.bundles import (
    AWS_ARM64,
    METADATA,
    RUNTIME,
    BundleTarget,
    Recorded,
    RuntimeLock,
    find_lock,
    function_sources,
)
from tenantry.functions.account import service_principal
from tenantry.functions.checks import acknowledge, acknowledge_wildcard
from tenantry.functions.local_bundling import without_docker
from tenantry.functions.stores import LOG, declare_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from aws_cdk import aws_sqs as sqs

_RUNTIME: Final = lambda_.Runtime.PYTHON_3_13


@dataclass(frozen=True, kw_only=True)
class FunctionDefaults:
    """What all functions of an environment have in common.

    Attributes
    ----------
    namespace
        CloudWatch namespace of the functions' metrics.
    log_retention
        How long their logs are kept.
    removal_policy
        Whether the logs and the dead-letter messages are kept when the stack is deleted.
    target
        What they are bundled for.
    log_level
        Level of the structured logs.
    """

    namespace: str
    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    target: BundleTarget = field(default=AWS_ARM64)
    log_level: str = "INFO"


class PythonFunction(lambda_.Function):
    """A Python function whose role may write its own log and trace, and nothing else until granted.

    It holds no data and no grant on any; isolation between tenants comes from what it is granted. Logs are
    structured and traced, in a log group of its own with the environment's retention.

    In the scope, it is one construct of the id: the function is that construct's default child, beside its role and its
    log group, which the CDK takes when a function is made.

    Parameters
    ----------
    scope, construct_id
        Where the function stands in the app.
    entry
        The function's package: a folder with ``handler.py``, which has ``handler``.
    shared
        Importable packages to bundle beside it, by name.
    lock
        The lock file that names the wheels to bundle by their hashes, or one of the runtime's. By default it is
        ``requirements.txt`` in `entry` if there is one, else `RuntimeLock.BASE`.
    defaults
        What the environment's functions have in common.
    environment
        Further environment variables.
    description
        What the function does, for the console.
    timeout
        After which it is stopped.
    memory_size
        In MiB.
    tenant_isolated
        Whether Lambda keeps an execution environment for each tenant (`PER_TENANT`): what one tenant's request leaves
        in memory or on disk is then never there for another's. It cannot be changed once the function exists.
    dead_letters
        For a function that is invoked asynchronously: the queue that keeps the events which two retries could not help.

    Raises
    ------
    ValueError
        `entry` has no ``handler.py``, or `lock` is no file.
    BundleError
        At synthesis, when the bundle cannot be made.

    Examples
    --------
    >>> PythonFunction(self, "Hello", entry=Path("lambdas/hello"), defaults=defaults)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        entry: Path,
        defaults: FunctionDefaults,
        shared: Sequence[str] = RUNTIME,
        lock: RuntimeLock | Path | None = None,
        environment: Mapping[str, str] | None = None,
        description: str | None = None,
        timeout: Duration | None = None,
        memory_size: int = 512,
        tenant_isolated: bool = False,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        if not (entry / "handler.py").is_file():
            raise ValueError(f"{entry} is not a function's package: it has no handler.py.")
        made_of = Recorded(sources=function_sources(entry, shared), target=defaults.target, lock=find_lock(entry, lock))
        hash_ = made_of.hash()
        home = Construct(scope, construct_id)
        home.node.add_metadata(METADATA, Lazy.any(_AtTheEnd(lambda: made_of.metadata(hash_))))
        log_group = logs.LogGroup(
            home,
            "Logs",
            retention=defaults.log_retention,
            removal_policy=defaults.removal_policy,
        )
        declare_store(log_group, LOG)
        role = iam.Role(
            home,
            "Role",
            assumed_by=service_principal(home, "lambda.amazonaws.com"),
            description=f"Runs the function {entry.name}",
        )
        variables = {
            "SERVICE_NAME": entry.name,
            "METRICS_NAMESPACE": defaults.namespace,
            "LOG_LEVEL": defaults.log_level,
            **(environment or {}),
        }
        super().__init__(
            home,
            "Default",  # of which the logical id says nothing
            runtime=_RUNTIME,
            architecture=lambda_.Architecture.ARM_64 if defaults.target.arm else lambda_.Architecture.X86_64,
            handler=f"{entry.name}.handler.handler",
            code=lambda_.Code.from_asset(
                str(entry),
                asset_hash=hash_,
                asset_hash_type=AssetHashType.CUSTOM,
                bundling=without_docker(made_of.make),
            ),
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            description=description,
            timeout=timeout or Duration.seconds(10),
            memory_size=memory_size,
            tenancy_config=lambda_.TenancyConfig.PER_TENANT if tenant_isolated else None,
            environment=variables,
        )
        self._variables: Mapping[str, str] = variables
        self._name_in_app = home.node.path
        log_group.grant_write(role)
        self._execution_role = role
        self._tenant_isolated = tenant_isolated
        acknowledge_wildcard(role, "*", "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources.")
        for rule in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
            acknowledge(self, rule, f"{_RUNTIME.name} is what the locks are tested with; AWS supports it until 2029.")
        acknowledge(
            self,
            "Serverless-LambdaDLQ",
            "Failed asynchronous events go to the on-failure destination."
            if dead_letters
            else "It is invoked synchronously: its caller learns of a failure, and there is no event to keep.",
        )
        if dead_letters:
            retries = lambda_.EventInvokeConfig(
                home,
                "Retries",
                function=self,
                retry_attempts=2,
                on_failure=destinations.SqsDestination(dead_letters),
            )
            # A function has one. Under another id, an update would make a second one and so delete the first.
            resource = cast("lambda_.CfnEventInvokeConfig", retries.node.default_child)
            resource.override_logical_id(_id_beside(scope, f"{construct_id}Retries"))

    def add_environment(self, key: str, value: str, *, remove_in_edge: bool | None = None) -> lambda_.Function:
        """Add an environment variable."""
        self._variables = {**self._variables, key: value}
        return super().add_environment(key, value, remove_in_edge=remove_in_edge)

    @property
    def execution_role(self) -> iam.IRole:
        """The role that the function runs with; `role` is the same, but typed as if there could be none."""
        return self._execution_role

    @property
    def tenant_isolated(self) -> bool:
        """Whether each invocation must name its tenant, which `tenantry.isolation.api.TenantApi` sees to."""
        return self._tenant_isolated

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables so far."""
        return self._variables

    @property
    def name_in_app(self) -> str:
        """Its path in the app, for messages."""
        return self._name_in_app


@jsii.implements(IStableAnyProducer)
class _AtTheEnd:
    """Metadata that is known when the app is synthesized: only then has everything been imported."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make

    def produce(self) -> dict[str, Any]:
        return self._make()


def _id_beside(scope: Construct, construct_id: str) -> str:
    """Return the logical id that the CDK gives the resource of a construct in a scope.

    Source: https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html#identifiers-logical-ids
    """
    within = scope.node.scopes[len(Stack.of(scope).node.scopes) :]
    path = [part for part in (*(parent.node.id for parent in within), construct_id) if part != "Default"]
    digest = hashlib.md5("/".join([*path, "Resource"]).encode(), usedforsecurity=False).hexdigest()
    name = ""
    last = ""
    for part in path:
        if not (last and last.endswith(part)):  # what repeats the end of the part before it is left out
            name, last = name + re.sub("[^A-Za-z0-9]", "", part), part
    return f"{name[:240]}{digest[:8].upper()}"
