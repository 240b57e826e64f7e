"""Who this server is: the folder that `tenantry devices issue` has written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.ingest_client.errors import DeviceError

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "device.json"
_REQUIRED: Final = (
    "tenant",
    "server",
    "thing",
    "certificate",
    "private_key",
    "credentials_endpoint",
    "role_alias",
    "api_url",
    "region",
)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A server of a tenant.

    Attributes
    ----------
    tenant, server
        Whose server it is, and its name there.
    thing
        Its name in AWS IoT.
    certificate, private_key
        Files with its certificate and the key of that.
    credentials_endpoint, role_alias
        Where, and for which role, the certificate is exchanged for credentials.
    api_url
        The ingest API with its stage, without a closing slash.
    region
        The region of both.
    ca_bundle
        File with the authorities to trust; None for the usual ones.
    api_key
        The tenant's key to its part of the API's rate, where there is one.
    """

    tenant: str
    server: str
    thing: str
    certificate: Path
    private_key: Path
    credentials_endpoint: str
    role_alias: str
    api_url: str
    region: str
    ca_bundle: Path | None = None
    api_key: str | None = field(default=None, repr=False)

    @classmethod
    def load(cls, folder: Path) -> Device:
        """Read the folder.

        Raises
        ------
        DeviceError
            It holds no device, or not all of one.
        """
        path = folder / FILE
        try:
            content = json.loads(path.read_text())
        except FileNotFoundError:
            raise DeviceError(f"{folder} holds no {FILE}: is it a folder of `tenantry devices issue`?") from None
        except (OSError, ValueError) as error:
            raise DeviceError(f"{path} cannot be read: {error}") from error
        return cls._of(folder, path, content if isinstance(content, dict) else {})

    @classmethod
    def _of(cls, folder: Path, path: Path, content: dict[str, Any]) -> Device:
        if missing := [name for name in _REQUIRED if not isinstance(content.get(name), str) or not content[name]]:
            raise DeviceError(f"{path} lacks {', '.join(missing)}. Issue a certificate anew, or repair the file.")
        known = {name: content[name] for name in _REQUIRED}
        known |= {name: folder / known[name] for name in ("certificate", "private_key")}
        ca_bundle, api_key = content.get("ca_bundle"), content.get("api_key")
        return cls(**known, ca_bundle=folder / ca_bundle if ca_bundle else None, api_key=api_key or None)

    @property
    def credentials_url(self) -> str:
        """Where its certificate is exchanged for credentials."""
        return f"https://{self.credentials_endpoint}/role-aliases/{self.role_alias}/credentials"

    @property
    def verify(self) -> str | bool:
        """What `requests` is to check the other side's certificate by."""
        return str(self.ca_bundle) if self.ca_bundle else True
