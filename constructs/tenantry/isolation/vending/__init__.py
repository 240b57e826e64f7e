"""Credentials that reach one tenant's data, and what they may do."""

from tenantry.isolation.vending.tenant_statement import TenantStatement
from tenantry.isolation.vending.token_vendor import Purpose, TokenVendor
from tenantry.model.placeholders import TENANT, TENANT_NAME, USER

__all__ = ["TENANT", "TENANT_NAME", "USER", "Purpose", "TenantStatement", "TokenVendor"]
