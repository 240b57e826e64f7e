"""Probes of `cloudformation.event_schemas`."""

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=True, ministack=False)
def a_schema(emulator: Emulator) -> bool:
    registry = {"Type": "AWS::EventSchemas::Registry", "Properties": {"RegistryName": emulator.name("registry")}}
    schema = {
        "Type": "AWS::EventSchemas::Schema",
        "Properties": {
            "RegistryName": {"Fn::GetAtt": "Registry.RegistryName"},
            "Type": "JSONSchemaDraft4",
            "Content": "{}",
        },
    }
    return bool(emulator.stack(Registry=registry, Schema=schema))
