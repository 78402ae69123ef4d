"""A stand-in of AWS (ministack) on this machine for as long as a `with` block, and what the demos ask of it.

It runs the zip of `make lambda` as local processes, has tables and FIFO queues, and hands messages of a queue to a
function. It checks no rights and no signatures, so what is asked of it is asked without any library of AWS.
"""
import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
ACCOUNT = "000000000000"
WAIT_S = 120
TARGETS = {"sqs": "AmazonSQS", "dynamodb": "DynamoDB_20120810"}


def program():
    """The pinned ministack of tools/stand-ins.sh, or None where it is not installed."""
    folder = Path(os.environ.get("HOIST_STAND_INS", SOURCE / "build/stand-ins"))
    found = folder / "venv/bin/ministack"
    return found if found.exists() else None


def wait_for(what, done):
    """What `done` answers as soon as it is not false."""
    end = time.monotonic() + WAIT_S
    while not (answer := done()):
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {WAIT_S} s")
        time.sleep(0.05)  # the stand-in tells nobody when something happens
    return answer


def free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


class Answer:
    """What a function answered to an HTTP request."""

    def __init__(self, answer):
        self.status = answer["statusCode"]
        self.body = json.loads(answer["body"]) if answer["body"] else None


class LocalAws:
    def __enter__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AWS_ENDPOINT_URL": self.url,
                       "AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"}
        self._process = subprocess.Popen([program()], env=environment, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        wait_for("the stand-in's start", self._healthy)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def call(self, service, action, **members):
        """An action of SQS or DynamoDB."""
        return self._ask("POST", "/", members, service, {"Content-Type": "application/x-amz-json-1.0",
                                                         "X-Amz-Target": f"{TARGETS[service]}.{action}"})

    def create_table(self, name, definition):
        """The table that a file of deploy/ describes."""
        described = json.loads((SOURCE / "deploy" / definition).read_text())
        self.call("dynamodb", "CreateTable", TableName=name, **described)

    def items(self, table):
        return self.call("dynamodb", "Scan", TableName=table)["Items"]

    def create_queue(self, name, **attributes):
        """The address of a FIFO queue, and its name in policies."""
        made = self.call("sqs", "CreateQueue", QueueName=name, Attributes={"FifoQueue": "true", **attributes})
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        return made["QueueUrl"], arn

    def create_function(self, name, archive, **variables):
        """HOIST_FUNCTION is its name, as in the stacks."""
        self._ask("POST", "/2015-03-31/functions", {
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 30,
            "Role": f"arn:aws:iam::{ACCOUNT}:role/demo", "Code": {"ZipFile": base64.b64encode(archive).decode()},
            "Environment": {"Variables": {"HOIST_FUNCTION": name, "HOIST_LOG_FORMAT": "json", **variables}}}, "lambda")

    def feed(self, function, queue_arn):
        """Hands the queue's messages to the function, as the stack's event source mapping does."""
        self._ask("POST", "/2015-03-31/event-source-mappings", {
            "FunctionName": function, "EventSourceArn": queue_arn, "BatchSize": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"]}, "lambda")

    def ask(self, function, method, path, body=None, **headers):
        """An HTTP request, as an API Gateway that has checked an API key hands it to the function.

        The stand-in has a gateway, but it does not tell the function whose key it was.
        """
        headers = {"Host": "api.example", "Content-Type": "application/json",
                   **{name.replace("_", "-"): value for name, value in headers.items()}}
        event = {"resource": "/{proxy+}", "path": path, "httpMethod": method,
                 "multiValueHeaders": {name: [value] for name, value in headers.items()},
                 "requestContext": {"resourceId": "demo", "stage": "demo",
                                    "identity": {"sourceIp": "192.0.2.7", "apiKeyId": "demo"}},
                 "body": None if body is None else json.dumps(body), "isBase64Encoded": False}
        answer = self._ask("POST", f"/2015-03-31/functions/{function}/invocations", event, "lambda")
        if "statusCode" not in answer:
            sys.exit(f"{function} failed: {answer}")
        return Answer(answer)

    def _ask(self, method, path, body, service, headers=None):
        scope = f"AWS4-HMAC-SHA256 Credential=demo/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method=method,
                                         headers={"Authorization": scope, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            sys.exit(f"the stand-in refused {method} {path} of {service}: {error.code} {error.read().decode()}")
        return json.loads(text) if text else {}

    def _healthy(self):
        if self._process.poll() is not None:
            sys.exit("the stand-in ended")
        try:
            with urllib.request.urlopen(self.url + "/_ministack/health", timeout=2):
                return True
        except OSError:
            return False


def started():
    """The stand-in, or the end of the program where it is not installed."""
    if program() is None:
        sys.exit("ministack is not installed: tools/stand-ins.sh installs it, into build/stand-ins")
    return LocalAws()
