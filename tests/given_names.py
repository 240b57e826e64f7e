# ruff: noqa: RUF001 - letters of other scripts are what this is about
"""Names that people give to things, in the scripts that have been taken for something else before."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "Screenshot 2026-11-30 at 9.41.07\u202fPM.png",  # macOS: a narrow no-break space before "PM"
    "می\u200cخواهم.txt",  # Persian: a zero-width non-joiner within the word
    "क्\u200dष और र\u094d\u200cष.txt",  # Hindi: joiner and non-joiner say how the letters are written
    "👩\u200d👩\u200d👧\u200d👦 ❤\ufe0f.jpg",  # emoji that joiners make of several
    "\u200fשלום\u200e (2).txt",  # Hebrew with direction marks
    "تقرير/سنة ٢٠٢٦/ملخص.pdf",  # Arabic in several segments
    "e\u0301 and \u00e9, ﬁ and fi",  # the same to the eye, and different names
    "全角　スペース\u2028\u2029\ufeff",  # wide space, line and paragraph separators, a byte order mark
    "a..b",
    "%2e%2e/%2F+&=?#;:@ '\"\\",  # what a URL, a header or a signature could take for its own
)
"""Each is text, and kept exactly."""

REFUSED: Final = (
    *map(chr, (0x00, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F)),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
)
"""Each of these makes a text none."""
