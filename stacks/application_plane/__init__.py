"""What tenants work with."""
