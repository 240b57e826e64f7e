"""REST APIs whose every route is authorized, and the authorizer that decides by the directory."""

from tenantry.isolation.api.authorizer import ActsIn, SharedTokens, TenantAuthorizer
from tenantry.isolation.api.directory import Directory
from tenantry.isolation.api.route import Access, Route
from tenantry.isolation.api.tenant_api import AdminApi, ApiDefaults, ApiLogging, MemberApi, TenantApi
from tenantry.isolation.api.tenant_dashboard import TenantDashboard
from tenantry.isolation.documentation import Answer, Parameter, Schema

__all__ = [
    "Access",
    "ActsIn",
    "AdminApi",
    "Answer",
    "ApiDefaults",
    "ApiLogging",
    "Directory",
    "MemberApi",
    "Parameter",
    "Route",
    "Schema",
    "SharedTokens",
    "TenantApi",
    "TenantAuthorizer",
    "TenantDashboard",
]
