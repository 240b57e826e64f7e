"""Ids: valid ones are unchanged, all others are refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.model.identifiers import InvalidIdentifierError, tenant_id, user_id

_HOSTILE: list[object] = [
    "", " ", "*", "?", "t*", "t?x", "${aws:userid}", "a/b", "a\\b", "..", "a..b", "a#b", "a^b", "a=b", 'a"b', "a'b",
    "a\nb", "abc\n", "\nabc", "a\x00b", "a b", " abc", "abc ", "\u0430bc", "\uff41\uff42\uff43", "abc\u200b", "é", "-abc", "abc-", "{a}",
    "a%2fb", "a:b", "a|b", "a;b", "<a>", "\ud800", None, 1, True, [], {}, b"abc",
]  # fmt: skip
GOOD_TENANTS = ["tenanta", "T001", "texas", "a-b", "0" * 38, "5f0c2f4e-9d0c-4d6e-8f53-0c6d3b1f2a77"]
BAD_TENANTS = [*_HOSTILE, "ab", "0" * 39, "a@b", "a.b", "a_b", "prefix", "TAG", "ap", "dbns"]


@pytest.mark.parametrize("value", GOOD_TENANTS)
def test_legal_tenant_ids_pass_unchanged(value: str) -> None:
    assert tenant_id(value) == value


@pytest.mark.parametrize("value", BAD_TENANTS, ids=repr)
def test_malformed_tenant_id_is_refused(value: object) -> None:
    with pytest.raises(InvalidIdentifierError):
        tenant_id(value)


@pytest.mark.parametrize("value", ["a", "user1", "ada@example.com", "a.b_c+d-e", "0" * 128])
def test_legal_user_ids_pass_unchanged(value: str) -> None:
    assert user_id(value) == value


@pytest.mark.parametrize("value", [*(v for v in _HOSTILE if v != "abc-"), "0" * 129, "@a", ".a"], ids=repr)
def test_malformed_user_id_is_refused(value: object) -> None:
    with pytest.raises(InvalidIdentifierError):
        user_id(value)


@given(st.text())
def test_error_does_not_repeat_the_value(value: str) -> None:
    with pytest.raises(InvalidIdentifierError, match=r"^Invalid tenant id$"):
        tenant_id(f"<{value}>")


@given(st.text())
def test_valid_ids_have_no_meaning_in_policies_paths_or_templates(value: str) -> None:
    for check in (tenant_id, user_id):
        try:
            passed = check(value)
        except InvalidIdentifierError:
            continue
        else:
            assert passed == value
            assert passed.isascii()
            assert not re.search(r"[*?$/\\{}#^='\"\s\x00-\x1f:]|\.\.", passed)
