"""What a caller sends is a value of a template, never a part of it. The templates run in a real engine."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_kinesis as kinesis
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.isolation.direct import (
    Base64,
    BodyJson,
    BodyText,
    ContextText,
    Each,
    Either,
    Index,
    IsObject,
    Joined,
    JsonText,
    Matches,
    PathText,
    UnsafeTemplateError,
    reply_template,
    request_template,
)
from tenantry.isolation.direct.mapping_template import _Named
from tests.constructs.templates import rendered, replied
from tests.synthesized import new_app

if TYPE_CHECKING:
    from tenantry.isolation.direct.template_statements import Value

_thorough: Final = settings(max_examples=300, deadline=None)
_HOSTILE: Final = "'\"\\#${}()[]/\n\r\t\b\x00\x1f\x7f\u2028é\U0001f600ab,:@"
_texts: Final = (
    st.text()
    | st.text(alphabet=_HOSTILE)
    | st.sampled_from(
        [
            '","PartitionKey":"other',
            "\\",
            "\\'",
            "#set($tenant = 'other')",
            "$context.accountId ${input.body} $!x $util.base64Encode('x')",
            "#foreach($x in [1..1000000])$x#end #stop #end #else",
            "${quote}${v1}$v1",
            "__FORMAL_REFERENCE__REPLACE_TEXT__",
        ]
    )
)
_values: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(_texts, children, max_size=4),
    max_leaves=15,
)
_TENANT: Final = PathText("tenantId")


def _decoded(text: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(base64.b64decode(text))


@_thorough
@given(value=_values, tenant=_texts)
def test_body_values_are_rendered_without_changing_structure(value: object, tenant: str) -> None:
    template = request_template(
        {
            "StreamName": "the-stream",
            "Data": Base64({"tenantid": _TENANT, "data": BodyJson("$.Data")}),
            "PartitionKey": _TENANT,
        }
    )

    made = rendered(template, {"tenantid": "other", "Data": value}, path={"tenantId": tenant})

    assert _decoded(made.pop("Data")) == {"tenantid": tenant, "data": value}
    assert made == {"StreamName": "the-stream", "PartitionKey": tenant}


@_thorough
@given(text=_texts, value=_values)
def test_text_is_rendered_unchanged_at_every_position(text: str, value: object) -> None:
    template = request_template(
        {
            "plain": BodyText("$.text"),
            "joined": Joined(ContextText("authorizer.tenantId"), "#$it's:", BodyText("$.text"), "/end"),
            "held": JsonText({"text": BodyText("$.text"), "value": BodyJson("$.value"), "it's": "#set"}),
            "encoded": Base64([BodyText("$.text"), PathText("id"), 7, None, True]),
            "path": PathText("id"),
        }
    )

    made = rendered(template, {"text": text, "value": value}, path={"id": text}, authorizer={"tenantId": text})

    assert json.loads(made.pop("held")) == {"text": text, "value": value, "it's": "#set"}
    assert _decoded(made.pop("encoded")) == [text, text, 7, None, True]
    assert made == {"plain": text, "joined": f"{text}#$it's:{text}/end", "path": text}


@_thorough
@given(values=st.lists(_values, max_size=5), tenant=_texts)
def test_items_are_rendered_independently(values: list[object], tenant: str) -> None:
    template = request_template({"Records": Each("$.Records", [_TENANT, BodyJson("@.Data"), Index()])})

    made = rendered(template, {"Records": [{"Data": value} for value in values]}, path={"tenantId": tenant})

    assert made == {"Records": [[tenant, value, number] for number, value in enumerate(values)]}


def test_loop_items_do_not_share_state() -> None:
    template = request_template(Each("$.items", {"text": BodyText("@.text"), "value": BodyJson("@.value")}))

    made = rendered(template, {"items": [{"text": "first", "value": {"secret": 1}}, {}, {"text": None}]})

    assert made[1:] == [{"text": "", "value": ""}, {"text": "", "value": ""}]


def test_query_and_header_do_not_override_the_path() -> None:
    template = request_template({"tenant": _TENANT})

    assert rendered(template, {}, path={"tenantId": "own"}, query={"tenantId": "other"}) == {"tenant": "own"}


@pytest.mark.parametrize("data", ["text", 1, None, True, [{}], '{"x": 1}', []])
def test_failed_guard_renders_only_the_alternative(data: object) -> None:
    template = request_template(
        {"a": BodyJson("$.Data")}, guards=[IsObject(BodyJson("$.Data"))], otherwise={"StreamName": "the-stream"}
    )

    assert rendered(template, {"Data": data}) == {"StreamName": "the-stream"}
    assert rendered(template, {"Data": {}}) == {"a": {}}
    assert rendered(template, "no json at all") == {"StreamName": "the-stream"}


def test_pattern_matches_the_whole_value() -> None:
    template = request_template({"id": PathText("id")}, guards=[Matches(PathText("id"), "[a-z]{3}")], otherwise={})

    assert rendered(template, path={"id": "abc"}) == {"id": "abc"}
    for wrong in ("abcd", "ab", "abc\n", "\nabc", "ABC", "a'c", ""):
        assert rendered(template, path={"id": wrong}) == {}, wrong


def test_refused_item_is_skipped() -> None:
    template = request_template(Each("$.items", {"n": BodyJson("@")}, guards=[IsObject(BodyJson("@"))]))

    assert rendered(template, {"items": [{"x": 1}, 2]}) == [{"n": {"x": 1}}, {}]


def test_reply_has_shape_and_status() -> None:
    failed = Matches(BodyText("@.Error"), ".+")
    template = reply_template(
        {"items": Each("$.items", Either(failed, {"error": BodyJson("@.Error")}, {"n": Index()}))},
        statuses=[(Matches(BodyText("$.failures"), "[1-9][0-9]*"), 207)],
    )

    assert replied(template, {"failures": 0, "items": [{}]}) == (None, {}, {"items": [{"n": 0}]})
    assert replied(template, {"failures": 1, "items": [{}, {"Error": "E"}]}) == (
        207,
        {},
        {"items": [{"n": 0}, {"error": "E"}]},
    )


def test_cloudformation_references_are_kept() -> None:
    stack = Stack(new_app(), "Stack")
    name = kinesis.Stream(stack, "Stream").stream_name

    template = stack.resolve(request_template({"StreamName": name, "Text": f"#{name}$"}))

    assert template == {
        "Fn::Join": [
            "",
            [
                "#set($dollar = '$')\n#set($hash = '#')\n" + '{"StreamName":"',
                {"Ref": "Stream790BDEE4"},
                '","Text":"${hash}',
                {"Ref": "Stream790BDEE4"},
                '${dollar}"}',
            ],
        ]
    }


class _Thing:
    """Something that is no value of a template, always with the same name in a test's id."""

    def __str__(self) -> str:
        return "thing"


