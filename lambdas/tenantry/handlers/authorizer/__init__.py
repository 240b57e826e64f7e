"""The authorizer of the tenant APIs."""
