"""Names that two stacks must agree on without one importing the other."""

from __future__ import annotations


def admin_api_parameter(application: str) -> str:
    """Return the SSM parameter that holds the tenant admin API's address.

    The tenant stack writes it and the user stack's hook reads it at run time: that late binding is what keeps the
    two stacks from depending on each other in a circle (docs/adr/0003-late-binding.md).
    """
    return f"/{application}/tenant-admin-api-url"
