"""A run as one web page that needs nothing else: no script, no font, no image from elsewhere."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final

from tenantry.attacks.outcome import AttackResult

if TYPE_CHECKING:
    from tenantry.attacks.report import Attempt, Report, Tally

# A mark beside each colour, since not everyone tells the colours apart.
_MARKS: Final = {AttackResult.HELD: "✓", AttackResult.BREACHED: "✗", AttackResult.INCONCLUSIVE: "?"}

_CODE: Final = re.compile("`([^`]+)`")
_STYLE: Final = """
:root { color-scheme: light dark;
  --ink: light-dark(#1c2330, #e6e9ef); --soft: light-dark(#566074, #a3adbf); --paper: light-dark(#f6f7f9, #12161d);
  --card: light-dark(#fff, #1a2029); --line: light-dark(#d9dee7, #303846);
  --held: light-dark(#116329, #57d97e); --held-bg: light-dark(#e3f6e8, #12301d);
  --breached: light-dark(#a40e26, #ff8f8f); --breached-bg: light-dark(#fde7e9, #431a1d);
  --inconclusive: light-dark(#7a4d00, #f0bd5a); --inconclusive-bg: light-dark(#fdf1d8, #3a2c0d); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.banner { border: 1px solid var(--line); border-left: .4rem solid; border-radius: .5rem; padding: .75rem 1rem;
  margin: 1.25rem 0; font-weight: 600; }
.held { color: var(--held); } .breached { color: var(--breached); } .inconclusive { color: var(--inconclusive); }
.banner.held, td.held, .badge.held { background: var(--held-bg); }
.banner.breached, td.breached, .badge.breached { background: var(--breached-bg); }
.banner.inconclusive, td.inconclusive, .badge.inconclusive { background: var(--inconclusive-bg); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .75rem 1rem; color: var(--soft); }
th, td { padding: .5rem 1rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
.counts td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; font-weight: 600; }
.counts thead th + th { text-align: right; } tfoot th, tfoot td { border-top: 2px solid var(--line); }
td.none { color: var(--soft); font-weight: 400; }
details { border: 1px solid var(--line); border-radius: .5rem; background: var(--card); margin: .4rem 0; }
summary { padding: .5rem .9rem; cursor: pointer; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; }
a { color: inherit; }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--held); outline-offset: 2px; }
summary code { font-weight: 600; } summary .tries { flex: 1 1 20rem; }
.badge { border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
dl { margin: 0; padding: .25rem .9rem .9rem; display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; } code { font-family: ui-monospace, monospace; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print { details { break-inside: avoid; } }
"""


def page(report: Report) -> str:
    """Return the report as HTML; whatever was observed is escaped, hostile replies included."""
    whole = report.tally()
    worst = whole.worst if whole else AttackResult.INCONCLUSIVE
    sections = "".join(_surface(report, surface) for surface in report.surfaces)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_MARKS[worst]} Attacks on {escape(report.target)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Attacks on the environment “{escape(report.target)}”</h1>
<p class="soft">{report.started.strftime("%d %B %Y, %H:%M UTC")} · run <code>{escape(report.run)}</code></p>
<p class="banner {worst.value}" role="status">{_MARKS[worst]} {escape(report.summary)}</p>
{_left_behind(report)}
{_counts(report)}
{sections}
</main>
</body>
</html>
"""


def _left_behind(report: Report) -> str:
    if not report.left_behind:
        return ""
    items = "".join(f"<li>{escape(what)}</li>" for what in report.left_behind)
    return f"<h2>Left behind</h2><p>These could not be removed:</p><ul>{items}</ul>"


def _counts(report: Report) -> str:
    heads = "".join(f'<th scope="col">{escape(heading.value)}</th>' for heading in report.headings)
    rows = "".join(
        f'<tr><th scope="row"><a href="#{escape(surface)}">{escape(surface)}</a></th>'
        + "".join(_cell(report.tally(surface, heading)) for heading in report.headings)
        + f"{_cell(report.tally(surface))}</tr>"
        for surface in report.surfaces
    )
    total = "".join(_cell(report.tally(heading=heading)) for heading in report.headings) + _cell(report.tally())
    return (
        '<div class="scroll" tabindex="0"><table class="counts">'
        "<caption>Attacks that held, of those that were tried: surfaces by what must never happen.</caption>"
        f'<thead><tr><th scope="col">Surface</th>{heads}<th scope="col">All</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">All</th>{total}</tr></tfoot></table></div>'
    )


def _cell(tally: Tally | None) -> str:
    if tally is None:
        return '<td class="none">-</td>'
    return f'<td class="{tally.worst.value}">{_MARKS[tally.worst]} {tally}</td>'


def _surface(report: Report, surface: str) -> str:
    attempts = [attempt for attempt in report.attempts if attempt.attack.surface == surface]
    # What did not hold comes first, and open.
    attempts.sort(key=lambda attempt: attempt.result is AttackResult.HELD)
    attacks = "".join(map(_attack, attempts))
    name = escape(surface)
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{name}</h2>{attacks}</section>'


def _prose(text: str) -> str:
    """Return our own words, with what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _attack(attempt: Attempt) -> str:
    attack, result = attempt.attack, attempt.result
    lines = (
        ("Threat", escape(f"{attack.threat.heading.value}: {attack.threat.title}")),
        ("Tries", _prose(attack.tries)),
        ("Must happen", _prose(attack.must)),
        ("Observed", escape(attempt.outcome.observed)),
        ("Took", f"{attempt.seconds:.2f} s"),
    )
    told = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in lines)
    return (
        f"<details{'' if result is AttackResult.HELD else ' open'}><summary>"
        f'<span class="badge {result.value}">{_MARKS[result]} {result.title()}</span>'
        f'<code>{escape(attack.id)}</code><span class="tries">{_prose(attack.tries)}</span></summary>'
        f"<dl>{told}</dl></details>"
    )
