"""Reads what comes from outside as a model, whose errors repeat nothing that was sent."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

_T = TypeVar("_T")
# What msgspec says, what of it is shown, and where the field's name is.
_WHERE: Final = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_VALUE: Final = "Invalid enum value"  # the one message that holds a value


class InputError(ValueError):
    """What was sent does not fit its model. The message says where and why, and repeats no value."""


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of models that refuse fields they do not know: such a field may be a misunderstanding.

    Nothing is turned into another type: a number is refused where text is wanted.
    """


def read_json(content: bytes | str, kind: type[_T]) -> _T:
    """Return JSON as a model.

    Raises
    ------
    InputError
        It is no JSON, or does not fit.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _input_error(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError("Invalid JSON") from None


def read(value: Any, kind: type[_T], *, strict: bool = True) -> _T:  # noqa: ANN401 - whatever was sent
    """Return a value, of dictionaries, lists and scalars, as a model.

    Parameters
    ----------
    value
        The value.
    kind
        The model.
    strict
        Whether text is refused where a number or a truth value is wanted.

    Raises
    ------
    InputError
        It does not fit.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise _input_error(error) from None


def refuse(field: str, reason: str | None) -> None:
    """Refuse the value of a model's field, from its ``__post_init__``, if there is a reason.

    Raises
    ------
    ValueError
        There is, and it says so with the field's name.
    """
    if reason:
        raise ValueError(f"{field}: {reason}")


def _input_error(error: msgspec.ValidationError) -> InputError:
    """Return the error as ``field: problem``."""
    found = _WHERE.fullmatch(str(error))
    said, path = (found["said"], found["path"] or "") if found else ("Invalid", "")
    for pattern, problem in ((_MISSING, "Field required"), (_UNKNOWN, "Extra inputs are not permitted")):
        if field := pattern.fullmatch(said):
            said, path = problem, f"{path}.{field[1]}".lstrip(".")
    if said.startswith(_VALUE):
        said = _VALUE
    return InputError(f"{path}: {said}" if path else said)
