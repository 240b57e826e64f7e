"""A workflow that answers a request, with no function between it and the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from tenantry.isolation.direct.express_machine import express_machine
from tenantry.isolation.direct.mapping_template import BodyText, ContextText, Either, JsonText, Matches, Not
from tenantry.isolation.direct.service_integration import ServiceAction, ServiceIntegration, ServiceReply
from tenantry.isolation.direct.template_statements import UnsafeTemplateError, bare
from tenantry.model.authorizer_context import TENANT_ID, context_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.isolation.direct.mapping_template import Condition
    from tenantry.isolation.direct.template_statements import Statements, Value
    from tenantry.isolation.documentation import Schema

TENANT_INPUT: Final = "tenantId"
"""The member of a workflow's input that names the tenant."""
_MOST: Final = Duration.seconds(25)  # API Gateway waits for 29
_ENDED_WELL: Final = "SUCCEEDED"


class SyncWorkflow(Construct):
    """An Express state machine that does what a request asks for while API Gateway waits.

    Isolation: it is started by the integrations of `on_request` only, which put the authorizer's tenant into its input;
    what a caller sends stands beside that, as values. Its logs hold no data.

    A definition ends in ``{"status": 404, "body": "<JSON>"}``, from which the reply is made.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    definition
        In Amazon States Language.
    log_retention, removal_policy
        How long logs are kept, and what becomes of them with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        definition: Mapping[str, Any],
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._machine = express_machine(
            self,
            description=f"Runs the workflow {construct_id}",
            definition=definition,
            timeout=_MOST,
            log_retention=log_retention,
            removal_policy=removal_policy,
        )

    @property
    def grantee(self) -> iam.IGrantable:
        """Who is granted what its tasks need."""
        return self._machine

    def allow(
        self, *actions: str, on: Sequence[str], conditions: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Let its tasks do some actions on some resources, where the conditions hold."""
        self._machine.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=list(on), conditions=conditions)
        )

    def on_request(
        self,
        construct_id: str,
        *,
        takes: Mapping[str, Value],
        refusal: str,
        guards: Sequence[Condition] = (),
        held_to: Schema | None = None,
        status: int = 200,
    ) -> ServiceIntegration:
        """Return what starts it for a route.

        Parameters
        ----------
        construct_id
            Of the integration.
        takes
            Its input, of which the tenant is a part already.
        refusal
            What is said with 400.
        guards
            What must hold of the request.
        held_to
            As for `ServiceIntegration`.
        status
            The status when all went well.

        Raises
        ------
        UnsafeTemplateError
            The input names the tenant itself.
        """
        if TENANT_INPUT in takes:
            raise UnsafeTemplateError(
                f"{TENANT_INPUT!r} is set by the workflow and cannot be part of the input: choose another name."
            )
        held = {TENANT_INPUT: ContextText(context_path(TENANT_ID)), **takes}
        ended = BodyText("$.status")
        return ServiceIntegration(
            self,
            construct_id,
            action=ServiceAction(
                service="states",
                action="StartSyncExecution",
                resource_arn=self._machine.state_machine_arn,
                target={"stateMachineArn": self._machine.state_machine_arn},
                own_fields=[TENANT_INPUT],
                impossible={"input": "refused"},  # it is no JSON, and without one it would start
            ),
            request={"input": JsonText(held)},
            guards=guards,
            reply=ServiceReply(
                status=status,
                body=Either(Matches(ended, _ENDED_WELL), _Outcome(), {"message": "Internal server error"}),
                statuses=[(Not(Matches(ended, _ENDED_WELL)), 500)],
            ),
            refusal=refusal,
            held_to=held_to,
        )


@dataclass(frozen=True)
class _Outcome:
    """What the execution ended in: a status, and JSON that was made by the state machine."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        if quoted:
            raise UnsafeTemplateError("The outcome of an execution is a reply by itself.")
        outcome = bare(statements.set("$util.parseJson($input.path('$.output'))"))
        statements.lines.append(f"#set($context.responseOverride.status = {outcome}.status)\n")
        return f"$!{{{outcome[1:]}.body}}"
