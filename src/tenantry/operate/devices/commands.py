"""`tenantry devices`: what is asked of the terminal, and what it shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from tenantry.operate.commands import Commands, print_json
from tenantry.operate.devices.folder import DeviceFolder
from tenantry.operate.devices.lifecycle import Devices, Revoked
from tenantry.operate.devices.names import DeviceCommandError, Server
from tenantry.operate.devices.registry import ACTIVE, REVOKED

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from rich.console import Console, RenderableType

    from tenantry.operate.devices.registry import Certificate
    from tenantry.operate.environment import Environment

_FOLDER: Final = Path("devices")
_SHOWN_DIGITS: Final = 12
_COLOURS: Final = {ACTIVE: "green", REVOKED: "red"}
_ABOUT: Final = (
    "Issue, rotate, list and revoke the X.509 certificates of tenants' servers for the ingest API. "
    "A certificate is valid for one tenant only. See docs/ingestion.md."
)


def add(topic: argparse.ArgumentParser) -> None:
    """Add the topic's commands."""
    commands = Commands(topic, _ABOUT)
    issuing = commands.add(
        "issue",
        _issue,
        "issue a server's first certificate",
        "Create a private key on this machine, get a certificate for it, and write both with the client's "
        "settings to the server's folder. The key does not leave this machine.",
    )
    issuing.add_argument("tenant", help="the tenant's id")
    issuing.add_argument("server", help="a name for the server, unique within its tenant")
    issuing.add_argument(
        "--out", type=Path, metavar="DIR", help=f"the server's folder (default: {_FOLDER}/TENANT/SERVER)"
    )
    rotating = commands.add(
        "rotate",
        _rotate,
        "replace a server's certificate",
        "Write a new key and certificate to a server's folder, test them, and revoke the old ones after "
        "you confirm. A running client uses the new ones from its next credentials on.",
    )
    rotating.add_argument("folder", type=Path, help="the server's folder")
    rotating.add_argument("--yes", action="store_true", help="revoke the old certificate without asking")
    rotating.add_argument(
        "--finish", action="store_true", help="only revoke the old certificate of an earlier rotation"
    )
    listing = commands.add("list", _list, "list servers and their certificates")
    listing.add_argument("--tenant", metavar="ID", help="only servers of this tenant")
    listing.add_argument("--all", action="store_true", help="show revoked certificates as well")
    listing.add_argument("--json", action="store_true", help="print JSON, with full certificate ids")
    revoking = commands.add(
        "revoke",
        _revoke,
        "revoke certificates",
        "Revoke the certificates of a server, or of all servers of a tenant. This cannot be undone. "
        "Credentials issued before stay valid until they expire; the command prints when.",
    )
    revoking.add_argument("tenant", help="the tenant's id")
    revoking.add_argument("server", nargs="?", help="the server's name (default: all servers of the tenant)")
    revoking.add_argument("--certificate", metavar="ID", help="only the certificate whose id begins with this")
    revoking.add_argument("--yes", action="store_true", help="revoke without asking")


def _issue(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    server = Server.named(parsed.tenant, parsed.server)
    folder = DeviceFolder(parsed.out or _FOLDER / server.tenant / server.name)
    certificate = Devices(environment).issue(server, folder)
    console.print(Text(f"{server.name} of {server.tenant}: certificate {certificate.id[:_SHOWN_DIGITS]}", "green"))
    console.print(Text(f"In {folder.path}: private key, certificate and device.json. Keep them secret."))
    return 0


def _rotate(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    devices, folder = Devices(environment), DeviceFolder(parsed.folder)
    if not parsed.finish:
        server, certificate = devices.rotate(folder)
        console.print(
            Text(f"{server.name} of {server.tenant}: new certificate {certificate.id[:_SHOWN_DIGITS]}", "green")
        )
        console.print("The new certificate works, and the folder uses it. The old certificate is still valid.")
        if not (parsed.yes or _confirmed(console, "Revoke the old certificate now?")):
            console.print(
                Text(f"Once the server uses the new certificate, run: tenantry devices rotate {folder.path} --finish")
            )
            return 0
    _tell(devices.finish(folder), console)
    return 0


def _list(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    found = Devices(environment).listed(parsed.tenant)
    lines = [(server, one) for server, one in found if parsed.all or not (one and one.status == REVOKED)]
    if parsed.json:
        return print_json([_fields(*line) for line in lines])
    table = Table(title=f"Servers of '{parsed.env}'", title_justify="left")
    for column in ("Tenant", "Server", "Certificate", "Status", "Since", "Until"):
        table.add_column(column)
    for server, certificate in lines:
        shown: tuple[RenderableType, ...] = ("-", "-", "-", "-")
        if certificate:
            status = Text(certificate.status, _COLOURS.get(certificate.status, "yellow"))
            shown = (certificate.id[:_SHOWN_DIGITS], status, _day(certificate.created), _day(certificate.expires))
        table.add_row(server.tenant, server.name, *shown)
    console.print(table)
    return 0


def _revoke(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    devices = Devices(environment)
    chosen = devices.to_revoke(parsed.tenant, parsed.server, parsed.certificate)
    for server, certificate in chosen:
        console.print(
            Text(f"{server.tenant} {server.name} {certificate.id[:_SHOWN_DIGITS]} ({certificate.status.lower()})")
        )
    if not chosen:
        console.print("All these certificates are already revoked.")
        return 0
    if not parsed.yes and not _confirmed(console, "Revoke these certificates? This cannot be undone."):
        raise DeviceCommandError("Nothing was revoked: answer with y, or pass --yes.")
    _tell(devices.revoke(chosen), console)
    return 0


def _confirmed(console: Console, question: str) -> bool:
    """Ask, where somebody is there to answer."""
    return sys.stdin.isatty() and Confirm.ask(question, console=console, default=False)


def _tell(revoked: Revoked, console: Console) -> None:
    for server, certificate in revoked.certificates:
        console.print(Text(f"revoked  {server.tenant} {server.name} {certificate.id[:_SHOWN_DIGITS]}", style="green"))
    if not revoked.certificates:
        console.print("No certificate to revoke.")
        return
    console.print(
        Text(
            "It gets no more credentials. Those that it has got before may work until "
            f"{revoked.live_until:%H:%M:%S} UTC; docs/operations.md says how to end them at once.",
            style="yellow",
        )
    )


def _fields(server: Server, certificate: Certificate | None) -> dict[str, str | None]:
    return {
        "tenant": server.tenant,
        "server": server.name,
        "certificate": certificate.id if certificate else None,
        "status": certificate.status if certificate else None,
        "since": certificate.created.isoformat() if certificate else None,
        "until": certificate.expires.isoformat() if certificate and certificate.expires else None,
    }


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"
