"""What a tenant's server is called, here and in AWS IoT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.model.identifiers import InvalidIdentifierError, tenant_id
from tenantry.operate.commands import CommandError

if TYPE_CHECKING:
    from tenantry.model.identifiers import TenantId

_SERVER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# No id, server or application holds one, so no two servers share a thing.
_BETWEEN: Final = ":"


class DeviceCommandError(CommandError):
    """It was not done; the message says why, and what to do instead."""


def checked_tenant(tenant: str) -> TenantId:
    """Return a tenant's id.

    Raises
    ------
    DeviceCommandError
        It is none, or reserved.
    """
    try:
        return tenant_id(tenant)
    except InvalidIdentifierError:
        raise DeviceCommandError(
            f"{tenant!r} is not a tenant id: use 3 to 38 letters, digits and hyphens, a letter or a digit first "
            "and last, and no reserved word."
        ) from None


@dataclass(frozen=True)
class Server:
    """A server of a tenant.

    Attributes
    ----------
    tenant
        Whose server it is; this is the type of its thing.
    name
        Its name among that tenant's servers.
    """

    tenant: TenantId
    name: str

    @classmethod
    def named(cls, tenant: str, name: str) -> Server:
        """Return the server of that name.

        Raises
        ------
        DeviceCommandError
            The tenant's id or the server's name is none.
        """
        checked = checked_tenant(tenant)
        if not _SERVER.fullmatch(name):
            raise DeviceCommandError(
                f"{name!r} is not a server name: use 1 to 64 letters, digits, hyphens and underscores, "
                "a letter or a digit first."
            )
        return cls(checked, name)

    @classmethod
    def of_thing(cls, app: str, thing: str, kind: str | None) -> Server | None:
        """Return the server that a thing stands for; None if it is something else's."""
        parts = thing.split(_BETWEEN)
        if len(parts) != 3 or parts[0] != app or parts[1] != kind:  # noqa: PLR2004 - application, tenant, server
            return None
        try:
            return cls.named(parts[1], parts[2])
        except DeviceCommandError:
            return None

    def thing(self, app: str) -> str:
        """Return the name of its thing; things of all applications of an account share one space of names."""
        return _BETWEEN.join((app, self.tenant, self.name))
