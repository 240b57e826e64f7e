"""State is saved whole, or the emulator says that it is not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenantry.local import saved_state
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import StateFolder


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.create()
    return made


def _app(folder: StateFolder, **services: Any) -> Any:  # noqa: ANN401 - as MiniStack's module
    """Return what has these services; like MiniStack, it goes on when a file cannot be written."""

    def save_all(states: dict[str, Any]) -> None:
        for name, get_state in states.items():
            if (state := get_state()) != "unwritable":
                (folder.saved / f"{name}.json").write_text(state)

    return SimpleNamespace(_build_persistence_save_dict=lambda: services, save_all=save_all)


def test_each_service_is_saved(folder: StateFolder) -> None:
    (folder.saved / "unused.json").write_text("earlier")
    saved_state.save(folder, _app(folder, s3=lambda: "buckets", sqs=lambda: "queues", unused=lambda: None))
    assert {path.name: path.read_text() for path in folder.saved.iterdir()} == {
        "s3.json": "buckets",
        "sqs.json": "queues",
        "unused.json": "earlier",
    }


def test_a_state_that_cannot_be_written_is_an_error_even_where_an_earlier_one_is(folder: StateFolder) -> None:
    (folder.saved / "s3.json").write_text("earlier")
    with pytest.raises(LocalCloudError, match="state of s3 cannot be saved"):
        saved_state.save(folder, _app(folder, s3=lambda: "unwritable"))


def test_a_state_that_cannot_be_read_is_an_error(folder: StateFolder) -> None:
    with pytest.raises(LocalCloudError, match="state of s3 cannot be saved: ZeroDivisionError"):
        saved_state.save(folder, _app(folder, s3=lambda: str(1 // 0)))
