"""The export of OpenAPI documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from tenantry.operate.aws import Aws
from tenantry.operate.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCUMENTED: dict[str, Any] = {
    "authorizationType": "CUSTOM",
    "authorizerId": "a-1",
    "requestModels": {"application/json": "Object"},
    "methodResponses": {
        "404": {"statusCode": "404"},
        "200": {"statusCode": "200", "responseModels": {"application/json": "Order"}},
    },
}
_SAID = {
    "summary": "Change an order",
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 2}}],
    "requestBody": {"model": "Change"},
    "responses": {"200": {"description": "Changed"}},
}


class _Gateway:
    """An API with a method that is documented, one that is not, and one for signed requests."""

    header = "x-token"

    def get_rest_api(self, **_: str) -> dict[str, str]:
        return {"name": "shop-api"}

    def get_authorizers(self, **_: str) -> dict[str, Any]:
        return {"items": [{"id": "a-1", "identitySource": f"method.request.header.{self.header}"}]}

    def get_paginator(self, name: str) -> _Pages:
        orders = {"PUT": _DOCUMENTED, "GET": {"authorizationType": "NONE"}, "OPTIONS": {"authorizationType": "NONE"}}
        signed = {"POST": {"authorizationType": "AWS_IAM"}}
        part = {"location": {"path": "/orders/{id}", "method": "PUT"}, "properties": json.dumps(_SAID)}
        pages: dict[str, list[list[dict[str, Any]]]] = {
            "get_resources": [
                [{"path": "/"}, {"path": "/orders/{id}", "resourceMethods": orders}],
                [{"path": "/admin", "resourceMethods": signed}],
            ],
            "get_models": [[{"name": name, "schema": _schema(name)} for name in ("Object", "Order", "Change")]],
            "get_documentation_parts": [[part]],
        }
        return _Pages(pages[name])


class _Pages:
    def __init__(self, pages: list[list[dict[str, Any]]]) -> None:
        self._pages = pages

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        return ({"items": page} for page in self._pages)


class _Aws(Aws):
    def __init__(self, gateway: _Gateway) -> None:
        super().__init__(boto3.Session(region_name="us-east-1"))
        self._gateway = gateway

    @property
    def apigateway(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - a fake
        return self._gateway


def _schema(title: str) -> str:
    return json.dumps({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "title": title})


def _document(gateway: _Gateway | None = None) -> dict[str, Any]:
    return document(_Aws(gateway or _Gateway()), "api-1")


def test_documented_method_is_exported() -> None:
    operation = _document()["paths"]["/orders/{id}"]["put"]

    assert operation["summary"] == "Change an order"
    assert operation["parameters"] == _SAID["parameters"]
    assert operation["requestBody"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Change"}}
    }
    assert operation["responses"] == {
        "200": {
            "description": "Changed",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
        },
        "404": {"description": ""},
    }


def test_used_schemas_are_exported_without_dialect() -> None:
    schemas = _document()["components"]["schemas"]

    assert schemas == {name: {"type": "object", "title": name} for name in ("Change", "Order")}


def test_undocumented_method_is_valid() -> None:
    operation = _document()["paths"]["/orders/{id}"]["get"]

    assert operation == {
        "parameters": [{"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}],
        "responses": {"default": {"description": "Not documented"}},
    }


def test_preflights_are_left_out() -> None:
    assert set(_document()["paths"]["/orders/{id}"]) == {"get", "put"}


def test_security_of_each_method_is_exported() -> None:
    shown = _document()
    bearer = _Gateway()
    bearer.header = "Authorization"

    assert shown["paths"]["/orders/{id}"]["put"]["security"] == [{"token": []}]
    assert shown["paths"]["/admin"]["post"]["security"] == [{"signature": []}]
    schemes = shown["components"]["securitySchemes"]
    assert schemes["token"] == {"type": "apiKey", "in": "header", "name": "x-token"}
    assert schemes["signature"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert _document(bearer)["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_document_has_no_deployment_values() -> None:
    text = json.dumps(_document())

    assert "api-1" not in text
    assert "a-1" not in text
