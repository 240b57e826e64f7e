"""Masking of personal data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenantry.operate.masking import masked

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc@. ", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["email", "name", "a", "b"]), inner),
    max_leaves=10,
)


def test_names_and_addresses_are_masked_at_any_depth() -> None:
    event = {"detail": {"data": {"email": "ada@example.com", "name": "Ada", "userName": "u-1", "verified": True}}}
    assert masked(event) == {
        "detail": {"data": {"email": "***", "name": "***", "userName": "u-1", "verified": True}},
    }


def test_known_name_is_masked_in_text() -> None:
    told = masked({"cause": "Ada Lovelace (ada+x@mail.example.com) exists", "event": {"name": "Ada Lovelace"}})
    assert told["cause"] == "*** (***) exists"


def test_email_is_masked_everywhere() -> None:
    assert masked(["to o'hara.b@example.co.uk now", 7, None]) == ["to *** now", 7, None]


def test_non_text_name_is_masked() -> None:
    assert masked({"name": {"S": "Ada"}, "email": None}) == {"name": "***", "email": None}


@given(_JSON)
def test_personal_data_is_masked(value: object) -> None:
    def check(part: object) -> None:
        if isinstance(part, dict):
            for key, content in part.items():
                assert key not in {"email", "name"} or content in {"***", None}
                check(content)
        elif isinstance(part, list):
            for each in part:
                check(each)

    check(masked(value))
