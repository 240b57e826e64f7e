"""Updates many parks asynchronously, in the tenant that the request was made in."""
