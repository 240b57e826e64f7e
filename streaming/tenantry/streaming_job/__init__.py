"""The streaming application: tenants' records from one stream into one partition of the lake a tenant."""
