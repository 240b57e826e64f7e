"""An API with one path a tenant, in front of a stream of all tenants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam

from tenantry.functions import acknowledge_reach, declare_store
from tenantry.isolation.api.route import EXPECTED_TENANT, Access, Route
from tenantry.isolation.api.tenant_api import RestApi
from tenantry.isolation.direct.mapping_template import (
    Base64,
    BodyJson,
    BodyText,
    Each,
    Either,
    Given,
    Index,
    IsObject,
    Matches,
    PathText,
)
from tenantry.isolation.direct.service_integration import ServiceAction, ServiceIntegration, ServiceReply
from tenantry.isolation.documentation import Answer, Parameter, Schema, array, object_schema
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.identifier_checks import TENANT_ID_SCHEMA
from tenantry.model.identifiers import TENANT_PATTERN
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kinesis as kinesis
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from tenantry.isolation.api.tenant_api import ApiDefaults, Refusals
    from tenantry.isolation.direct.template_statements import Value

_TENANT: Final = PathText("tenantId")
_IS_TENANT: Final = Matches(_TENANT, TENANT_PATTERN)
_ROUTES: Final = ("/{tenantId}", "/{tenantId}/batch")
_MOST_RECORDS: Final = 500  # of PutRecords


@dataclass(frozen=True, kw_only=True)
class TenantLimit:
    """Request rate and burst limit of one tenant.

    Attributes
    ----------
    rate, burst
        Requests a second, and at once.
    required
        Whether a request without an API key is refused. Where it is not, API Gateway counts for no tenant, and only
        the limit of the stage is left.
    """

    rate: int
    burst: int
    required: bool

    def __post_init__(self) -> None:
        """Refuse a limit that nothing could pass."""
        if self.rate <= 0 or self.burst <= 0:
            raise ValueError(
                f"A tenant cannot send at {self.rate} a second, {self.burst} at once: use 1 or more for both."
            )


class IngestApi(RestApi):
    """Puts records on a stream under the tenant of the path, which IAM lets each caller use for its own tenant only.

    Isolation: partition key and tenant of a record come from the path, whatever the body claims; the path must be a
    tenant id; the stream is this one. A header `Expected-Tenant` that names another tenant than the path puts nothing
    on the stream. Whoever may call may call the paths of `path_arns` of their own tenant, and no
    other. Nothing else has a grant to write to the stream.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    api_name
        Its name.
    stream, key
        The stream, and what encrypts it.
    limit
        How fast a tenant may send: a usage plan, in which each tenant has an API key.
    defaults
        What the environment's APIs have in common.
    description
        What it is for.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_name: str,
        stream: kinesis.IStream,
        key: kms.IKey,
        limit: TenantLimit,
        defaults: ApiDefaults,
        description: str = "",
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            api_name=api_name,
            description=description,
            routes=lambda api: _routes(api, stream, key),
            defaults=defaults,
            refusals=_REFUSALS,
            api_key_required=limit.required,
            logged={"caller": "$context.identity.userArn"},
        )
        declare_store(
            self._api,
            Store(
                holds="what tenants' servers send",
                by=By.PATH,
                forms=tuple(path.replace("{tenantId}", TENANT_IN_NAME).lstrip("/") for path in _ROUTES),
            ),
        )
        self._plan = self._api.add_usage_plan(
            "TenantLimit",
            description="Request rate and burst limit of one tenant",
            throttle=apigateway.ThrottleSettings(rate_limit=limit.rate, burst_limit=limit.burst),
            api_stages=[apigateway.UsagePlanPerApiStage(api=self._api, stage=self._api.deployment_stage)],
        )

    @property
    def usage_plan_id(self) -> str:
        """The usage plan that tenants' API keys go into."""
        return self._plan.usage_plan_id

    def path_arns(self, tenant: str) -> list[str]:
        """Return what a tenant's callers may invoke.

        Parameters
        ----------
        tenant
            Its id, or a policy variable that becomes it.
        """
        return [self.route_arn("POST", path.replace("{tenantId}", tenant)) for path in _ROUTES]

    def grant_send(self, grantee: iam.IGrantable, tenant: str) -> iam.Grant:
        """Let `grantee` send as one tenant."""
        actions, paths = ["execute-api:Invoke"], self.path_arns(tenant)
        for path in paths:
            acknowledge_reach(grantee, path, actions=actions, reason=f"It acts for the tenant {tenant} by definition.")
        return iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=paths)


