"""The authorizer that asks the database, for users of many tenants."""
