"""`make tour`: real requests to the deployed system, each with its reply, and a sample of the attack suite."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests
from requests_aws4auth import AWS4Auth
from rich.console import Console
from rich.markup import escape

from tenantry.attacks import terminal
from tenantry.attacks.accounts import Person, Tokens, sign_up, srp
from tenantry.attacks.page import page
from tenantry.attacks.runner import run
from tenantry.attacks.surfaces import REGISTRY
from tenantry.attacks.target import Target
from tenantry.attacks.waiting import until
from tenantry.ingest_client import CredentialsProvider, IngestClient
from tenantry.local import mail, streaming
from tenantry.local.cloud import LocalCloud
from tenantry.local.errors import LocalCloudError
from tenantry.local.settings import REGION, write_private
from tenantry.operate.devices.folder import DeviceFolder
from tenantry.operate.devices.lifecycle import Devices
from tenantry.operate.devices.names import Server
from tenantry.operate.environment import Environment, EnvironmentNotReadyError
from tenantry.testing.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE_SECONDS: Final = 60.0
_TIMEOUT_SECONDS: Final = 30
_PARTITIONS: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql")
#: One attack on each surface, at least one for each kind of threat, of those that need few people and tenants.
SAMPLE: Final = (
    "admin-api-unsigned",
    "declared-rows-both",
    "employees-same-id",
    "events-put-as-stranger",
    "identity-alg-none",
    "ingest-path-prefix",
    "iot-another-tenants-thing",
    "lake-application",
    "membership-switch-foreign",
    "parks-foreign",
    "queue-session",
    "roles-rules",
    "sessions-certificate-revoked-new-credentials",
    "storage-bucket-colleague-read",
    "stream-write",
    "tenant-api-no-token-get",
    "tokens-alg-none",
    "vending-tag-wildcard-bucket",
    "webhooks-publish",
)
_SHOWN_CLAIMS: Final = ("token_use", "cognito:username", "email", "tenant")


class Tour:
    """A walk through the deployed system.

    Parameters
    ----------
    cloud
        A local cloud with the app deployed.
    console
        Where the tour is told.
    """

    def __init__(self, cloud: LocalCloud, console: Console) -> None:
        self._cloud = cloud
        self._console = console
        self._target = Target.named(state=cloud.folder.root)
        self._http = requests.Session()
        self._http.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
        self._http.verify = str(cloud.ca_bundle)
        self._number = 0

    def walk(self) -> int:
        """Take the tour, and return 0 if everything was as it must be."""
        ada = self._join("Ada Lovelace")
        self._work(ada)
        grace = self._join("Grace Hopper", quietly=True)
        self._trespass(grace, ada)
        self._open_parks(ada, grace)
        self._visit(grace, ada)
        self._share_a_table(ada, grace)
        self._share_buckets(ada, grace)
        self._send_from_a_server(ada, grace)
        self._send_as_a_user(grace)
        self._look_into_the_lake(ada, grace)
        status = self._attack()
        self._farewell(ada, grace)
        return status

    def _join(self, name: str, *, quietly: bool = False) -> Person:
        cognito = self._target.aws.anonymous().cognito
        email = f"{name.split(maxsplit=1)[0].lower()}-{secrets.token_hex(3)}@example.com"
        password = f"{secrets.token_urlsafe(15)}aA1!"
        began = time.monotonic()

        user_id = sign_up(cognito, self._target.client_id, email, password, name=name)
        if not quietly:
            self._step(f"{name} signs up with Cognito.")
            self._reply({"UserSub": user_id})

        message = mail.latest(self._cloud.folder, email)
        if message is None:
            raise LocalCloudError(f"No code was sent to {email}.")
        cognito.confirm_sign_up(ClientId=self._target.client_id, Username=email, ConfirmationCode=message.code)
        if not quietly:
            self._step(
                "She confirms with the code from the e-mail. This starts the saga: create user, tenant and first admin."
            )
            self._print(f"   mail: [dim]{escape(message.body)}[/]")

        tokens = self._tokens_with_tenant(email, password)
        claims = tokens.claims
        seconds = time.monotonic() - began
        if quietly:
            self._step(f"{name} signs up too, and gets her own tenant.")
        else:
            self._step("She signs in with SRP. Her token has the tenant that the saga created.")
        self._reply({claim: claims[claim] for claim in _SHOWN_CLAIMS})
        self._print(f"   from sign-up to a token with the tenant: [bold]{seconds:.1f} s[/]")
        return Person(
            name=name,
            email=email,
            password=password,
            user_id=claims["cognito:username"],
            tenant=claims["tenant"],
            tokens=tokens,
        )

    def _tokens_with_tenant(self, email: str, password: str) -> Tokens:
        cognito = self._target.aws.anonymous().cognito

        def with_tenant() -> Tokens | None:
            tokens = srp(cognito, self._target.user_pool_id, self._target.client_id, email, password)
            return tokens if tokens.tenant else None

        if found := until(with_tenant, _PATIENCE_SECONDS):
            return found
        raise LocalCloudError(
            f"The saga created no tenant within {_PATIENCE_SECONDS:.0f} s. Look at: "
            ".venv/bin/tenantry dead-letters list, and python -m tenantry.local logs"
        )

    def _work(self, ada: Person) -> None:
        self._step("She reads her tenant.")
        self._request("GET", f"/tenant/{ada.tenant}", ada)
        self._step("She renames it: she is its admin.")
        self._request("PUT", f"/tenant/{ada.tenant}", ada, body={"name": "Analytical Engines"})
        self._step("She reads it again with the same token: the cached authorizer policy covers every route.")
        self._request("GET", f"/tenant/{ada.tenant}", ada)
        self._step("She lists her tenants.")
        self._request("GET", f"/tenants/{ada.user_id}", ada)
        self._step("A service gets the same list from the admin API, signed with SigV4.")
        self._admin_request(f"/tenants/{ada.user_id}")

    def _trespass(self, grace: Person, ada: Person) -> None:
        self._step("Grace requests Ada's tenant right after Ada: 403.")
        self._request("GET", f"/tenant/{ada.tenant}", grace, expect=403)
        self._step("Grace tries to rename it.")
        self._request("PUT", f"/tenant/{ada.tenant}", grace, expect=403, body={"name": "Mine now"})
        self._step("A request without a token: 401.")
        self._request("GET", f"/tenant/{ada.tenant}", None, expect=401)

    def _visit(self, grace: Person, ada: Person) -> None:
        ask = partial(self._request, api=self._cloud.output("MembershipApiUrl"))
        members = f"/tenants/{ada.tenant}/members"
        self._step("Ada invites Grace as a visitor. Grace, whose address is verified, accepts.")
        ask("POST", members, ada, expect=201, body={"email": grace.email, "roles": ["visitor"]})
        ask("POST", f"/invitations/{ada.tenant}/acceptance", grace, expect=201)
        self._step("She makes Ada's tenant active. The next call with the same token acts in Ada's tenant.")
        ask("PUT", "/settings", grace, expect=204, body={"tenantId": ada.tenant})
        ask("GET", "/settings", grace)
        self._step("A visitor cannot list the members: 403. She switches back to her own tenant.")
        ask("GET", members, grace, expect=403)
        ask("PUT", "/settings", grace, expect=204, body={"tenantId": grace.tenant})
        ask("GET", "/tenants", grace)

    def _open_parks(self, ada: Person, grace: Person) -> None:
        ask = partial(self._request, api=self._cloud.output("ParksApiUrl"))
        park, status = {"id": "hyde-park", "name": 'The "Serpentine" & $context #1'}, {"status": "park-closed"}
        self._step("Ada adds a park: API Gateway writes to DynamoDB directly; the mapping template escapes the name.")
        ask("POST", "/parks", ada, expect=201, body=park)
        self._step("She closes it, by a workflow that notifies webhooks, and updates many parks asynchronously.")
        ask("POST", "/parks/hyde-park/statuses", ada, expect=204, body=status)
        many = {"ids": ["hyde-park"], "status": "park-opened"}
        ask("POST", "/parks/statuses", ada, expect=202, body=many)
        ask("GET", "/parks", ada)
        self._step("Grace gets 404 for this park. A webhook to a private address is refused for everyone.")
        ask("GET", "/parks/hyde-park", grace, expect=404)
        hook = {"eventType": "park-closed", "endpoint": "https://10-0-0-1.sslip.io/"}
        ask("POST", "/parks/hyde-park/webhooks", ada, expect=400, body=hook)

    def _share_a_table(self, ada: Person, grace: Person) -> None:
        ask = partial(self._request, api=self._cloud.output("EmployeesApiUrl"))
        employee = {"Id": "e-1", "Name": "Charles Babbage"}
        self._step("Ada adds an employee to a table that all tenants share, with credentials limited to her tenant.")
        ask("POST", "/employees", ada, expect=201, body=employee)
        self._step("Grace, with credentials of her tenant, sees no employees in the same table and can replace none.")
        ask("GET", "/employees", grace)
        ask("PUT", "/employees/e-1", grace, expect=404, body={**employee, "Name": "Mine"})

    def _share_buckets(self, ada: Person, grace: Person) -> None:
        ask = partial(self._request, api=self._cloud.output("StorageApiUrl"))
        body = {"key": "notes/engine.txt", "value": "It weaves algebraical patterns."}
        self._step("Ada stores an object on S3 in each partition mode. The first request creates her tenant's bucket.")
        for partition in _PARTITIONS:
            ask("PUT", f"/object?partition={partition}", ada, expect=201, body=body)
        self._step("She lists and reads her objects. Grace sees none of them in the same buckets.")
        ask("GET", "/object?partition=tag", ada)
        ask("GET", "/object?partition=tag&key=notes/engine.txt", ada)
        ask("GET", "/object?partition=tag", grace)
        ask("GET", "/object?partition=tag&key=notes/engine.txt", grace, expect=404)

    def _send_from_a_server(self, ada: Person, grace: Person) -> None:
        server, folder = self._new_server(ada.tenant)
        self._step(
            "The operator issues a certificate for a server of Ada's tenant. The private key stays on this machine."
        )
        self._print(f"   tenantry devices issue {server.tenant} {server.name} --out {_shown(folder)}")
        certificate = Devices(Environment.load(state=self._cloud.folder.root)).issue(server, DeviceFolder(folder))
        self._reply({"certificate": certificate.id[:12], "thing": server.thing(self._target.app)})

        self._step("The server exchanges it for credentials over mutual TLS, and sends its sales in one batch.")
        with IngestClient(folder) as client:
            for number in range(1, 7):
                client.put({"sale": f"{server.name}-{number}", "amount": "9.90"})
            client.flush(_PATIENCE_SECONDS)
        self._reply(asdict(client.counters))
        if client.counters.sent != client.counters.accepted:
            raise LocalCloudError(f"The server's records have not arrived: {client.error or client.counters}")

        self._step("With the same credentials, the server tries to send as Grace's tenant.")
        self._ingest(f"/{grace.tenant}", {"Data": {"sale": "mine"}}, _signature_of(folder), expect=403)

    def _new_server(self, tenant: str) -> tuple[Server, Path]:
        server = Server.named(tenant, f"till-{secrets.token_hex(2)}")
        return server, self._cloud.folder.root / "devices" / server.tenant / server.name

    def _send_as_a_user(self, grace: Person) -> None:
        iam, user = self._target.aws.iam, self._cloud.output("TestUserName")
        key = iam.create_access_key(UserName=user)["AccessKey"]
        signature = AWS4Auth(key["AccessKeyId"], key["SecretAccessKey"], REGION, "execute-api")
        payload = {"key1": "value1", "key2": 'it\'s "quoted" #set($x = $context)', "tenantid": "T002"}
        try:
            self._step("An IAM user of T001 sends a record to the stream through a direct integration.")
            self._ingest("/T001", {"Data": payload}, signature)
            self._step(
                "A tenant id in the record is ignored. The path of T002 is refused, and so is an invalid record."
            )
            self._ingest("/T002", {"Data": payload}, signature, expect=403)
            self._ingest("/T001", {"Data": "no object"}, signature, expect=400)
        finally:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        self._step("A server of Grace's tenant sends two records in one batch.")
        server, folder = self._new_server(grace.tenant)
        Devices(Environment.load(state=self._cloud.folder.root)).issue(server, DeviceFolder(folder))
        batch = {"Records": [{"Data": {"sale": number}} for number in (1, 2)]}
        self._ingest(f"/{grace.tenant}/batch", batch, _signature_of(folder))

    @cached_property
    def _streams(self) -> bool:
        return streaming.is_running(self._cloud.session(), self._cloud.outputs)

    def _look_into_the_lake(self, ada: Person, grace: Person) -> None:
        if not self._streams:
            self._step(
                "Left out: records in the data lake. The streaming application does not run; `make up` starts it, or "
                "says why not."
            )
            return
        self._step("The streaming application brings each record into the partition of its tenant in the data lake.")
        lake = Lake(self._target.aws.s3, self._target.lake)
        for tenant, sent in ((ada.tenant, 6), ("T001", 1), (grace.tenant, 2)):
            files = lake.records(tenant, at_least=sent, seconds=_PATIENCE_SECONDS)
            lines = [line for key in files for line in files[key]]
            self._print(f"   s3://{lake.bucket}/{next(iter(files), '')}")
            self._reply(lines[0] if lines else None)
            if len(lines) < sent or any(line["tenantid"] != tenant for line in lines):
                raise LocalCloudError(f"The lake has {len(lines)} records of {tenant}; {sent} were sent.")

    def _ingest(self, path: str, body: object, signature: AWS4Auth, *, expect: int = 200) -> None:
        url = f"{self._target.ingest_api}{path}"
        answer = self._http.post(url, json=body, auth=signature, timeout=_TIMEOUT_SECONDS)
        self._http_reply("POST", path, answer, expect)

    def _attack(self) -> int:
        chosen = [attack for attack in REGISTRY.select(ids=SAMPLE) if self._streams or attack.surface != "lake"]
        self._step(f"A sample of the attack suite: {len(chosen)} attacks on isolation; `make attack` runs all.")
        with terminal.progress(self._console) as told:
            report = run(self._target, attacks=chosen, progress=told)
        terminal.show(report, self._console)
        path = self._cloud.folder.root / "attacks.html"
        path.write_text(page(report))
        self._print(f"   report with each attack and its observations: {_shown(path)}")
        return report.exit_code

    def _farewell(self, ada: Person, grace: Person) -> None:
        folder = self._cloud.folder.root
        for person in (ada, grace):
            write_private(folder / f"{person.name.split()[0].lower()}.token", person.tokens.id)
        env, token = _shown(self._cloud.folder.env), _shown(folder / "ada.token")
        other = _shown(folder / "grace.token")
        self._console.rule("Try it yourself")
        self._print(
            "The cloud keeps running; `make down` removes it. The tokens are valid for one hour. Paste line by line:\n"
        )
        for line in (
            f". {env}",
            f'curl -H "Authorization: Bearer $(cat {token})" $TENANT_API_URL/tenant/{ada.tenant}',
            (
                f'curl -X PUT -H "Authorization: Bearer $(cat {token})" -H "Content-Type: application/json" '
                f'-d \'{{"name": "Engines"}}\' $TENANT_API_URL/tenant/{ada.tenant}'
            ),
            f'curl -i -H "Authorization: Bearer $(cat {other})" $TENANT_API_URL/tenant/{ada.tenant}',
            (
                'curl --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" '
                f"$TENANT_ADMIN_API_URL/tenants/{ada.user_id}"
            ),
        ):
            self._print(line, markup=False)
        self._print(
            f"\nOr in a browser: [bold]{self._cloud.output('DashboardUrl')}[/], as one of two users in two tenants:\n"
        )
        for person in (ada, grace):
            line = f"{person.name:13} {person.email}  {person.password}"
            self._print(line, markup=False)

    def _request(
        self,
        method: str,
        path: str,
        person: Person | None,
        *,
        expect: int = 200,
        body: dict[str, Any] | None = None,
        api: str | None = None,
    ) -> None:
        token = person.tokens.id if person else ""
        # The storage API takes the token in a header of its own.
        headers = {"Authorization": f"Bearer {token}", "x-token": token} if token else {}
        answer = self._http.request(
            method, f"{api or self._target.tenant_api}{path}", headers=headers, json=body, timeout=_TIMEOUT_SECONDS
        )
        self._http_reply(method, path, answer, expect)

    def _admin_request(self, path: str) -> None:
        credentials = self._target.aws.credentials()
        auth = AWS4Auth(credentials.access_key, credentials.secret_key, REGION, "execute-api")
        answer = self._http.get(f"{self._target.admin_api}{path}", auth=auth, timeout=_TIMEOUT_SECONDS)
        self._http_reply("GET", path, answer, 200)

    def _http_reply(self, method: str, path: str, answer: requests.Response, expect: int) -> None:
        self._print(f"   {method} {path}")
        colour = "green" if answer.status_code == expect else "red"
        self._print(f"   [{colour}]{answer.status_code}[/] {escape(answer.text)}")
        if answer.status_code != expect:
            raise LocalCloudError(f"{method} {path} answered {answer.status_code}; expected {expect}.")

    def _step(self, text: str) -> None:
        self._number += 1
        self._print(f"\n[bold]{self._number}. {escape(text)}[/]")

    def _print(self, text: str, *, markup: bool = True) -> None:
        self._console.print(text, soft_wrap=True, markup=markup)

    def _reply(self, value: object) -> None:
        self._print(f"   {escape(json.dumps(value))}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the tour of the local cloud and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.tour", description=__doc__)
    parser.add_argument("--state", type=Path, help="the folder of the local cloud's state (default: .local)")
    parsed = parser.parse_args(arguments)
    try:
        return Tour(LocalCloud(parsed.state), Console(highlight=False)).walk()
    except (EnvironmentNotReadyError, LocalCloudError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _signature_of(folder: Path) -> AWS4Auth:
    """Return what signs as the server whose certificate is in a folder."""
    found = CredentialsProvider(folder).get()
    key = (found.access_key_id, found.secret_access_key)
    return AWS4Auth(*key, REGION, "execute-api", session_token=found.session_token)


def _shown(path: Path) -> str:
    """Return a path as short as it can be typed from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
