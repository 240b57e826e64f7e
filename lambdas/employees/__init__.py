"""The employees of a tenant: the smallest example of vended credentials."""
