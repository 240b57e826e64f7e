"""The hands-on of the document on S3, word for word: `docs/hands-on-s3.sh` against the local cloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.synthesized import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.local.cloud import LocalCloud

_SCRIPT: Final = ROOT / "docs" / "hands-on-s3.sh"
_PAGE: Final = ROOT / "docs" / "storage.md"
_COMMAND: Final = re.compile(r"<<'COMMAND'\n(.*?)\nCOMMAND\n", re.DOTALL)

# The document's commands, as it prints them.
_HEADER: Final = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"
_PUBLISHED: Final = [
    f"TNTAUSR1={_HEADER}.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIxIn0.jAqNXRPDPR1U4VrLb6yubV8022JfzKoRpStriQhJRXA",
    f"TNTAUSR2={_HEADER}.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRhIiwidXNlcl9pZCI6InVzZXIyIn0.E38IhJBzBodP3qDbTbITy8QKJrksBvMVDJqIgc2ttsE",
    f"TNTBUSR1={_HEADER}.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIxIn0.4LtIpnzICGlxf8QrQxIyMAVHzzfNb4RnBldxVnFIBZY",
    f"TNTBUSR2={_HEADER}.eyJ0ZW5hbnRfaWQiOiJ0ZW5hbnRiIiwidXNlcl9pZCI6InVzZXIyIn0.1Z12kKN5sRTWfQF2iab0-DNEonjC5y4ziFrPIusaU7g",
]
_NEW_TOKENS: Final = [
    f"""{variable}=$(curl -X GET ${{APIGTW_BASE_URL}}/token \\
-H "Content-Type: application/json" \\
-H "x-tenant-id: {tenant}" \\
-H "x-user-id: {user}" \\
| jq -r '.result.token') && \\
echo ${variable} && \\
echo "{tenant}/{user}: ${variable}" >> output.txt"""
    for variable, tenant, user in [
        ("TNTAUSR1", "tenanta", "user1"),
        ("TNTAUSR2", "tenanta", "user2"),
        ("TNTBUSR1", "tenantb", "user1"),
        ("TNTBUSR2", "tenantb", "user2"),
    ]
]
_BODIES: Final = {
    "TNTAUSR1": r'{"key": "movies.txt", "value": "Oscar, Golden Globe"}',
    "TNTAUSR2": r'{"key": "music.txt", "value": "Grammys, MTV Music awards"}',
    "TNTBUSR1": r'{"key": "basketball.txt", "value": "Larry O\" Brien NBA Championship Trophy"}',
    "TNTBUSR2": r'{"key": "golf.txt", "value": "The Wanamaker Trophy"}',
}
_PARTITIONS: Final = ["bucket", "prefix", "tag", "access_point", "db_nosql"]


def _put(partition: str, variable: str) -> str:
    return f"""curl -X PUT ${{APIGTW_BASE_URL}}/object?partition={partition} \\
-H "Content-Type: application/json" \\
-H "x-token: ${{{variable}}}" \\
-d '{_BODIES[variable]}' \\
| jq -r '.status'"""


def _get(partition: str, variable: str) -> str:
    return f"""curl -X GET ${{APIGTW_BASE_URL}}/object?partition={partition} \\
-H "Content-Type: application/json" \\
-H "x-token: ${{{variable}}}" \\
| jq -r '.result'"""


_OBJECTS: Final = [
    command(partition, variable) for partition in _PARTITIONS for command in (_put, _get) for variable in _BODIES
]
# What it says they answer.
_ANSWERS: Final[list[Any]] = [
    *(["Created"] * 4),
    *(["movies.txt"], ["music.txt"], ["basketball.txt"], ["golf.txt"]),
] * len(_PARTITIONS)

# What of jq the document uses.
_JQ: Final = f"""#!{sys.executable}
import json, sys
option, path = sys.argv[1:]
value = json.load(sys.stdin)
for name in filter(None, path.split(".")):
    value = value[name] if value else None
print(value if option == "-r" and isinstance(value, str) else json.dumps(value, indent=2))
"""


def _shim(folder: Path) -> Path:
    jq = folder / "jq"
    jq.write_text(_JQ)
    jq.chmod(0o755)
    return jq


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a search path on which there is some jq."""
    if not shutil.which("jq"):
        _shim(tmp_path)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def _run(*options: str, url: str, cloud: LocalCloud, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_SCRIPT), *options],
        env={"PATH": path, "APIGTW_BASE_URL": url, "CURL_CA_BUNDLE": str(cloud.ca_bundle)},
        capture_output=True,
        text=True,
        check=False,
    )


