"""Probes of `cloudformation.request_validators`."""

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=[True, True], ministack=[False, False])
def a_method_with_a_request_validator(emulator: Emulator) -> list[bool]:
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": emulator.name("api")}}
    validator = {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "body", "ValidateRequestBody": True},
    }
    method = {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": {"Fn::GetAtt": "Api.RootResourceId"},
            "HttpMethod": "PUT",
            "AuthorizationType": "NONE",
            "RequestValidatorId": {"Ref": "Validator"},
            "Integration": {"Type": "MOCK"},
        },
    }
    made, gateway = emulator.stack(Api=api, Validator=validator, Method=method), emulator.client("apigateway")
    root = gateway.get_resources(restApiId=made["Api"])["items"][0]["id"]
    validators = gateway.get_request_validators(restApiId=made["Api"])["items"]
    described = gateway.get_method(restApiId=made["Api"], resourceId=root, httpMethod="PUT")
    return [bool(validators), described.get("requestValidatorId") == made["Validator"]]
