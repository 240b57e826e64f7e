"""openapi-spec-validator: the exported documents are OpenAPI, not only JSON that looks like it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing.exceptions import Unresolvable

from tests.oracles.templates import resources
from tests.synthesized import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_DOCUMENTS = sorted((ROOT / "docs" / "openapi").glob("*.json"))


def _errors(document: dict[str, Any]) -> list[str]:
    try:
        return [f"{list(error.path)}: {error.message}" for error in OpenAPIV30SpecValidator(document).iter_errors()]
    except Unresolvable as error:  # raised, not reported
        return [f"{error.ref} leads nowhere"]


def test_every_api_has_a_document() -> None:
    apis = {api["Name"] for _, api in resources("dev", "AWS::ApiGateway::RestApi")}

    assert apis
    assert {f"tenantry-{path.stem}-api" for path in _DOCUMENTS} == apis


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.stem)
def test_every_exported_document_is_valid_openapi(document: Path) -> None:
    content = json.loads(document.read_text())

    assert content["openapi"].startswith("3.0.")
    assert _errors(content) == []


@pytest.mark.parametrize(
    "change",
    [
        {"info": {"title": "no version"}},
        {"paths": {"/a/{b}": {"get": {"responses": {"200": {"description": "b is no parameter"}}}}}},
        {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/Nothing"}}}}}},
        {"paths": {"/a": {"get": {"responses": {}}}}},
    ],
)
def test_planted_error_is_found(change: dict[str, Any]) -> None:
    assert _errors({"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}, **change})
