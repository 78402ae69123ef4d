"""A local stand-in of AWS (ministack), and our stacks deployed into it from the CDK's templates.

It runs CloudFormation, API Gateway, queues, tables and functions as local processes; it checks no
rights and knows some types of resources not at all. Both are said by the tests that use it.
"""
import contextlib
import io
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import botocore.exceptions

DEADLINE_S = 120
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def wait_for(what: str, done):
    """What `done` answers as soon as it is not false."""
    end = time.monotonic() + DEADLINE_S
    while not (answer := done()):
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not happen within {DEADLINE_S} s")
        time.sleep(0.1)
    return answer


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def substitute() -> bytes:
    """An archive of substitute.py as `bootstrap`, run by this very Python."""
    source = pathlib.Path(__file__).with_name("substitute.py").read_text()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(entry, f"#!{sys.executable}\n{source}")
    return archive.getvalue()


class Answer:
    """What the gateway answered: its status, headers and JSON."""

    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = headers
        self.body = json.loads(body) if body else None

    def __repr__(self) -> str:
        return f"{self.status} {self.body}"


class StandIn:
    """Runs while the `with` block does. `left_out` says which types of which stack it refused."""

    def __init__(self, ministack: str, templates: str, archive: bytes):
        self.address = f"http://127.0.0.1:{free_port()}"
        self.left_out: dict[str, list[str]] = {}
        self._program = ministack
        self._archive = archive  # of all functions
        self._templates = pathlib.Path(templates)
        self._process = None

    def __enter__(self):
        port = self.address.rsplit(":", 1)[1]
        bind = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": port, "AWS_ENDPOINT_URL": self.address}
        # pylint: disable=consider-using-with
        self._process = subprocess.Popen(
            [self._program],
            env={**os.environ, **KEYS, **bind},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for("the stand-in's start", self._healthy)
        self.client("s3").create_bucket(Bucket="assets")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def deploy(self, stacks: list[str]) -> dict[str, str]:
        """All outputs of the stacks, created in this order."""
        formation = self.client("cloudformation")
        outputs = {}
        for stack in stacks:
            self._create(formation, stack)

            def state(name=stack) -> dict:
                return formation.describe_stacks(StackName=name)["Stacks"][0]

            wait_for(stack, lambda: "IN_PROGRESS" not in state()["StackStatus"])
            if state()["StackStatus"] != "CREATE_COMPLETE":
                raise SystemExit(f"{stack}: {self._failures(formation, stack)}")
            outputs |= {o["OutputKey"]: o["OutputValue"] for o in state().get("Outputs", [])}
        return outputs

    def call(self, url: str, method: str, path: str, body=None, **headers: str) -> Answer:
        """A request to the API whose address is `url`, by the stand-in's own way to it."""
        host, stage = re.match(r"https://(\w+)\.execute-api\.[^/]+/(\w+)", url).groups()
        request = urllib.request.Request(
            f"{self.address}/_aws/execute-api/{host}/{stage}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def key(self, stack: str) -> str:
        """The value of the stack's API key."""
        gateway = self.client("apigateway")
        items = gateway.get_api_keys(includeValues=True)["items"]
        (value,) = [i["value"] for i in items if i["name"].startswith(stack)] or [
            i["value"] for i in items
        ]
        return value

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/_ministack/health", timeout=2):
                return True
        except OSError:
            return False

    def _create(self, formation, stack: str) -> None:
        """Creates it as it is or, where the stand-in refuses types of resources, without those."""
        body = self._template(stack)
        try:
            self._submit(formation, stack, body)
        except botocore.exceptions.ClientError as error:
            refused = re.search(r"Unrecognized resource types: \[(.*)\]", str(error))
            if not refused:
                raise
            self.left_out[stack] = refused.group(1).split(", ")
            self._submit(formation, stack, without(body, self.left_out[stack]))

    @staticmethod
    def _submit(formation, stack: str, body: dict) -> None:
        formation.create_stack(
            StackName=stack,
            TemplateBody=json.dumps(body),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    def _template(self, stack: str) -> dict:
        """The template as written, but for the bucket of assets and the check of the bootstrap."""
        body = json.loads((self._templates / f"{stack}.template.json").read_text())
        body.pop("Rules", None)
        body.get("Parameters", {}).pop("BootstrapVersion", None)
        for resource in body["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                code = resource["Properties"]["Code"]
                code["S3Bucket"] = "assets"
                self.client("s3").put_object(Bucket="assets", Key=code["S3Key"], Body=self._archive)
        return body

    @staticmethod
    def _failures(formation, stack: str) -> list[str]:
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        return [
            f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}"
            for e in events
            if e["ResourceStatus"].endswith("FAILED")
        ]


def without(body: dict, types: list[str]) -> dict:
    """A template without resources of these types, which nothing may refer to but an order."""
    resources = body["Resources"]
    gone = {name for name, r in resources.items() if r["Type"] in types}
    left = {name: dict(r) for name, r in resources.items() if name not in gone}
    for resource in left.values():
        before = resource.pop("DependsOn", [])
        before = [before] if isinstance(before, str) else before
        if kept := [name for name in before if name not in gone]:
            resource["DependsOn"] = kept
    return {**body, "Resources": left}
