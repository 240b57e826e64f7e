"""A machine on which Flink's Python cannot be had: all else is of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.local import streaming

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tenantry.local.cloud import LocalCloud


@pytest.fixture
def stopped(deployed: LocalCloud) -> Iterator[LocalCloud]:
    """Return the deployed system with its streaming application stopped, and start it again."""
    streaming.stop_all(deployed.session(), deployed.outputs)
    yield deployed
    streaming.start_all(deployed.session(), deployed.outputs)
    assert streaming.is_running(deployed.session(), deployed.outputs)


def test_all_else_is_deployed_and_a_note_says_how_to_get_it(
    stopped: LocalCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as no_python:
        no_python.setenv("XDG_CACHE_HOME", str(tmp_path))
        no_python.setenv("UV_PYTHON_PREFERENCE", "only-managed")
        no_python.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
        no_python.setenv("UV_PYTHON_DOWNLOADS", "never")
        for _ in range(2):
            streaming.start_all(stopped.session(), stopped.outputs)

            said = capsys.readouterr().out
            assert "Apache Flink" in said
            assert "uv python install 3.11" in said
            assert "make up" in said
            assert not streaming.is_running(stopped.session(), stopped.outputs)
