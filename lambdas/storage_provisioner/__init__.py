"""Makes a tenant's own bucket and access point."""
