"""Sets the status of many parks at once, in the tenant of when that was asked for."""
