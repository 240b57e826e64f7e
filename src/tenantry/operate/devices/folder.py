"""The folder that a server gets: its key, its certificate, and where to go with them."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry.ingest_client.device import FILE
from tenantry.operate.devices.names import DeviceCommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.operate.devices.keys import KeyPair

_AUTHORITY: Final = "ca.pem"


class DeviceFolder:
    """A server's folder; all that is written into it is for its owner's eyes only.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_taken(self) -> bool:
        """Whether it is a server's already."""
        return (self.path / FILE).exists()

    def read(self) -> dict[str, Any]:
        """Return what the folder says of its server.

        Raises
        ------
        DeviceCommandError
            It says nothing that can be understood.
        """
        try:
            content = json.loads((self.path / FILE).read_text())
        except (OSError, ValueError) as error:
            raise DeviceCommandError(f"{self.path / FILE} cannot be read: {error}") from error
        if not isinstance(content, dict) or not all(isinstance(content.get(key), str) for key in ("tenant", "server")):
            raise DeviceCommandError(
                f"{self.path / FILE} has no valid thing, tenant or server. Issue the certificate again."
            )
        return content

    def keep(self, pair: KeyPair, certificate: str) -> tuple[str, str]:
        """Write a key and its certificate beside those that are there, and return the names of their files."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = secrets.token_hex(4)
        names = f"certificate-{mark}.pem", f"private-key-{mark}.pem"
        for name, text in zip(names, (certificate, pair.private_key), strict=True):
            _write(self.path / name, text)
        return names

    def trust(self, bundle: str | None) -> str | None:
        """Copy the authorities to trust into the folder, if they are not the usual ones, and return the file's name."""
        if not bundle:
            return None
        _write(self.path / _AUTHORITY, Path(bundle).read_text())
        return _AUTHORITY

    def point(self, content: Mapping[str, str | None]) -> None:
        """Say, all at once, what the folder holds from now on."""
        _write(self.path / FILE, json.dumps(content, indent=2) + "\n")

    def undo(self, *names: str) -> None:
        """Delete files that were written in vain, and the folder if it is nobody's."""
        for name in names if self.is_taken else (*names, _AUTHORITY):
            (self.path / name).unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def drop_others(self, *names: str) -> None:
        """Delete the keys and certificates that are not among these files."""
        for pattern in ("certificate-*.pem", "private-key-*.pem"):
            for path in self.path.glob(pattern):
                if path.name not in names:
                    path.unlink()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, with mode 600 from its first moment on."""
    staging = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    staging.replace(path)
