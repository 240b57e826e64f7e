"""What an API takes and answers, kept with the deployed API itself, where whoever can read the API can read it.

Schemas become models and method responses. API Gateway has no place of its own for the rest, summaries and the schemas
of parameters: it goes into one documentation part a method, whose content may have any shape.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-documenting-api.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON: Final = "application/json"
_WHERE: Final = {"query": "querystring", "header": "header", "path": "path"}
# Every API has these from the start, with other content.
_TAKEN: Final = frozenset({"Empty", "Error"})
# What API Gateway and OpenAPI 3.0 both understand of JSON schema draft 4. API Gateway refuses a model that has others.
_KEYWORDS: Final = frozenset(
    {"type", "title", "description", "enum", "format", "pattern", "minLength", "maxLength"}
    | {"minimum", "maximum", "multipleOf"}
    | {"items", "minItems", "maxItems", "uniqueItems"}
    | {"properties", "required", "additionalProperties", "minProperties", "maxProperties"}
    | {"allOf", "anyOf", "oneOf", "not"}
)


def _unknown_keywords(schema: Mapping[str, Any]) -> list[str]:
    unknown = set(schema) - _KEYWORDS
    parts = [schema.get("items"), schema.get("not"), schema.get("additionalProperties")]
    parts += [*schema.get("properties", {}).values()]
    parts += [part for keyword in ("allOf", "anyOf", "oneOf") for part in schema.get(keyword, [])]
    return sorted(unknown.union(*(_unknown_keywords(part) for part in parts if isinstance(part, dict))))


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A JSON schema with a name.

    Attributes
    ----------
    name
        Letters and digits.
    definition
        The schema, in the words that API Gateway's models and OpenAPI 3.0 have in common.

    Examples
    --------
    >>> Schema(name="Order", definition={"type": "object", "required": ["item"]}).name
    'Order'
    """

    name: str
    definition: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Refuse what only the deployment would."""
        if not (self.name.isascii() and self.name.isalnum()) or self.name in _TAKEN:
            raise ValueError(
                f"A schema cannot be named {self.name!r}: use letters and digits, and neither {' nor '.join(_TAKEN)}."
            )
        if unknown := _unknown_keywords(self.definition):
            raise ValueError(f"API Gateway or OpenAPI 3.0 does not know {unknown} in the schema {self.name!r}.")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a route.

    Attributes
    ----------
    name
        Its name.
    schema
        What it must be.
    where
        Where it stands. Those of a path need not be given, unless there is more to say than that they are text.
    required
        Whether the function refuses a request without it.
    description
        What it means.
    """

    name: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    where: Literal["query", "header", "path"] = "query"
    required: bool = False
    description: str = ""


@dataclass(frozen=True)
class Answer:
    """What a route may answer with one status.

    Attributes
    ----------
    description
        When it does.
    schema
        What the body is; None if there is none.
    """

    description: str
    schema: Schema | None = None

    @classmethod
    def refusal(cls, description: str) -> Self:
        """Return an answer whose body is ``{"message": ...}``, as API Gateway's own refusals are."""
        return cls(description, _MESSAGE)


def array(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def object_schema(
    required: Mapping[str, Any] | None = None, *, optional: Mapping[str, Any] | None = None, more: bool = False
) -> dict[str, Any]:
    """Return the schema of an object by its fields' schemas; it has no other fields unless `more` allows them."""
    required = required or {}
    return {
        "type": "object",
        **({"required": sorted(required)} if required else {}),
        "properties": {**required, **(optional or {})},
        **({} if more else {"additionalProperties": False}),
    }


_MESSAGE: Final = Schema(name="Message", definition=object_schema({"message": {"type": "string"}}, more=True))


class ApiDocumentation(Construct):
    """Documents the methods of an API. It changes nothing of what the API does.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    api
        The API.
    """

    def __init__(self, scope: Construct, construct_id: str, *, api: apigateway.RestApi) -> None:
        super().__init__(scope, construct_id)
        self._api = api
        self._models: dict[str, tuple[Schema, apigateway.IModel]] = {}

    def responses(self, answers: Mapping[int, Answer], headers: Sequence[str] = ()) -> list[apigateway.MethodResponse]:
        """Return the answers as API Gateway declares them, with the headers that an integration may set."""
        return [
            apigateway.MethodResponse(
                status_code=str(status),
                response_models={JSON: self.model(answer.schema)} if answer.schema else None,
                response_parameters={f"method.response.header.{name}": False for name in headers} or None,
            )
            for status, answer in sorted(answers.items())
        ]

    def parameters(self, parameters: Sequence[Parameter]) -> Mapping[str, bool] | None:
        """Return the parameters as API Gateway declares them.

        It requires none but those of the path: its refusal of a missing one could not explain it.
        """
        return {
            f"method.request.{_WHERE[parameter.where]}.{parameter.name}": parameter.where == "path"
            for parameter in parameters
        } or None

    def describe(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        takes: Schema | None,
        parameters: Sequence[Parameter],
        answers: Mapping[int, Answer],
    ) -> None:
        """Write down what a method's declaration cannot hold."""
        if takes:
            self.model(takes)  # the method itself is bound to less, so that its function can say what is wrong
        content = {
            "summary": summary,
            "parameters": [_parameter(parameter) for parameter in parameters],
            "requestBody": {"model": takes.name} if takes else None,
            "responses": {str(status): {"description": answer.description} for status, answer in answers.items()},
        }
        apigateway.CfnDocumentationPart(
            self,
            f"{method} {path}",
            rest_api_id=self._api.rest_api_id,
            location=apigateway.CfnDocumentationPart.LocationProperty(type="METHOD", method=method, path=path),
            properties=json.dumps({key: value for key, value in content.items() if value}, sort_keys=True),
        )

    def model(self, schema: Schema) -> apigateway.IModel:
        """Return the model of a schema, made at the first call, and named since a document shows the name."""
        known, model = self._models.get(schema.name, (schema, None))
        if known != schema:
            raise ValueError(f"{self.node.path} has two schemas named {schema.name!r}.")
        if model is None:
            made = apigateway.CfnModel(
                self,
                schema.name,
                rest_api_id=self._api.rest_api_id,
                name=schema.name,
                content_type=JSON,
                schema={"$schema": "http://json-schema.org/draft-04/schema#", **schema.definition},
            )
            model = apigateway.Model.from_model_name(self, f"{schema.name}Name", made.ref)
            self._models[schema.name] = schema, model
        return model


def _parameter(parameter: Parameter) -> Mapping[str, Any]:
    """Return a parameter in OpenAPI's words."""
    described = {"description": parameter.description} if parameter.description else {}
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required or parameter.where == "path",
        "schema": parameter.schema,
        **described,
    }
