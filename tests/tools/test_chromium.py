"""Chromium for the dashboard's tests: found, installed, or reported as missing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tools import chromium

if TYPE_CHECKING:
    from pathlib import Path

_WORKS = "#!/bin/sh\nexit 0\n"
_FAILS = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of `PATH`, on a machine without Chromium whose download fails."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(sys, "executable", str(_script(folder, "python", _FAILS)))
    return folder


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_chosen_browser_comes_first(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _script(bin_folder, "chromium", _WORKS)
    chosen = _script(tmp_path, "chosen", _WORKS)
    monkeypatch.setenv("CHROMIUM", str(chosen))

    assert chromium.find() == str(chosen)


def test_chosen_browser_that_does_not_start_is_not_replaced(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _script(bin_folder, "chromium", _WORKS)
    monkeypatch.setenv("CHROMIUM", str(bin_folder / "gone"))

    assert chromium.find() is None
    assert chromium.main() == 1
    assert chromium.REMEDY in capsys.readouterr().err


def test_browser_that_does_not_start_is_passed_by(bin_folder: Path) -> None:
    _script(bin_folder, "chromium", _FAILS)
    second = _script(bin_folder, "google-chrome", _WORKS)

    assert chromium.find() == str(second)


@pytest.mark.parametrize("user", [0, 1000])
def test_package_is_installed_if_the_download_fails(
    bin_folder: Path, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    made = bin_folder / "chromium"
    _script(bin_folder, "sh", f'#!/bin/sh\nPATH=/bin:/usr/bin; case "$2" in *"install"*) ;; *) exit 1 ;; esac\n'
                              f"printf '#!/bin/sh\\n' > {made}; chmod +x {made}\n")  # fmt: skip
    _script(bin_folder, "true", _WORKS)
    _script(bin_folder, "apt-get", _WORKS)
    _script(bin_folder, "sudo", '#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nexec "$@"\n')

    assert chromium.main() == 0
    assert chromium.find() == str(made)


@pytest.mark.parametrize("present", [[], ["apt-get"], ["apt-get", "sudo"]])
def test_without_a_way_to_install_it_says_how(
    bin_folder: Path, present: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither as another user than root, nor where sudo asks for a password."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for name in present:
        _script(bin_folder, name, _FAILS)

    assert chromium.main() == 1
    assert chromium.REMEDY in capsys.readouterr().err
