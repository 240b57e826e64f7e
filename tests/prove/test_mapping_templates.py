"""What a mapping template prints, as the prover sees it: each request's text is an instance of one of its results."""

from __future__ import annotations

import base64
import re
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

import pytest

from tenantry.local.patching import vtl
from tenantry.prove.integrations import methods
from tenantry.prove.mapping_templates import printed
from tenantry.prove.texts import BASE64, URL, By, Comma, Encoded, Given, Literal, Repeated, Text, shown
from tenantry.prove.velocity import UnreadError
from tests.oracles import requests
from tests.prove.excerpts import whole
from tests.sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = size(40, full=400)


def _templates() -> Iterator[tuple[str, frozenset[str]]]:
    for method in methods(whole("prod")):
        for template in (method.integration.get("RequestTemplates") or {}).values():
            if "$input" in template:
                yield template, method.parameters


def _expression(value: Text) -> str:
    """Return what a result's text can be, as a regular expression; space between values is left out."""
    out = []
    for part in value:
        match part:
            case Literal(text=written):
                out.append(re.escape(re.sub(r"\s", "", written)))
            case Encoded(encoding=encoding, of=of) if encoding in {BASE64, URL}:
                out.append(f"(?:{_expression(of)})")
            case Repeated(of=of):
                out.append(f"(?:{'|'.join(_expression(one.text) for one in of)})*")
            case Comma():
                out.append(",?")
            case _:
                out.append(".*")
    return "".join(out)


def _decoded(text: str) -> str:
    """Return a text as the parts of a result are: what is encoded as a whole is read."""
    text = re.sub(r'"Data":"([^"]*)"', lambda found: f'"Data":"{base64.b64decode(found[1]).decode()}"', text)
    return re.sub(r"\s", "", unquote_plus(text) if text.startswith("Action=") else text)


@pytest.mark.soak
def test_what_is_printed_is_an_instance_of_a_result() -> None:
    asked = 0
    for template, parameters in _templates():
        forms = [re.compile(_expression(one.text), re.DOTALL) for one in printed(template, path_parameters=parameters)]
        harmless = requests.harmless(template)
        hostile = (request for _, _, request in requests.hostile(harmless))
        every = [*requests.variants(harmless), *islice(hostile, 0, None, 5)][:_MOST]
        for request in every:
            case = request.case()
            places = {kind: case[kind] for kind in ("path", "querystring", "header")}
            try:
                text = _decoded(vtl.render(template, body=case["body"], parameters=places, context=case["context"]))
            except (vtl.TemplateError, UnicodeError):
                continue
            asked += 1
            assert any(form.fullmatch(text) for form in forms), f"{template}\n{text}"

    assert asked > size(150, full=500)


@pytest.mark.parametrize(
    "template",
    [
        "#evaluate('$x')", "#parse('x')", "#stop", "#macro(x)#end", "#include('x')", "#define($x)a#end", "## comment",
        "#* comment *#", "#[[ $x ]]#", r"\$context.requestId", "$undefined", "$context.authorizer.roles[0]",
        "#if($context.requestId)a", "#end", "#else", "#set($context.requestOverride.path.id = 'x')", "#set($input = 'x')",
        "#foreach($i in [1..3])x#end", "#set($x = ['a'])", "#set($x = {'a':'b'})", "#set($x = 1 + 1)", "$input.nothing",
        "$util.nothing", "$input.path($context.requestId)", "$input.json($input.path('$.p'))", "$stageVariables.x",
        "$input.params()", '#set($x = "a""b")', '#set($x = "#if(true)x#end")', "#set($x = 'a'", "$util.parseJson('{}')",
        "#foreach($i in $input.path('$.a'))#set($x = $i)#end$x", "#foreach($i in $input.path('$.a'))$i#end",
        "#set($x = 'a')#set($x = $input.path('$.a'))$x",
    ],
)  # fmt: skip
def test_what_is_not_read_is_said(template: str) -> None:
    with pytest.raises(UnreadError):
        printed(template)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("$input.params('id')", "<$input.params('id')>"),
        ("$!{input.path('$.a').b}", "<$input.path('$.a.b')>"),
        ("#set($a = 'x')#if(true)$a#{else}y#end", "x"),
        ("#if(false)x#{elseif}(true)y#end", "y"),
        ('#set($a = "$!{context.requestId}-#1")${a}', "<$context.requestId>-#1"),
        ("$util.urlEncode($input.body)", "<$input.body>"),
        ("a # b $ c", "a # b $ c"),
    ],
)
def test_template_is_read(template: str, text: str) -> None:
    assert [shown(one.text) for one in printed(template)] == [text]


def test_parameter_of_the_path_comes_before_a_query() -> None:
    (of_path,), (of_query,) = printed("$input.params('id')", path_parameters=["id"]), printed("$input.params('id')")

    assert of_path.text == (Given(By.PATH, "$input.params('id')"),)
    assert of_query.text == (Given(By.CALLER, "$input.params('id')"),)


def test_both_ways_of_a_condition_are_gone_and_what_was_asked_is_known() -> None:
    asked = "$input.params('a').matches('x')"

    assert [shown(one.text) for one in printed(f"#if({asked})1#{{else}}2#end#if({asked})3#{{else}}4#end")] == [
        "13",
        "24",
    ]
    assert len(printed(f"#if({asked} && $input.params('b').isEmpty())1#{{else}}2#end#if({asked})3#{{else}}4#end")) == 3
