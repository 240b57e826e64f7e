"""What `tenantry devices` refuses to do, or could not do."""

from __future__ import annotations


class DeviceCommandError(Exception):
    """It was not done; the message says why, and what to do instead."""
