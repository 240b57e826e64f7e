"""The parks' own routes: DynamoDB, Step Functions and SQS behind the API, with no function in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.application_plane.parks import schemas
from stacks.application_plane.parks.workflows import PARK, ParkWorkflows
from stacks.platform.defaults import function_defaults
from stacks.platform.events import Events
from stacks.platform.roles import ADMIN, ALL_ROLES, MEMBER, VISITOR
from tenantry.functions import PythonFunction, RuntimeLock, acknowledge, declare_store
from tenantry.functions.sources import RUNTIME, package_folder
from tenantry.isolation.api import Answer, Route
from tenantry.isolation.data import TenantTable
from tenantry.isolation.devices.ingest_api import TENANT_ID_PATTERN
from tenantry.isolation.direct import (
    BodyJson,
    BodyText,
    ContextText,
    Each,
    Either,
    Given,
    Joined,
    Matches,
    NextPage,
    PageCursor,
    PathText,
    QueryText,
    ServiceError,
    ServiceIntegration,
    ServiceReply,
    SyncWorkflow,
    When,
    WholeNumber,
)
from tenantry.isolation.events import TenantQueue, dead_letter_queue
from tenantry.isolation.vending import TENANT, TenantStatement, TokenVendor
from tenantry.model.names import NAME_PATTERN
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from stacks.environments import Environment
    from tenantry.isolation.api import Directory
    from tenantry.isolation.direct.template_statements import Value
    from tenantry.isolation.events import ApplicationBus

WEBHOOK_ROLES: Final = (VISITOR, ADMIN)
"""The roles that may make webhooks; `park_webhooks.owners` pauses those of who has neither any more."""
_BY_STATUS: Final = "by-status"
_CONSUMER_TIMEOUT: Final = Duration.seconds(30)
_TENANT: Final = ContextText("authorizer.tenantId")
_USER: Final = ContextText("authorizer.userId")
_ROLES: Final = ContextText("authorizer.roles")
_ID: Final = PathText("id")
_WEBHOOK: Final = PathText("webhookId")
_PARKS_OF_TENANT: Final = Joined(_TENANT, f"#{PARK}")
_IS_TENANT: Final = Matches(_TENANT, TENANT_ID_PATTERN)
_IS_PARK: Final = Matches(_ID, schemas.PARK_ID_PATTERN)
_IS_WEBHOOK: Final = Matches(_WEBHOOK, schemas.WEBHOOK_ID_PATTERN)
_A_STATUS: Final = "|".join(schemas.STATUSES)
_STATUSES: Final = ", ".join(schemas.STATUSES)
_STATUS_GIVEN: Final = Given(QueryText("status"))
_OTHERWISE: Final = schemas.STATUSES[1]  # a park is open unless it is said to be otherwise
_NO_PARK: Final = Answer.refusal("Park not found in the active tenant")


class Parks(Construct):
    """Parks, their webhooks, and changes of many at once.

    Isolation: each integration has a role of its own that can do one thing to one resource. Partition keys and topics
    begin with the tenant of the authorizer's context, which nothing in a request can say. Work that waits carries that
    tenant, and is done with credentials vended for it.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    environment
        What the environment varies.
    bus
        Where it is said who was removed, and that a webhook was paused.
    directory
        Says who may have webhooks, and whose queued work is done.
    alarms
        Who is told of dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        directory: Directory,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._environment = environment
        self._bus = bus
        self._directory = directory
        self._events = Events(environment.application)
        self._table = TenantTable(
            self,
            "Table",
            partition_key="pk",
            sort_key="sk",
            leading_key=f"{TENANT}#*",
            # The partition is the table's own, so that what binds it there binds it here.
            indexes={_BY_STATUS: ("pk", "statuskey")},
            deletion_protection=not environment.ephemeral,
            removal_policy=environment.removal_policy,
        )
        self._topics = f"arn:{stack.partition}:sns:{stack.region}:{stack.account}:{environment.application}-parks-"
        declare_store(
            stack,
            Store(
                holds="subscriptions to a park's events",
                by=By.NAME,
                kind="AWS::SNS::Topic",
                name=f"{environment.application}-parks-{{tenant}}_{{park}}_{{event}}",
            ),
        )
        self._webhook_dead_letters = _webhook_dead_letters(self, self._topics, environment, alarms)
        self._workflows = ParkWorkflows(table=self._table.table_name, topics=self._topics)
        self._vendor = TokenVendor(self, "Vendor")
        self._let_tenants()
        self._check = self._function(
            "CheckEndpoint",
            "webhook_endpoint",
            "Checks that a webhook's endpoint is public",
            lock=RuntimeLock.POWERTOOLS,
        )
        self._bulk = self._queue(alarms)
        self._publish = self._webhook_function(
            "Publish",
            "webhook_publication",
            "Publishes park events to webhooks whose owners still have the required role",
        )
        self._pauses_dead_letters = dead_letter_queue(
            self, "PausesDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        self._pause()

    @property
    def table_name(self) -> str:
        """Name of the table."""
        return self._table.table_name

    @property
    def tenant_role_arn(self) -> str:
        """ARN of the role that sessions for queued work are vended of."""
        return self._vendor.role_arn

    @property
    def queue_url(self) -> str:
        """URL of the queue of changes of many parks."""
        return self._bulk.queue_url

    @property
    def dead_letter_queue_urls(self) -> Mapping[str, str]:
        """URLs of the queues that keep what failed, by what it was."""
        return {
            "ParkStatuses": self._bulk.dead_letter_queue_url,
            "Webhook": self._webhook_dead_letters.queue_url,
            "WebhookPauses": self._pauses_dead_letters.queue_url,
        }

    @property
    def publication_function_name(self) -> str:
        """Name of the function that publishes, for operators who replay what could not be delivered."""
        return self._publish.function_name

    def routes(self) -> Sequence[Route]:
        """Return the routes, each with the roles that open it."""
        return [
            Route(
                method="GET",
                path="/parks",
                handler=self._list(),
                roles=ALL_ROLES,
                summary="List the parks of the active tenant",
                parameters=[schemas.LIMIT, schemas.CURSOR, schemas.STATUS],
                answers={
                    200: Answer(
                        description="A page of parks; `cursor` is present if there are more", schema=schemas.PARKS
                    ),
                    400: Answer.refusal("Malformed parameter, or a cursor of another tenant"),
                },
            ),
            Route(
                method="GET",
                path="/parks/{id}",
                handler=self._get(),
                roles=ALL_ROLES,
                summary="Show a park",
                parameters=[schemas.PARK_ID],
                answers={200: Answer(description="The park", schema=schemas.PARK), 404: _NO_PARK},
            ),
            Route(
                method="POST",
                path="/parks",
                handler=self._create(),
                roles=[ADMIN, MEMBER],
                takes=schemas.NEW_PARK,
                summary="Add a park",
                answers={
                    201: Answer(description="Added", schema=schemas.PARK_KEY),
                    409: Answer.refusal("A park with this id already exists"),
                },
            ),
            Route(
                method="POST",
                path="/parks/{id}/statuses",
                handler=self._set_status(),
                roles=[ADMIN],
                takes=schemas.NEW_STATUS,
                summary="Update a park's status and notify its webhooks",
                parameters=[schemas.PARK_ID],
                answers={204: Answer(description="Done"), 404: _NO_PARK},
            ),
            Route(
                method="POST",
                path="/parks/statuses",
                handler=self._set_statuses(),
                roles=[ADMIN],
                takes=schemas.NEW_STATUSES,
                summary="Update many parks asynchronously; unknown ids are ignored",
                answers={202: Answer(description="The update is queued", schema=schemas.WORK)},
            ),
            *self._webhook_routes(),
        ]

    def _list(self) -> ServiceIntegration:
        cursor, following = PageCursor(schemas.PARK_ID_PATTERN), NextPage("$.LastEvaluatedKey.sk.S")
        status = QueryText("status")
        position: Mapping[str, Value] = {
            "pk": {"S": _PARKS_OF_TENANT},
            "sk": {"S": cursor.position},
            "statuskey": When(_STATUS_GIVEN, {"S": Joined(status, "#", cursor.position)}),
        }
        return ServiceIntegration(
            self,
            "List",
            action=self._table.service_action("Query", indexes=[_BY_STATUS]),
            request={
                "IndexName": When(_STATUS_GIVEN, _BY_STATUS),
                "KeyConditionExpression": Either(
                    _STATUS_GIVEN, "pk = :pk AND begins_with(statuskey, :status)", "pk = :pk"
                ),
                "ExpressionAttributeValues": {
                    ":pk": {"S": _PARKS_OF_TENANT},
                    ":status": When(_STATUS_GIVEN, {"S": Joined(status, "#")}),
                },
                "Limit": WholeNumber(QueryText("limit"), "[1-9][0-9]?|100", 50),
                "ExclusiveStartKey": When(cursor.given, position),
            },
            guards=[
                _IS_TENANT,
                Matches(status, f"({_A_STATUS})?"),
                Matches(QueryText("limit"), "([1-9][0-9]?|100)?"),
                cursor.sound,
            ],
            reply=ServiceReply(
                body={"items": Each("$.Items", _shown("@")), "cursor": When(following.exists, following)}
            ),
            refusal=f"limit must be 1 to 100, status one of {_STATUSES}, cursor from the previous page of this tenant",
        )

    def _get(self) -> ServiceIntegration:
        found = BodyText("$.Item.sk.S")
        return ServiceIntegration(
            self,
            "Get",
            action=self._table.service_action("GetItem"),
            request={"Key": {"pk": {"S": _PARKS_OF_TENANT}, "sk": {"S": _ID}}, "ConsistentRead": True},
            guards=[_IS_TENANT, _IS_PARK],
            reply=ServiceReply(
                body=Either(Given(found), _shown("$.Item"), {"message": "Park not found"}),
                statuses=[(Matches(found, ""), 404)],
            ),
            refusal=_BAD_ID,
        )

    def _create(self) -> ServiceIntegration:
        """Add by an update, which can answer what it has made; a put cannot."""
        given = BodyText("$.status")
        status = Either(Given(given), given, _OTHERWISE)
        return ServiceIntegration(
            self,
            "Create",
            action=self._table.service_action("UpdateItem"),
            request={
                "Key": {"pk": {"S": _PARKS_OF_TENANT}, "sk": {"S": BodyText("$.id")}},
                "ConditionExpression": "attribute_not_exists(pk)",
                "UpdateExpression": "SET #name = :name, #status = :status, statuskey = :statuskey, statusat = :at",
                "ExpressionAttributeNames": {"#name": "name", "#status": "status"},
                "ExpressionAttributeValues": {
                    ":name": {"S": BodyText("$.name")},
                    ":status": {"S": status},
                    ":statuskey": {
                        "S": Either(
                            Given(given),
                            Joined(given, "#", BodyText("$.id")),
                            Joined(f"{_OTHERWISE}#", BodyText("$.id")),
                        )
                    },
                    ":at": {"N": ContextText("requestTimeEpoch")},
                },
                "ReturnValues": "ALL_NEW",
            },
            held_to=schemas.NEW_PARK_FIELDS,
            guards=[
                _IS_TENANT,
                Matches(BodyText("$.id"), schemas.PARK_ID_PATTERN),
                Matches(BodyText("$.name"), NAME_PATTERN),
                Matches(given, f"({_A_STATUS})?"),
            ],
            reply=ServiceReply(status=201, body={"id": BodyJson("$.Attributes.sk.S")}),
            errors={
                "ConditionalCheckFailedException": ServiceError(
                    status=409, message="A park with this id already exists"
                )
            },
            refusal=(
                "id must be 1 to 128 lower-case letters, digits and hyphens, a letter first, and not 'statuses'; "
                "name must have 1 to 256 characters, without control or bidirectional control characters; "
                f"status, if given, must be one of {_STATUSES}"
            ),
        )

    def _set_status(self) -> ServiceIntegration:
        workflow = self._workflow("SetStatus", self._workflows.set_status(publish=self._publish.function_name))
        self._table.grant_every_tenant(workflow.grantee, "UpdateItem", "Query")
        workflow.allow("lambda:InvokeFunction", on=[self._publish.function_arn])
        status = BodyText("$.status")
        return workflow.on_request(
            "Start",
            takes={"id": _ID, "status": status, "at": ContextText("requestTimeEpoch"), "userId": _USER},
            held_to=schemas.NEW_STATUS_FIELDS,
            guards=[_IS_TENANT, _IS_PARK, Matches(status, _A_STATUS)],
            status=204,
            refusal=f"status must be one of {_STATUSES}, and id in the path must be a valid park id",
        )

    def _set_statuses(self) -> ServiceIntegration:
        status = BodyText("$.status")
        return self._bulk.on_request(
            "Send",
            takes={"ids": BodyJson("$.ids"), "status": status},
            held_to=schemas.NEW_STATUSES_FIELDS,
            guards=[_IS_TENANT, Matches(status, _A_STATUS)],
            refusal=f"status must be one of {_STATUSES}, and ids must hold 1 to {schemas.MOST_AT_ONCE} park ids",
        )

    def _webhook_routes(self) -> Sequence[Route]:
        path, roles = "/parks/{id}/webhooks", WEBHOOK_ROLES
        return [
            Route(
                method="POST",
                path=path,
                handler=self._subscribe(),
                roles=roles,
                takes=schemas.NEW_WEBHOOK,
                summary="Subscribe an endpoint to events of a park",
                parameters=[schemas.PARK_ID],
                answers={
                    201: Answer(
                        description="Subscribed; the endpoint receives a message to confirm the subscription",
                        schema=schemas.WEBHOOK_KEY,
                    ),
                    404: _NO_PARK,
                    409: Answer.refusal(
                        "The park has the maximum number of webhooks, or another user owns this one, or "
                        "`Expected-Tenant` names another tenant"
                    ),
                },
            ),
            Route(
                method="GET",
                path=path,
                handler=self._list_webhooks(),
                roles=roles,
                summary="List a park's webhooks: admins see all, others their own",
                parameters=[schemas.PARK_ID],
                answers={200: Answer(description="The webhooks", schema=schemas.WEBHOOKS), 404: _NO_PARK},
            ),
            Route(
                method="DELETE",
                path=f"{path}/{{webhookId}}",
                handler=self._unsubscribe(),
                roles=roles,
                summary="Remove a webhook: admins remove any, others their own",
                parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
                answers={
                    204: Answer(description="Removed"),
                    404: Answer.refusal("Webhook not found, or owned by another user"),
                },
            ),
            Route(
                method="POST",
                path=f"{path}/{{webhookId}}/owner",
                handler=self._take_over(),
                roles=[ADMIN],
                summary="Take over a webhook, active or paused: the caller becomes its owner",
                parameters=[schemas.PARK_ID, schemas.WEBHOOK_ID],
                answers={
                    204: Answer(
                        description="Subscribed again; the endpoint receives a message to confirm the subscription"
                    ),
                    404: Answer.refusal("Park or webhook not found in the active tenant"),
                },
            ),
        ]

    def _subscribe(self) -> ServiceIntegration:
        workflow = self._workflow(
            "Subscribe",
            self._workflows.subscribe(
                check=self._check.function_name, dead_letters=self._webhook_dead_letters.queue_arn
            ),
        )
        self._table.grant_every_tenant(workflow.grantee, "GetItem", "Query", "PutItem")
        self._allow_subscribing(workflow)
        _allow_on_subscriptions(workflow, "sns:Unsubscribe")
        workflow.allow("lambda:InvokeFunction", on=[self._check.function_arn])
        kind, endpoint = BodyText("$.eventType"), BodyText("$.endpoint")
        return workflow.on_request(
            "Start",
            takes={"id": _ID, "eventType": kind, "endpoint": endpoint, "userId": _USER},
            held_to=schemas.NEW_WEBHOOK_FIELDS,
            guards=[_IS_TENANT, _IS_PARK, Matches(kind, _A_STATUS), Matches(endpoint, schemas.ENDPOINT_PATTERN)],
            status=201,
            refusal=(
                f"eventType must be one of {_STATUSES}, endpoint must be an https URL of at most 1000 characters, "
                "and id in the path must be a valid park id"
            ),
        )

    def _list_webhooks(self) -> ServiceIntegration:
        workflow = self._workflow("ListWebhooks", self._workflows.list_webhooks())
        self._table.grant_every_tenant(workflow.grantee, "GetItem", "Query")
        _allow_on_subscriptions(workflow, "sns:GetSubscriptionAttributes")
        takes = {"id": _ID, "userId": _USER, "roles": _ROLES}
        return workflow.on_request("Start", takes=takes, guards=[_IS_TENANT, _IS_PARK], refusal=_BAD_ID)

    def _unsubscribe(self) -> ServiceIntegration:
        workflow = self._workflow("Unsubscribe", self._workflows.unsubscribe())
        self._table.grant_every_tenant(workflow.grantee, "GetItem", "DeleteItem")
        _allow_on_subscriptions(workflow, "sns:Unsubscribe")
        return workflow.on_request(
            "Start",
            takes={"id": _ID, "webhookId": _WEBHOOK, "userId": _USER, "roles": _ROLES},
            guards=[_IS_TENANT, _IS_PARK, _IS_WEBHOOK],
            status=204,
            refusal=_BAD_WEBHOOK,
        )

    def _take_over(self) -> ServiceIntegration:
        workflow = self._workflow(
            "TakeOver",
            self._workflows.take_over(
                check=self._check.function_name, dead_letters=self._webhook_dead_letters.queue_arn
            ),
        )
        self._table.grant_every_tenant(workflow.grantee, "GetItem", "UpdateItem")
        self._allow_subscribing(workflow)
        _allow_on_subscriptions(workflow, "sns:Unsubscribe")
        workflow.allow("lambda:InvokeFunction", on=[self._check.function_arn])
        return workflow.on_request(
            "Start",
            takes={"id": _ID, "webhookId": _WEBHOOK, "userId": _USER},
            guards=[_IS_TENANT, _IS_PARK, _IS_WEBHOOK],
            status=204,
            refusal=_BAD_WEBHOOK,
        )

    def _let_tenants(self) -> None:
        """Say what the sessions of one tenant may do: for queued work, and for telling and pausing webhooks."""
        self._table.grant_tenant(self._vendor.purpose("park-statuses"), "UpdateItem")
        webhooks = self._vendor.purpose("webhooks")
        self._table.grant_tenant(webhooks, "Query", "UpdateItem")
        # An underscore is in no tenant's id, so that no tenant's topics begin as another's do.
        topics = f"{self._topics}{TENANT}_*"
        webhooks.allow(
            TenantStatement(actions=["sns:Publish", "sns:ListSubscriptionsByTopic"], resources=[topics]),
        )

    def _pause(self) -> None:
        """Pause the webhooks of whom the bus says that they were removed, lost a role, were blocked or deleted."""
        function = self._webhook_function(
            "Pause",
            "webhook_pauses",
            "Pauses webhooks whose owners lost the required role",
            dead_letters=self._pauses_dead_letters,
        )
        for name, event in (
            ("MemberRemoved", self._events.member_removed),
            ("MemberRolesChanged", self._events.member_roles_changed),
            ("UserBlocked", self._events.blocked),
            ("UserDeleted", self._events.deleted),
        ):
            self._bus.add_rule(
                self,
                name,
                event=event,
                target=targets.LambdaFunction(
                    function,
                    dead_letter_queue=self._pauses_dead_letters,
                    retry_attempts=20,
                    max_event_age=Duration.hours(24),
                ),
            )

    def _webhook_function(
        self,
        construct_id: str,
        entry: str,
        description: str,
        *,
        purposes: Sequence[str] = ("webhooks",),
        **more: Any,  # noqa: ANN401 - of `PythonFunction`
    ) -> PythonFunction:
        """Return a function that tells or pauses webhooks.

        Isolation: rows and topics are reached with credentials vended for one tenant. Of its own, it may read single
        items of the directory, say that a webhook was paused, and end subscriptions.
        """
        function = self._function(
            construct_id,
            entry,
            description,
            shared=[*RUNTIME, "park_webhooks"],
            timeout=_CONSUMER_TIMEOUT,
            environment={
                "APPLICATION": self._environment.application,
                "EVENT_BUS_NAME": self._bus.bus_name,
                "PARKS_TABLE": self._table.table_name,
                "TOPICS": self._topics,
                **self._directory.variables,
            },
            **more,
        )
        self._directory.grant_read_state(function)
        paused = self._events.webhook_paused
        self._bus.grant_publish(function, source=paused.source, detail_types=[paused.detail_type])
        function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Unsubscribe"], resources=["*"]))
        acknowledge(
            function.execution_role,
            "AwsSolutions-IAM5",
            "SNS knows no resource for it; the ARN is from the tenant's row, or of the tenant's topic.",
            resource="*",
        )
        self._vendor.grant_vend(function, purposes=purposes)
        return function

    def _function(self, construct_id: str, entry: str, description: str, **more: Any) -> PythonFunction:  # noqa: ANN401 - of `PythonFunction`
        return PythonFunction(
            self,
            construct_id,
            entry=package_folder(entry),
            defaults=function_defaults(self._environment),
            description=description,
            **more,
        )

    def _queue(self, alarms: sns.ITopic) -> TenantQueue:
        consumer = self._webhook_function(
            "SetStatuses",
            "park_statuses",
            "Updates the status of many parks in the tenant that the request was made in",
            purposes=["park-statuses", "webhooks"],
        )
        return TenantQueue(
            self,
            "Bulk",
            consumer=consumer,
            consumer_timeout=_CONSUMER_TIMEOUT,
            alarms=alarms,
            removal_policy=self._environment.removal_policy,
        )

    def _workflow(self, construct_id: str, definition: Mapping[str, object]) -> SyncWorkflow:
        return SyncWorkflow(
            self,
            f"{construct_id}Workflow",
            definition=definition,
            log_retention=self._environment.log_retention,
            removal_policy=self._environment.removal_policy,
        )

    def _allow_subscribing(self, workflow: SyncWorkflow) -> None:
        """Let a workflow make topics, and subscribe to them what is reached over HTTPS, which carries no credentials.

        Source: https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html#sns-policy-keys
        """
        pattern = f"{self._topics}*"
        workflow.allow("sns:CreateTopic", on=[pattern])
        https = {"StringEquals": {"sns:Protocol": "https"}, "StringLike": {"sns:Endpoint": "https://*"}}
        workflow.allow("sns:Subscribe", on=[pattern], conditions=https)
        acknowledge(
            workflow,
            "AwsSolutions-IAM5",
            "Topics are made on demand, one a tenant, park and kind of event, all under this prefix.",
            resource=pattern,
        )


def _allow_on_subscriptions(workflow: SyncWorkflow, action: str) -> None:
    """Let a workflow act on the subscriptions that its rows name: SNS knows no resource for that.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    """
    workflow.allow(action, on=["*"])
    acknowledge(
        workflow, "AwsSolutions-IAM5", "SNS knows no resource for it; the ARN is from the tenant's row.", resource="*"
    )


def _webhook_dead_letters(scope: Construct, topics: str, environment: Environment, alarms: sns.ITopic) -> sqs.Queue:
    queue = dead_letter_queue(scope, "WebhookDeadLetters", alarms=alarms, removal_policy=environment.removal_policy)
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            principals=[iam.ServicePrincipal("sns.amazonaws.com")],
            resources=[queue.queue_arn],
            conditions={"ArnLike": {"aws:SourceArn": f"{topics}*"}},
        )
    )
    return queue


def _shown(at: str) -> Mapping[str, Value]:
    """Return a park as the API shows it, out of an item at a path."""
    return {"id": BodyJson(f"{at}.sk.S"), "name": BodyJson(f"{at}.name.S"), "status": BodyJson(f"{at}.status.S")}


_BAD_WEBHOOK: Final = "Malformed path: id must be a park id, and webhookId 32 hexadecimal digits"
_BAD_ID: Final = "Malformed park id in the path: use lower-case letters, digits and hyphens, a letter first"
