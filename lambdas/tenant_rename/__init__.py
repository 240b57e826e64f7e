"""PUT /tenant/{tenantId}."""
