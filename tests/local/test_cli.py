"""`python -m tenantry.local`."""

from pathlib import Path

import pytest

from tenantry.local import mail
from tenantry.local.cli import main
from tenantry.local.cloud import LocalCloud
from tests.local.emulator import Emulator


def _run(cloud: LocalCloud, *arguments: str) -> int:
    return main(["--state", str(cloud.folder.root), *arguments])


def test_every_command_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for command in ("up", "stop", "down", "status", "logs", "mail"):
        assert f"    {command} " in said


def test_status_says_where_it_runs(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(cloud, "status") == 0
    assert cloud.endpoint in capsys.readouterr().out


def test_status_of_a_stopped_one_says_how_to_start_it(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--state", str(tmp_path_factory.mktemp("none")), "status"]) == 1
    assert "make up" in capsys.readouterr().out


def test_up_finds_it_running(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(cloud, "up", "--no-deploy") == 0
    assert "is running at" in capsys.readouterr().out


def test_mail_prints_the_latest_message(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    mail.send(cloud.folder, mail.Message(to="ann@example.com", subject="Hello", body="Your code is 123"))
    assert _run(cloud, "mail", "ann@example.com") == 0
    assert "Your code is 123" in capsys.readouterr().out
    assert _run(cloud, "mail", "nobody@example.com") == 1
    assert "Nothing was sent to nobody@example.com" in capsys.readouterr().err


def test_logs_prints_a_functions_log(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    function = emulator.function("def handler(event, context): print('said', event)")
    emulator.invoke(function, event="hello")
    assert _run(emulator.cloud, "logs", function.rsplit(":", 1)[1]) == 0
    assert "said hello" in capsys.readouterr().out
    assert _run(emulator.cloud, "logs", "no-such-group") == 1


def test_logs_prints_the_emulators_log(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(cloud, "logs", "-n", "3") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_other_commands_refuse_what_they_do_not_know(cloud: LocalCloud) -> None:
    with pytest.raises(SystemExit):
        _run(cloud, "status", "--fast")


def test_up_without_an_app_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["up"]) == 1
    said = capsys.readouterr().err
    assert f"There is no cdk.json in {tmp_path}" in said
    assert "--project DIR" in said
    assert list(tmp_path.iterdir()) == []


def test_project_names_the_app_and_its_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = tmp_path / "app"
    (app / "inside").mkdir(parents=True)
    (app / "cdk.json").write_text("{}")
    (app / ".local").mkdir()
    (app / ".local" / "outputs.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert main(["down", "--project", "app/inside"]) == 0
    assert "its state is deleted" in capsys.readouterr().out
    assert not (app / ".local" / "outputs.json").exists()
