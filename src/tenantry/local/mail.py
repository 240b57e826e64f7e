"""The mail that the local cloud sends: one file a message, which only the operator can read.

Nothing leaves the machine, and no request can ask for it: on AWS, too, only the addressee gets the message.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tenantry.local.settings import StateFolder, read_fields, write_private


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to one address.

    Attributes
    ----------
    code
        The code in the body, when it has one.
    """

    to: str
    subject: str
    body: str
    code: str = ""


def send(folder: StateFolder, message: Message) -> None:
    """Write a message for its recipient, which replaces the previous one."""
    write_private(_path(folder, message.to), json.dumps(asdict(message)))


def latest(folder: StateFolder, address: str) -> Message | None:
    """Return the latest message to an address, if there is one."""
    stored = read_fields(_path(folder, address), to=str, subject=str, body=str, code=str)
    return Message(**stored) if stored else None


def _path(folder: StateFolder, address: str) -> Path:
    # An address may hold any character; its digest is a file name.
    return folder.mail / f"{hashlib.sha256(address.strip().lower().encode()).hexdigest()[:32]}.json"
