"""Probes of `cloudformation.event_schemas`."""

from tests.local.ground import Ground
from tests.local.probes import probe


@probe(aws=True, ministack=False)
def a_schema(ground: Ground) -> bool:
    registry = {"Type": "AWS::EventSchemas::Registry", "Properties": {"RegistryName": ground.name("registry")}}
    schema = {
        "Type": "AWS::EventSchemas::Schema",
        "Properties": {
            "RegistryName": {"Fn::GetAtt": "Registry.RegistryName"},
            "Type": "JSONSchemaDraft4",
            "Content": "{}",
        },
    }
    return bool(ground.stack(Registry=registry, Schema=schema))
