"""Probes of `iot.credentials_provider`."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tenantry.local.settings import ACCOUNT, REGION
from tenantry.operate.devices.keys import KeyPair
from tests.local.emulator import Emulator, allow, policy
from tests.local.probes import probe
from tests.local.probes.iot.role_aliases import PROVIDER


class _Device:
    """A thing of a type with a certificate, and a role alias whose role may read what bears the type's name."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.iot = emulator, emulator.client("iot")
        self.kind, self.thing, self.alias = emulator.name("kind"), emulator.name(), emulator.name("alias")
        self.bucket = emulator.bucket()
        mine = f"arn:aws:s3:::{self.bucket}/${{credentials-iot:ThingTypeName}}/*"
        role = emulator.role(PROVIDER, allow("s3:PutObject", mine))
        self.iot.create_role_alias(roleAlias=self.alias, roleArn=role, credentialDurationSeconds=900)
        self.iot.create_thing_type(thingTypeName=self.kind)
        self.iot.create_thing(thingName=self.thing, thingTypeName=self.kind)
        self.pair = KeyPair.new(self.thing)
        self.made = self.iot.create_certificate_from_csr(certificateSigningRequest=self.pair.request, setAsActive=True)
        self.iot.attach_thing_principal(thingName=self.thing, principal=self.made["certificateArn"])
        self.name = emulator.name("policy")
        alias_arn = f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/{self.alias}"
        document = policy(allow("iot:AssumeRoleWithCertificate", alias_arn))
        self.iot.create_policy(policyName=self.name, policyDocument=document)
        self.iot.attach_policy(policyName=self.name, target=self.made["certificateArn"])

    def exchange(self, thing: str | None = None, *, alias: str | None = None, certified: bool = True) -> Any:  # noqa: ANN401
        """Return the credentials, or the status that came instead."""
        address = self.iot.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]
        with self._files() as files:
            reply = requests.get(
                f"https://{address}/role-aliases/{alias or self.alias}/credentials",
                headers={"x-amzn-iot-thingname": thing} if thing else {},
                cert=files if certified else None,
                verify=str(self.emulator.cloud.ca_bundle),
                timeout=10,
            )
        return reply.json()["credentials"] if reply.ok else reply.status_code

    @contextmanager
    def _files(self) -> Iterator[tuple[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
            certificate.write_text(self.made["certificatePem"])
            key.write_text(self.pair.private_key)
            yield str(certificate), str(key)

    def put(self, thing: str | None, prefix: str) -> str:
        """Return what comes of writing an object with what the certificate is exchanged for."""
        found = self.exchange(thing)
        session = self.emulator.cloud.session(
            {
                "AccessKeyId": found["accessKeyId"],
                "SecretAccessKey": found["secretAccessKey"],
                "SessionToken": found["sessionToken"],
            }
        )
        try:
            session.client("s3").put_object(Bucket=self.bucket, Key=f"{prefix}/key", Body=b"x")
        except session.client("s3").exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"


def _device(emulator: Emulator) -> _Device | None:
    try:
        return _Device(emulator)
    except emulator.client("iot").exceptions.ClientError:
        return None  # MiniStack makes no role alias


@probe(aws=["done", "AccessDenied", "AccessDenied"], ministack=None)
def what_a_certificate_allows(emulator: Emulator) -> list[str] | None:
    if not (device := _device(emulator)):
        return None
    return [
        device.put(device.thing, device.kind),
        device.put(device.thing, "other"),
        device.put(None, device.kind),  # without the thing there is no type
    ]


@probe(aws=[403, 403, 403], ministack=None)
def what_a_valid_certificate_does_not_allow(emulator: Emulator) -> list[int] | None:
    if not (device := _device(emulator)):
        return None
    other = emulator.name()
    device.iot.create_thing(thingName=other, thingTypeName=device.kind)
    return [
        device.exchange(other),  # not its thing
        device.exchange(device.thing, alias="another"),  # not in its policy
        device.exchange(device.thing, certified=False),
    ]


@probe(aws=[403, 403, 403], ministack=None)
def what_a_certificate_loses(emulator: Emulator) -> list[int] | None:
    if not (device := _device(emulator)):
        return None
    arn, certificate = device.made["certificateArn"], device.made["certificateId"]
    lost = []
    for status in ("INACTIVE", "REVOKED"):
        device.iot.update_certificate(certificateId=certificate, newStatus=status)
        lost.append(device.exchange(device.thing))
    device.iot.update_certificate(certificateId=certificate, newStatus="ACTIVE")
    assert isinstance(device.exchange(device.thing), dict)
    device.iot.detach_policy(policyName=device.name, target=arn)
    return [*lost, device.exchange(device.thing)]


@probe(aws=[403, 200], ministack=None)
def a_role_that_trusts_another_alias_only(emulator: Emulator) -> list[int] | None:
    if not (device := _device(emulator)):
        return None
    role = device.iot.describe_role_alias(roleAlias=device.alias)["roleAliasDescription"]["roleArn"].rsplit("/")[-1]
    answers = []
    for alias in ("another", device.alias):
        source = f"arn:aws:iot:{REGION}:{ACCOUNT}:rolealias/{alias}"
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": PROVIDER},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        emulator.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=document)
        found = device.exchange(device.thing)
        answers.append(200 if isinstance(found, dict) else found)
    return answers
