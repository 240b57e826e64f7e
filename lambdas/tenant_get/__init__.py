"""GET /tenant/{tenantId}."""
