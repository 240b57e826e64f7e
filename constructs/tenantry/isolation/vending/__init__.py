"""Credentials that reach one tenant's data, and what they may do."""

from tenantry.isolation.vending.tenant_statement import TENANT, TENANT_NAME, USER, TenantStatement
from tenantry.isolation.vending.token_vendor import Purpose, TokenVendor

__all__ = ["TENANT", "TENANT_NAME", "USER", "Purpose", "TenantStatement", "TokenVendor"]