def _routes(api: Construct, stream: kinesis.IStream, key: kms.IKey) -> Sequence[Route]:
    one = ServiceIntegration(
        api,
        "One",
        action=_on(stream, key, "PutRecord"),
        request=_record("$.Data"),
        guards=[_IS_TENANT, IsObject(BodyJson("$.Data"))],
        reply=ServiceReply(body=_replied("$", "EncryptionType", "SequenceNumber", "ShardId")),
        refusal=_REFUSAL,
    )
    many = ServiceIntegration(
        api,
        "Many",
        action=_on(stream, key, "PutRecords"),
        request={"Records": Each("$.Records", _record("@.Data"), guards=[IsObject(BodyJson("@.Data"))])},
        guards=[_IS_TENANT],
        reply=ServiceReply(
            body={**_replied("$", "EncryptionType", "FailedRecordCount"), "Records": Each("$.Records", _OUTCOME)},
            statuses=[(Matches(BodyText("$.FailedRecordCount"), "[1-9][0-9]*"), 207)],
        ),
        refusal=_REFUSAL,
    )
    tenant = Parameter(name="tenantId", where="path", schema=TENANT_ID_SCHEMA, description="The caller's tenant")
    post = partial(Route, method="POST", access=Access.IAM, parameters=[tenant, EXPECTED_TENANT])
    return [
        post(
            path=_ROUTES[0],
            handler=one,
            takes=_RECORD,
            summary="Send one record of up to 1 MiB",
            answers={200: Answer("The record was accepted", _STORED), 403: _DENIED},
        ),
        post(
            path=_ROUTES[1],
            handler=many,
            takes=_RECORDS,
            summary="Send up to 500 records, each up to 1 MiB, together up to 5 MiB",
            answers={
                200: Answer("All records were accepted", _OUTCOMES),
                403: _DENIED,
                207: Answer("Some records failed: send those with an `ErrorCode` again", _OUTCOMES),
            },
        ),
    ]


def _on(stream: kinesis.IStream, key: kms.IKey, action: str) -> ServiceAction:
    return ServiceAction(
        service="kinesis",
        action=action,
        resource_arn=stream.stream_arn,
        target={"StreamName": stream.stream_name},
        key=key,
    )


def _record(data: str) -> Mapping[str, Value]:
    return {"Data": Base64({TENANT_ID: _TENANT, "data": BodyJson(data)}), "PartitionKey": _TENANT}


def _replied(at: str, *names: str) -> Mapping[str, Value]:
    """Return fields of the service's reply, at a path, under their own names."""
    return {name: BodyJson(f"{at}.{name}") for name in names}


_OUTCOME: Final = Either(
    Given(BodyText("@.ErrorCode")),
    # The message of an error names the stream and the account.
    {"Index": Index(), **_replied("@", "ErrorCode")},
    {"Index": Index(), **_replied("@", "SequenceNumber", "ShardId")},
)
_TEXT: Final = {"type": "string"}
_DATA: Final = {
    "type": "object",
    "description": "Any JSON object. A `tenantid` in it does not change the record's tenant",
}
_RECORD: Final = Schema(name="Record", definition=object_schema({"Data": _DATA}, more=True))
_RECORDS: Final = Schema(
    name="Records",
    definition=object_schema(
        {"Records": {"type": "array", "minItems": 1, "maxItems": _MOST_RECORDS, "items": _RECORD.definition}}, more=True
    ),
)
_DENIED: Final = Answer(
    "Missing or invalid signature, or principal not authorized for this tenant",
    Schema(
        name="Denied",
        # IAM's refusals have a capital, the gateway's own do not.
        definition={"type": "object", "minProperties": 1, "properties": {"Message": _TEXT, "message": _TEXT}},
    ),
)
_KMS: Final = {"type": "string", "enum": ["KMS"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_STORED: Final = Schema(
    name="Stored", definition=object_schema({"EncryptionType": _KMS, "SequenceNumber": _TEXT, "ShardId": _TEXT})
)
_OUTCOMES: Final = Schema(
    name="Outcomes",
    definition=object_schema(
        {
            "EncryptionType": _KMS,
            "FailedRecordCount": _COUNT,
            "Records": array(
                object_schema(
                    {"Index": _COUNT}, optional=dict.fromkeys(("SequenceNumber", "ShardId", "ErrorCode"), _TEXT)
                )
            ),
        }
    ),
)
_REFUSAL: Final = "Invalid request: tenantId in the path must be a valid tenant id, and each Data must be a JSON object"
_REFUSALS: Final[Refusals] = {
    "ACCESS_DENIED": '{"Message":$context.error.messageString}',  # as API Gateway has it by itself
    "BAD_REQUEST_BODY": {
        "message": "Invalid request body: send a JSON object with Data, an object; "
        "for a batch, with Records, an array of 1 to 500 such objects"
    },
    "REQUEST_TOO_LARGE": {"message": "The request body is too large: send at most 10 MB"},
    "INTEGRATION_FAILURE": None,
    "INTEGRATION_TIMEOUT": None,
    "QUOTA_EXCEEDED": None,
    "THROTTLED": None,
}
