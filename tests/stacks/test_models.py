"""The APIs' models are valid for API Gateway, and every method documents its replies."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft4Validator

from stacks.platform.schema_parts import body
from tenantry.isolation.documentation import object_schema
from tests.synthesized import ENVIRONMENTS, assembly


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_models_are_json_schemas_of_draft_4(environment: str) -> None:
    models = [
        resource["Properties"]
        for template in assembly(environment).templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApiGateway::Model"
    ]

    assert models
    for model in models:
        assert model["ContentType"] == "application/json"
        assert model["Schema"]["$schema"] == "http://json-schema.org/draft-04/schema#"
        Draft4Validator.check_schema(model["Schema"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_method_is_documented(environment: str) -> None:
    for template in assembly(environment).templates.values():
        resources = template["Resources"].values()
        methods = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::ApiGateway::Method"]
        parts = [
            json.loads(resource["Properties"]["Properties"])
            for resource in resources
            if resource["Type"] == "AWS::ApiGateway::DocumentationPart"
        ]
        assert len(parts) == sum(method["HttpMethod"] != "OPTIONS" for method in methods)
        for part in parts:
            assert part["summary"]
            assert any(status.startswith("2") for status in part["responses"])


def test_field_of_any_name_is_a_field() -> None:
    fields = {name: {"type": "boolean"} for name in ("optional", "more", "required", "name")}

    assert object_schema(fields) == {
        "type": "object",
        "required": ["more", "name", "optional", "required"],
        "properties": fields,
        "additionalProperties": False,
    }
    assert body("Fields", fields).definition == object_schema(fields)


def test_field_cannot_be_taken_for_an_option() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'items'"):
        object_schema(items={"type": "array"}, more={"type": "boolean"})  # type: ignore[call-arg, arg-type]
