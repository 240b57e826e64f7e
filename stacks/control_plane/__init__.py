"""Users, tenants, membership, and what operators do with them."""
