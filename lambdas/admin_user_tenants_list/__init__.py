"""GET /tenants/{userId} of the tenant admin API."""