def _answers(output: str, commands: list[str]) -> list[str]:
    """Return what was printed after each command."""
    answers = []
    for command in commands:
        _, found, output = output.partition(f"\n{command}\n")
        assert found, command
        answers.append(f"\n{output}".partition("\n\n")[0].strip())  # an empty line is before the next one
    return answers


def test_script_has_exactly_the_documented_commands() -> None:
    assert _COMMAND.findall(_SCRIPT.read_text()) == [*_PUBLISHED, *_NEW_TOKENS, *_OBJECTS]


@pytest.mark.parametrize(("options", "tokens"), [([], []), (["--new-tokens"], _NEW_TOKENS)])
def test_hands_on_output_matches_the_document(
    deployed: LocalCloud, path: str, options: list[str], tokens: list[str]
) -> None:
    done = _run(*options, url=deployed.output("StorageApiUrl"), cloud=deployed, path=path)

    assert done.returncode == 0, done.stderr
    first = len(_PUBLISHED) + len(tokens)
    answers = _answers(done.stdout, [*_PUBLISHED, *tokens, *_OBJECTS])
    assert [answer.count(".") for answer in answers[:first]] == [0] * len(_PUBLISHED) + [2] * len(tokens)
    assert [json.loads(text) if text.startswith("[") else text for text in answers[first:]] == _ANSWERS


def test_objects_are_at_the_documented_places(deployed: LocalCloud, path: str) -> None:
    session = deployed.session()
    account = session.client("sts").get_caller_identity()["Account"]
    assert _run(url=deployed.output("StorageApiUrl"), cloud=deployed, path=path).returncode == 0

    places = {
        "tenanta": "user1/movies.txt",
        "tenantb": "user2/golf.txt",
        **dict.fromkeys(["prefix", "tag", "dbns"], "tenantb/user1/basketball.txt"),
    }
    for name, key in places.items():
        found = session.client("s3").get_object(Bucket=f"aws-saas-s3-{name}-{account}", Key=key)
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_commands_from_the_page_work(deployed: LocalCloud, path: str) -> None:
    (pasted,) = re.findall(r"```sh\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    variables = {"STORAGE_API_URL": deployed.output("StorageApiUrl"), "CURL_CA_BUNDLE": str(deployed.ca_bundle)}

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", pasted],  # noqa: S607 - whichever the reader has
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=True,
    )

    stored, listed, read = (json.loads(reply) for reply in done.stdout.replace("}{", "}\n{").splitlines())
    assert stored == {"status": "Created", "result": {"key": "2026/oscars/best.txt"}}
    assert "2026/oscars/best.txt" in listed["result"]
    assert read == {"status": "OK", "result": 'It\'s "the" one 🏆'}


def test_script_stops_at_the_first_unexpected_reply(deployed: LocalCloud, path: str) -> None:
    done = _run(url=deployed.output("TenantApiUrl"), cloud=deployed, path=path)

    assert done.returncode == 1
    assert "Expected Created." in done.stderr
    assert done.stdout.count("curl ") == 1


def test_script_stops_when_unreachable(deployed: LocalCloud, path: str) -> None:
    done = _run(url="https://127.0.0.1:1", cloud=deployed, path=path)

    assert done.returncode == 1
    assert "curl: (7)" in done.stderr


def test_script_names_missing_settings(deployed: LocalCloud, path: str, tmp_path: Path) -> None:
    only_curl = tmp_path / "bin"
    only_curl.mkdir()
    for program in ("bash", "curl"):
        (only_curl / program).symlink_to(shutil.which(program) or "")

    without_jq = _run(url="x", cloud=deployed, path=str(only_curl))
    without_url = _run(url="", cloud=deployed, path=path)

    assert (without_jq.returncode, without_url.returncode) == (2, 2)
    assert "jq is missing. Install it" in without_jq.stderr
    assert "APIGTW_BASE_URL" in without_url.stderr


def test_jq_shim_supports_the_used_filters(tmp_path: Path) -> None:
    given = {"result": {"token": "abc", "keys": ["a"]}, "status": None}

    def ask(question: str) -> str:
        command = [str(_shim(tmp_path)), "-r", question]
        return subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True).stdout

    assert ask(".result.token") == "abc\n"
    assert ask(".result.keys") == '[\n  "a"\n]\n'
    assert ask(".status") == "null\n"
