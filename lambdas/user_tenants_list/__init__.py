"""GET /tenants/{userId} of the tenant API."""
