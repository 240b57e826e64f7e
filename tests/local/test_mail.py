"""The mail that the local cloud sends."""

import stat
from pathlib import Path

import pytest

from tenantry.local import mail
from tenantry.local.settings import StateFolder


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path)
    made.create()
    return made


def _message(body: str, to: str = "ann@example.com") -> mail.Message:
    return mail.Message(to=to, subject="Your code", body=body)


def test_the_latest_message_is_returned(folder: StateFolder) -> None:
    mail.send(folder, _message("first"))
    mail.send(folder, _message("second"))
    assert mail.latest(folder, "Ann@Example.com ") == _message("second")


def test_addresses_do_not_share_a_mailbox(folder: StateFolder) -> None:
    mail.send(folder, _message("for ann"))
    assert mail.latest(folder, "bob@example.com") is None


@pytest.mark.parametrize("address", ["../../root-key", "a/b@example.com", "ü" * 300])
def test_an_address_cannot_leave_the_mail_folder(folder: StateFolder, address: str) -> None:
    mail.send(folder, _message("hello", to=address))
    assert mail.latest(folder, address) == _message("hello", to=address)
    assert len(list(folder.mail.iterdir())) == 1


def test_messages_are_readable_by_their_owner_only(folder: StateFolder) -> None:
    mail.send(folder, _message("hello"))
    (path,) = folder.mail.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
