"""Tenants' servers and their certificates: what `tenantry devices` does."""