@pytest.mark.parametrize(
    "piece",
    [
        'a"b',
        "a\\b",
        "a\nb",
        "é",
        {'a"': 1},
        {"a": ["\x00"]},
        1.5,
        _Thing(),
        BodyJson("@.x"),
        Index(),
        Base64(Each("$.x", 1)),
        JsonText(Either(IsObject(BodyJson("$")), 1, 2)),
        Joined("a", '"'),
    ],
    ids=str,
)
def test_unsafe_text_is_refused(piece: Value) -> None:
    with pytest.raises(UnsafeTemplateError):
        request_template({"field": piece})


@pytest.mark.parametrize("name", ["", "a'", "a b", "a)", "$x", "a.b", "../x", "é", "a\n"])
def test_malformed_name_is_refused(name: str) -> None:
    for block in (PathText, BodyText, BodyJson):
        with pytest.raises(UnsafeTemplateError):
            block(name)
    if name != "a.b":
        with pytest.raises(UnsafeTemplateError):
            ContextText(name)


@pytest.mark.parametrize("path", ["$.a'", "$['a']", "$..a", "$.*", "$.a b", "x", "$.a)", "$.a\n", "$[a]", "$.a-b"])
def test_complex_path_is_refused(path: str) -> None:
    for block in (BodyText, BodyJson):
        with pytest.raises(UnsafeTemplateError):
            block(path)
    with pytest.raises(UnsafeTemplateError):
        Each(path, 1)


def test_pattern_quotes_and_nested_loops_are_refused() -> None:
    with pytest.raises(UnsafeTemplateError):
        Matches(PathText("id"), "a'")
    with pytest.raises(UnsafeTemplateError):
        Each("@.items", 1)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9_]*)*", fullmatch=True))
def test_context_is_never_what_the_caller_gives(name: str) -> None:
    text = request_template({"tenant": ContextText(name)})

    assert f"$!{{context.{name}}}" in text
    assert "$input" not in text
    assert "input.params" not in text


def test_text_says_itself_where_it_is_read() -> None:
    """A kind of text that leaves it out must not read what the caller gives."""

    class Unread(_Named):
        _kind = "text"

    with pytest.raises(TypeError, match="abstract method"):
        Unread("tenantId")  # type: ignore[abstract]
