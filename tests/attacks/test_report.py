"""The report of a run: exit status, counts, terminal, page, JSON."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from rich.console import Console

from tenantry.attacks import terminal, threats
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.page import page
from tenantry.attacks.registry import Attack
from tenantry.attacks.report import EXIT_BREACHED, EXIT_HELD, EXIT_INCONCLUSIVE, Attempt, Report, Tally
from tenantry.attacks.threats import Heading

HOSTILE = "<script>alert('x')</script>\" onmouseover=\"alert(1) [bold]markup[/bold] [/red]"


def _attempt(
    name: str, outcome: Outcome, *, surface: str = "parks", threat: threats.Threat = threats.NO_TOKEN
) -> Attempt:
    attack = Attack(
        id=f"{surface}-{name}",
        surface=surface,
        threat=threat,
        tries=f"Try {name}.",
        must=f"Fail at {name}.",
        run=lambda _: outcome,
    )
    return Attempt(attack=attack, outcome=outcome, seconds=0.25)


def _report(*attempts: Attempt, left_behind: tuple[str, ...] = ()) -> Report:
    return Report(
        target="local",
        run="tenantry-attack-test",
        started=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        seconds=12.3,
        attempts=attempts,
        left_behind=left_behind,
    )


@pytest.fixture
def mixed() -> Report:
    return _report(
        _attempt("one", held("403")),
        _attempt("two", breached(HOSTILE)),
        _attempt("three", inconclusive("it did not answer"), surface="queue", threat=threats.SECRETS_SHOWN),
        _attempt("four", held("403"), surface="queue"),
        left_behind=("the user u-1 (ClientError: no)",),
    )


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([held("")], EXIT_HELD),
        ([held(""), breached("")], EXIT_BREACHED),
        ([held(""), inconclusive("")], EXIT_INCONCLUSIVE),
        ([inconclusive(""), breached("")], EXIT_BREACHED),
        ([], EXIT_INCONCLUSIVE),  # nothing tried, nothing proved
    ],
)
def test_exit_status(outcomes: list[Outcome], code: int) -> None:
    assert _report(*(_attempt(str(n), outcome) for n, outcome in enumerate(outcomes))).exit_code == code


def test_tally_counts_by_surface_and_heading(mixed: Report) -> None:
    assert str(mixed.tally()) == "2/4"
    assert str(mixed.tally("parks")) == "1/2"
    assert str(mixed.tally("queue", Heading.LEAKS)) == "0/1"
    assert mixed.tally("parks", Heading.LEAKS) is None


def test_tally_has_the_worst_result(mixed: Report) -> None:
    results = {surface: tally.worst for surface in mixed.surfaces if isinstance(tally := mixed.tally(surface), Tally)}
    assert {surface: result.value for surface, result in results.items()} == {
        "parks": "breached",
        "queue": "inconclusive",
    }


def _shown(report: Report) -> str:
    screen = io.StringIO()
    terminal.show(report, Console(file=screen, width=200, color_system=None))
    return screen.getvalue()


def test_terminal_shows_counts_and_failures(mixed: Report) -> None:
    shown = _shown(mixed)
    assert re.search(r"parks\s+│\s+1/2 │\s+- │ 1/2", shown), shown
    assert re.search(r"All\s+│\s+2/3 │\s+0/1 │ 2/4", shown), shown
    assert "BREACHED parks-two: " + HOSTILE in shown
    assert "INCONCLUSIVE queue-three: it did not answer" in shown
    assert "parks-one" not in shown
    assert "Left behind: the user u-1" in shown
    assert "2 of 4 attacks on 'local' held, 1 got through, 1 proved nothing, in 12 seconds." in shown


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def test_page_escapes_hostile_text(mixed: Report) -> None:
    reader = _read(page(mixed))
    assert HOSTILE in "".join(reader.texts)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)


def test_page_is_self_contained(mixed: Report) -> None:
    html = page(mixed)
    reader = _read(html)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in reader.tags}
    assert not any({"src", "srcset"} & set(attributes) for _, attributes in reader.tags)
    assert all(
        attributes["href"] and attributes["href"].startswith("#") for tag, attributes in reader.tags if tag == "a"
    )
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_page_shows_each_attack_in_full(mixed: Report) -> None:
    text = "".join(_read(page(mixed)).texts)
    for attempt in mixed.attempts:
        for told in (attempt.attack.id, attempt.attack.tries, attempt.attack.must, attempt.outcome.observed):
            assert told in text


def test_page_opens_failures(mixed: Report) -> None:
    opened = ["open" in attributes for tag, attributes in _read(page(mixed)).tags if tag == "details"]
    assert opened == [True, False, True, False]


def test_page_is_accessible(mixed: Report) -> None:
    html = page(mixed)
    tags = _read(html).tags
    assert ("html", {"lang": "en"}) in tags
    assert "caption" in {tag for tag, _ in tags}
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    assert "✗ Breached" in html
    assert "? Inconclusive" in html
    assert "color-scheme: light dark" in html


def test_json_holds_everything(mixed: Report) -> None:
    told = json.loads(mixed.to_json())
    assert told["exitCode"] == EXIT_BREACHED
    assert told["count"] == {"held": 2, "breached": 1, "inconclusive": 1}
    assert [attack["result"] for attack in told["attacks"]] == ["held", "breached", "inconclusive", "held"]
    assert told["attacks"][1]["observed"] == HOSTILE


def test_page_marks_code_and_escapes_hostile_code() -> None:
    told = _attempt("one", held("`<b>seen</b>`"))
    html = page(_report(Attempt(attack=replace(told.attack, tries="Send `<i>`."), outcome=told.outcome, seconds=0)))
    assert "Send <code>&lt;i&gt;</code>." in html
    assert "`&lt;b&gt;seen&lt;/b&gt;`" in html
