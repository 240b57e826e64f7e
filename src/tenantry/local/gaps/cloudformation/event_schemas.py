"""CloudFormation accepts schema registries and event schemas.

AWS: `AWS::EventSchemas::Registry` and `AWS::EventSchemas::Schema` describe events for people and code generators; no
event is checked against them.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EventSchemas.html

MiniStack: has no such service, and CloudFormation refuses the types.

Here: CloudFormation takes them, and refuses content that is not JSON. There is still no service to read them from.
"""

import json

from ministack.core.responses import get_account_id, get_region

from tenantry.local.patching import Fields, cloudformation


def close() -> None:
    """Close the gap."""
    cloudformation.add("AWS::EventSchemas::Registry", create=_create_registry)
    cloudformation.add("AWS::EventSchemas::Schema", create=_create_schema)


def _arn(kind: str, path: str) -> str:
    return f"arn:aws:schemas:{get_region()}:{get_account_id()}:{kind}/{path}"


def _create_registry(logical_id: str, properties: Fields, stack: str) -> cloudformation.Created:
    name = properties.get("RegistryName") or f"{stack}-{logical_id}"
    arn = _arn("registry", name)
    return arn, {"RegistryArn": arn, "RegistryName": name}


def _create_schema(logical_id: str, properties: Fields, stack: str) -> cloudformation.Created:
    content = properties["Content"]
    if isinstance(content, str):
        json.loads(content)
    name = properties.get("SchemaName") or f"{stack}-{logical_id}"
    arn = _arn("schema", f"{properties['RegistryName'].rsplit('/', 1)[-1]}/{name}")
    return arn, {"SchemaArn": arn, "SchemaName": name, "SchemaVersion": "1"}
