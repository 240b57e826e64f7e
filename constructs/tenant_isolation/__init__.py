"""Constructs that keep the tenants of a SaaS apart. Each says in its first line what it guarantees.

Exported
--------
ApplicationBus, EventType
    An event bus on which every publisher may say only what it was granted to say.
EventSaga, SagaTask, SagaEmission
    A step of a saga that loses no event.
Directory
    The tables that say who may act.
TenantAuthorizer, ActsIn, SharedTokens
    Lets a request through only to what its caller may do now, in one tenant.
TenantApi, MemberApi, AdminApi, Route, Access, ApiDefaults, ApiLogging
    REST APIs whose every route is authorized.
Schema, Parameter, Answer
    What a route takes and answers.
ServiceIntegration, ServiceAction, ServiceReply, ServiceError
    Calls an AWS service for a route, without a function, and with nothing in the request that a caller could rewrite.
request_template, reply_template, PathText, ContextText, BodyText, BodyJson, Joined, Base64, JsonText, Each, Either
    What such requests and replies are made of; with `Index`, `IsObject`, `Given`, `Matches`, `Not`,
    and `UnsafeTemplateError`.
SyncWorkflow
    A workflow that answers a request, for the tenant of the authorizer.
TenantQueue
    Work that is done later, for the tenant of when it was asked for.
PageCursor, NextPage, QueryText, When, WholeNumber
    Lists in pages, of which one tenant's cursor is no good to another.
IngestApi, TenantLimit
    Puts records on a stream under the tenant of the path.
TokenVendor, Purpose, TenantStatement, TENANT, TENANT_NAME, USER
    Vends credentials that reach one tenant's data.
TenantTable
    A pooled table whose rows are reachable with credentials of their own tenant only.
TenantDashboard
    What each tenant gets of the system, for operators.
TenantDevices
    Servers whose certificates are good for their own tenant's part of an API.
PrefixBucket, TaggedBucket, AccessPointBucket, DocumentedBucket, SiloBuckets
    Objects of many tenants, kept apart in five ways.
dead_letter_queue
    A queue for what failed, with its alarm.
"""

from tenant_isolation._sources import LAMBDAS, TENANCY
from tenant_isolation.api_documentation import Answer, Parameter, Schema
from tenant_isolation.api_route import Access, Route
from tenant_isolation.application_bus import ApplicationBus, EventType
from tenant_isolation.directory import Directory
from tenant_isolation.event_saga import EventSaga, SagaEmission, SagaTask, dead_letter_queue
from tenant_isolation.ingest_api import IngestApi, TenantLimit
from tenant_isolation.mapping_template import (
    Base64,
    BodyJson,
    BodyText,
    ContextText,
    Each,
    Either,
    Given,
    Index,
    IsObject,
    Joined,
    JsonText,
    Matches,
    Not,
    PathText,
    QueryText,
    When,
    WholeNumber,
    form_template,
    reply_template,
    request_template,
)
from tenant_isolation.page_cursor import NextPage, PageCursor
from tenant_isolation.service_integration import ServiceAction, ServiceError, ServiceIntegration, ServiceReply
from tenant_isolation.sync_workflow import SyncWorkflow
from tenant_isolation.template_statements import UnsafeTemplateError
from tenant_isolation.tenant_api import AdminApi, ApiDefaults, ApiLogging, MemberApi, TenantApi
from tenant_isolation.tenant_authorizer import ActsIn, SharedTokens, TenantAuthorizer
from tenant_isolation.tenant_bucket import (
    AccessPointBucket,
    DocumentedBucket,
    PrefixBucket,
    SiloBuckets,
    TaggedBucket,
)
from tenant_isolation.tenant_dashboard import TenantDashboard
from tenant_isolation.tenant_devices import TenantDevices
from tenant_isolation.tenant_queue import TenantQueue
from tenant_isolation.tenant_statement import TENANT, TENANT_NAME, USER, TenantStatement
from tenant_isolation.tenant_table import TenantTable
from tenant_isolation.token_vendor import Purpose, TokenVendor

__all__ = [
    "LAMBDAS",
    "TENANCY",
    "TENANT",
    "TENANT_NAME",
    "USER",
    "Access",
    "AccessPointBucket",
    "ActsIn",
    "AdminApi",
    "Answer",
    "ApiDefaults",
    "ApiLogging",
    "ApplicationBus",
    "Base64",
    "BodyJson",
    "BodyText",
    "ContextText",
    "Directory",
    "DocumentedBucket",
    "Each",
    "Either",
    "EventSaga",
    "EventType",
    "Given",
    "Index",
    "IngestApi",
    "IsObject",
    "Joined",
    "JsonText",
    "Matches",
    "MemberApi",
    "NextPage",
    "Not",
    "PageCursor",
    "Parameter",
    "PathText",
    "PrefixBucket",
    "Purpose",
    "QueryText",
    "Route",
    "SagaEmission",
    "SagaTask",
    "Schema",
    "ServiceAction",
    "ServiceError",
    "ServiceIntegration",
    "ServiceReply",
    "SharedTokens",
    "SiloBuckets",
    "SyncWorkflow",
    "TaggedBucket",
    "TenantApi",
    "TenantAuthorizer",
    "TenantDashboard",
    "TenantDevices",
    "TenantLimit",
    "TenantQueue",
    "TenantStatement",
    "TenantTable",
    "TokenVendor",
    "UnsafeTemplateError",
    "When",
    "WholeNumber",
    "dead_letter_queue",
    "form_template",
    "reply_template",
    "request_template",
]
