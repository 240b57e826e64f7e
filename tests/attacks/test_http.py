"""Requests: sent exactly as written, shown without tokens."""

from __future__ import annotations

import pytest

from tenantry.attacks import http
from tenantry.attacks.accounts import tokens_of
from tenantry.attacks.http import Http, Reply, presentable
from tests.attacks import fakes


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2e/b", "/a%2Fb", "/a//b", "/a/b;c", "/a/%ZZ", "/a?x=%2F&y"])
def test_path_is_sent_as_written(path: str, server: fakes.Server) -> None:
    Http().send("GET", server.url + path)
    # urllib3 writes escapes in capitals, and a percent sign that begins none as %25: neither changes what is asked for.
    assert server.requests[0][1].lower().replace("%25zz", "%zz") == path.lower()


def test_netrc_is_ignored(
    server: fakes.Server, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Http().send("GET", server.url)
    assert "Authorization" not in server.requests[0][2]


def test_throttled_request_is_retried(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PATIENCE", (0, 0))
    server.replies = [(429, ""), (429, "")]
    assert Http().send("GET", server.url).status == 200
    assert len(server.requests) == 3


def test_retries_of_a_throttled_request_end(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_PATIENCE", (0,))
    server.replies = [(429, "")] * 5
    assert Http().send("GET", server.url).status == 429


def test_shown_text_holds_no_token() -> None:
    token = fakes.person("alice", "tenant-a").tokens.id
    assert presentable(f'{{"t": "{token}"}}') == '{"t": "(a token)"}'
    assert token not in str(Reply(200, token))
    assert len(presentable("x" * 10_000)) < 300


def test_tokens_are_recognized_by_their_signature() -> None:
    tokens = fakes.person("alice", "tenant-a").tokens
    assert tokens_of(tokens) == [tokens.id.split(".")[2], tokens.access.split(".")[2]]
