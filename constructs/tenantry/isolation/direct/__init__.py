"""Routes that API Gateway answers by calling an AWS service, without a function, for the tenant of the authorizer."""

from tenantry.isolation.direct.mapping_template import (
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
from tenantry.isolation.direct.page_cursor import NextPage, PageCursor
from tenantry.isolation.direct.service_integration import ServiceAction, ServiceError, ServiceIntegration, ServiceReply
from tenantry.isolation.direct.sync_workflow import SyncWorkflow
from tenantry.isolation.direct.template_statements import UnsafeTemplateError

__all__ = [
    "Base64",
    "BodyJson",
    "BodyText",
    "ContextText",
    "Each",
    "Either",
    "Given",
    "Index",
    "IsObject",
    "Joined",
    "JsonText",
    "Matches",
    "NextPage",
    "Not",
    "PageCursor",
    "PathText",
    "QueryText",
    "ServiceAction",
    "ServiceError",
    "ServiceIntegration",
    "ServiceReply",
    "SyncWorkflow",
    "UnsafeTemplateError",
    "When",
    "WholeNumber",
    "form_template",
    "reply_template",
    "request_template",
]
