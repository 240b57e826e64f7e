"""OpenAPI documents of the APIs, read from what is deployed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from tenantry.operate.commands import Commands
from tenantry.operate.stacks import resources

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from tenantry.operate.aws import Aws
    from tenantry.operate.environment import Environment

    _Json = dict[str, Any]

DOCUMENTS: Final = Path("docs/openapi")
_VERSION: Final = "3.0.3"  # its schemas are, near enough, those of API Gateway's models
_API_VERSION: Final = "1.0"
# An address belongs to a deployment, and the document to all of them.
_SERVER: Final = {
    "url": "{address}",
    "variables": {
        "address": {
            "default": "https://api-id.execute-api.region.amazonaws.com/prod",
            "description": "The API's URL with its stage, from the outputs of its stack",
        }
    },
}
_PREFLIGHT: Final = "OPTIONS"
_PARAMETER: Final = re.compile(r"\{(\w+)\+?\}")


def documents(environment: Environment) -> dict[str, dict[str, Any]]:
    """Return the document of each API that the environment's stacks have made, by the API's short name."""
    aws = environment.aws
    made = resources(aws, environment.outputs)
    names = {
        resource.id: aws.apigateway.get_rest_api(restApiId=resource.id)["name"]
        for resource in made
        if resource.kind == "AWS::ApiGateway::RestApi"
    }
    short = {api: name.removeprefix(f"{environment.app}-").removesuffix("-api") for api, name in names.items()}
    return {name: document(aws, api) for api, name in sorted(short.items(), key=lambda item: item[1])}


def export(environment: Environment, folder: Path) -> list[Path]:
    """Write the documents into a folder, one file an API, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in documents(environment).items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def document(aws: Aws, api: str) -> dict[str, Any]:
    """Return the OpenAPI document of one API.

    It holds every method but the preflights of browsers, with what the API's own models, method responses and
    documentation parts say of it, and nothing that differs between two deployments of the same app.

    Parameters
    ----------
    aws
        Clients that may read the API.
    api
        The API's id.
    """
    about = aws.apigateway.get_rest_api(restApiId=api)
    schemes = {found["id"]: _scheme(found) for found in aws.apigateway.get_authorizers(restApiId=api)["items"]}
    documentation = _documentation(aws, api)
    paths: dict[str, _Json] = {}
    security: _Json = {}
    for path, methods in sorted(_methods(aws, api)):
        for method, declared in sorted(methods.items()):
            operation = _operation(path, declared, documentation.get((path, method), {}))
            if scheme := _security(declared, schemes):
                operation["security"] = [{name: [] for name in scheme}]
                security |= scheme
            paths.setdefault(path, {})[method.lower()] = operation
    models = _models(aws, api)
    return {
        "openapi": _VERSION,
        "info": {"title": about["name"], "description": about.get("description", ""), "version": _API_VERSION},
        "servers": [_SERVER],
        "paths": paths,
        "components": {
            "schemas": {name: models[name] for name in sorted(_referenced(paths))},
            "securitySchemes": dict(sorted(security.items())),
        },
    }


def _methods(aws: Aws, api: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the methods of each path."""
    for page in aws.apigateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"]):
        for resource in page["items"]:
            methods = {
                method: declared
                for method, declared in resource.get("resourceMethods", {}).items()
                if method != _PREFLIGHT
            }
            if methods:
                yield resource["path"], methods


def _models(aws: Aws, api: str) -> dict[str, _Json]:
    models = {}
    for page in aws.apigateway.get_paginator("get_models").paginate(restApiId=api):
        for model in page["items"]:
            schema = json.loads(model["schema"])
            schema.pop("$schema", None)
            models[model["name"]] = _in_order(schema)
    return models


def _documentation(aws: Aws, api: str) -> dict[tuple[str, str], _Json]:
    """Return what `tenantry.isolation.documentation` has written down, by path and method."""
    pages = aws.apigateway.get_paginator("get_documentation_parts").paginate(restApiId=api, type="METHOD")
    return {
        (part["location"]["path"], part["location"]["method"]): json.loads(part["properties"])
        for page in pages
        for part in page["items"]
    }


def _operation(path: str, declared: Mapping[str, Any], documentation: Mapping[str, Any]) -> _Json:
    operation: _Json = {}
    if summary := documentation.get("summary"):
        operation["summary"] = summary
    if parameters := [*documentation.get("parameters", []), *_undocumented(path, documentation)]:
        operation["parameters"] = [_in_order(parameter) for parameter in parameters]
    body = documentation.get("requestBody", {}).get("model")
    if body or declared.get("requestModels"):
        models = {"application/json": body} if body else declared["requestModels"]
        operation["requestBody"] = {"required": True, "content": _content(models)}
    described = documentation.get("responses", {})
    operation["responses"] = {
        status: _response(response, described.get(status, {}).get("description", ""))
        for status, response in sorted(declared.get("methodResponses", {}).items())
    } or {"default": {"description": "Not documented"}}
    return operation


def _undocumented(path: str, documentation: Mapping[str, Any]) -> Iterator[_Json]:
    """Return the parameters of a path that the documentation does not name, which OpenAPI demands all the same."""
    named = {parameter["name"] for parameter in documentation.get("parameters", []) if parameter["in"] == "path"}
    for name in _PARAMETER.findall(path):
        if name not in named:
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _response(declared: Mapping[str, Any], description: str) -> _Json:
    models = declared.get("responseModels")
    return {"description": description, **({"content": _content(models)} if models else {})}


def _content(models: Mapping[str, str]) -> _Json:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{model}"}} for kind, model in sorted(models.items())}


def _scheme(authorizer: Mapping[str, Any]) -> _Json:
    header = authorizer.get("identitySource", "").removeprefix("method.request.header.")
    if header == "Authorization":
        return {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return {"token": {"type": "apiKey", "in": "header", "name": header}}


def _security(declared: Mapping[str, Any], schemes: Mapping[str, _Json]) -> _Json:
    if declared["authorizationType"] == "AWS_IAM":
        # OpenAPI knows no signatures; this is how API Gateway's own exports write it.
        scheme = {"type": "apiKey", "in": "header", "name": "Authorization", "x-amazon-apigateway-authtype": "awsSigv4"}
        return {"signature": scheme}
    return schemes.get(declared.get("authorizerId", ""), {})


def _referenced(value: Any) -> set[str]:  # noqa: ANN401 - any part of a document
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_referenced, value.values()))
    if isinstance(value, list):
        return set().union(*map(_referenced, value))
    return set()


def _in_order(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema with its keys in order: CloudFormation promises none."""
    if isinstance(value, dict):
        return {key: _in_order(part) for key, part in sorted(value.items())}
    return [_in_order(part) for part in value] if isinstance(value, list) else value


def add(topic: argparse.ArgumentParser) -> None:
    """Add the topic's command."""
    command = Commands(topic).add("export", _export, "write the OpenAPI document of each deployed API")
    command.add_argument(
        "--out", type=Path, default=DOCUMENTS, metavar="DIR", help=f"the target folder (default: {DOCUMENTS})"
    )


def _export(environment: Environment, parsed: argparse.Namespace, console: Console) -> int:
    for path in export(environment, parsed.out):
        console.print(Text(str(path)))
    return 0
