r"""Names that people give, of objects, tenants, people, parks: which text is one. Standard library only.

A name is text of any script and is kept exactly as it was given: nothing is trimmed, folded or normalized. Refused is
what a reader cannot see and a terminal, a log or a page may obey:

- control characters: C0, DEL and C1,
- bidirectional controls, U+202A to U+202E and U+2066 to U+2069, which show text in another order than it has,
- halves of a surrogate pair, which no encoding can write.

Joiners and marks, U+200C to U+200F, are a part of how Persian, Hindi and emoji are written, and U+202F stands before
"PM" in the name of a macOS screenshot: all of these are text.

Source: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
"""

from __future__ import annotations

import re
from typing import Final

REFUSED: Final = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069"
"""What no name holds, as the inside of a character class of Python, Java or ECMAScript.

Halves of surrogate pairs are missing: to ECMAScript, which counts in halves, an emoji would be two of them.
"""

NAME_PATTERN: Final = rf"[^{REFUSED}\ud800-\udfff]*"
"""What the whole of a name matches, for Python and Java, which count in characters. A mapping template's `matches` is
Java's: unlike a search, it lets no closing line break through.

Source: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html
"""

DOT_SEGMENT: Final = r"(^|/)\.\.?(/|$)"
"""What is found in a key that has ``.`` or ``..`` as a whole segment: a client would resolve it as a path."""

_REFUSED: Final = re.compile(rf"[{REFUSED}\ud800-\udfff]")
_DOT_SEGMENT: Final = re.compile(DOT_SEGMENT)


def name_refusal(text: str) -> str:
    """Return why a text is no name, empty if it is one. The reason shows no character of it but by its number."""
    found = _REFUSED.search(text)
    return f"must not contain control or bidirectional control characters (U+{ord(found[0]):04X})" if found else ""


def key_refusal(key: str) -> str:
    """Return why a text is no key of an object, which may have several segments; empty if it is one."""
    if not key:
        return "must not be empty"
    if key.startswith("/"):
        return "must not begin with a slash"
    if _DOT_SEGMENT.search(key):
        return "must not contain '.' or '..' as a whole segment"
    return name_refusal(key)


def usable_name(text: str) -> str:
    """Return `text` if it is a name.

    Raises
    ------
    ValueError
        It is none; the message says why.
    """
    if reason := name_refusal(text):
        raise ValueError(reason)
    return text


def name_or(text: str | None, otherwise: str) -> str:
    """Return `text` if it is a name and not empty, else another: where it was given before anybody could refuse it."""
    return text if text and not name_refusal(text) else otherwise
