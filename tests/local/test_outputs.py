"""`outputs.json` and `env`."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tenantry.local import outputs
from tenantry.local.settings import RootKey

_ENDPOINT = "https://127.0.0.1:4600"
_PAGE = "http://127.0.0.1:4601"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "https://abc123.execute-api.us-east-1.amazonaws.com/prod/",
            f"{_ENDPOINT}/_aws/execute-api/abc123/prod",
        ),
        ("https://abc123.execute-api.us-east-1.amazonaws.com/prod", f"{_ENDPOINT}/_aws/execute-api/abc123/prod"),
        ("https://d1abcdefghijkl.cloudfront.net", _PAGE),
        ("https://d1abcdefghijkl.cloudfront.net/", _PAGE),
        ("https://app.example.com", "https://app.example.com"),
        ("https://localhost:4600/000000000000/queue", f"{_ENDPOINT}/000000000000/queue"),
        ("https://example.com/page/", "https://example.com/page"),
        ("arn:aws:s3:::bucket/", "arn:aws:s3:::bucket/"),
        ("tenantry-users", "tenantry-users"),
    ],
)
def test_a_url_answers_on_this_machine_and_has_no_last_slash(value: str, expected: str) -> None:
    assert outputs.local({"stack": {"name": value}}, _ENDPOINT, _PAGE) == {"stack": {"name": expected}}


def test_outputs_become_shell_variables() -> None:
    found = outputs.shell_variables({"a": {"TenantApiUrl": "u", "Other": "x"}, "b": {"UserPoolId": "p"}})
    assert found == {"APP_NAME": "tenantry", "TENANT_API_URL": "u", "USER_POOL_ID": "p"}


def test_the_app_name_is_read_from_the_outputs() -> None:
    assert outputs.shell_variables({"a": {"AppName": "acme"}}) == {"APP_NAME": "acme"}


def test_a_shell_reads_back_what_was_written(tmp_path: Path) -> None:
    root = RootKey(access_key_id="AKIA", secret_access_key="it's a $ecret")
    path = tmp_path / "env"
    outputs.write_env(path, outputs.connection(_ENDPOINT, root, tmp_path / "with space" / "ca.pem"))
    script = f'export AWS_PROFILE=other; . "{path}"; echo "$AWS_SECRET_ACCESS_KEY|$CURL_CA_BUNDLE|$AWS_PROFILE"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout  # noqa: S607
    assert said == f"it's a $ecret|{tmp_path}/with space/ca.pem|\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _of_make(folder: Path) -> str:
    """Return the machines that a command of the Makefile asks no proxy for."""
    (folder / "Makefile").write_text(
        f'include {Path.cwd() / "Makefile"}\nshow:\n\t@echo "$${{no_proxy:-$$NO_PROXY}}"\n'
    )
    command = ["make", "--silent", "--file", str(folder / "Makefile"), "show"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "intranet.example"}, "127.0.0.1,localhost,intranet.example"),
        ({"NO_PROXY": "a.example", "no_proxy": "b.example"}, "127.0.0.1,localhost,b.example"),
        ({"NO_PROXY": "localhost, a.example,127.0.0.1"}, "127.0.0.1,localhost,a.example"),
        ({"no_proxy": "*"}, "*"),
        ({"no_proxy": "a.example,*"}, "127.0.0.1,localhost,a.example,*"),
    ],
)
def test_a_proxy_is_asked_for_other_machines_only(
    shell: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)

    found = outputs.connection(_ENDPOINT, RootKey(access_key_id="AKIA", secret_access_key="secret"), tmp_path)

    assert found["NO_PROXY"] == found["no_proxy"] == expected
    if shutil.which("make"):
        assert _of_make(tmp_path) == expected
