"""Deploys the task stacks, from the templates that the CDK wrote, into a local stand-in of AWS.

Shows that CloudFormation's order, exports and references hold, and that what comes out is wired as
meant: FIFO queue, dead letters, consumer. What it does not show is printed: the functions hold a
placeholder until their binary is built, and the stand-in checks no rights.
Usage: tasks.py MINISTACK TEMPLATE_FOLDER
"""
import contextlib
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import boto3

STACKS = ["TaskManagementShared-prod", "TaskManagementApi-prod", "TaskManagementProcessing-prod"]
DEADLINE_S = 120


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, done) -> None:
    end = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not happen within {DEADLINE_S} s")
        time.sleep(0.2)


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_ministack/health", timeout=2):
            return True
    except OSError:
        return False


def placeholder() -> bytes:
    bootstrap = pathlib.Path(__file__).parent.parent / "placeholder" / "lambda" / "bootstrap"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.write(bootstrap, "bootstrap")
    return archive.getvalue()


def template(folder: pathlib.Path, stack: str, s3) -> str:
    """The template as written, but for the bucket of assets and the check of the bootstrap."""
    body = json.loads((folder / f"{stack}.template.json").read_text())
    body.pop("Rules", None)
    body.get("Parameters", {}).pop("BootstrapVersion", None)
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            code = resource["Properties"]["Code"]
            code["S3Bucket"] = "assets"
            s3.put_object(Bucket="assets", Key=code["S3Key"], Body=placeholder())
    return json.dumps(body)


def deploy(folder: pathlib.Path, client) -> dict:
    formation, s3 = client("cloudformation"), client("s3")
    s3.create_bucket(Bucket="assets")
    outputs = {}
    for stack in STACKS:
        formation.create_stack(
            StackName=stack,
            TemplateBody=template(folder, stack, s3),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

        def state(name=stack) -> dict:
            return formation.describe_stacks(StackName=name)["Stacks"][0]

        wait_for(stack, lambda: "IN_PROGRESS" not in state()["StackStatus"])
        assert state()["StackStatus"] == "CREATE_COMPLETE", (stack, state())
        outputs |= {o["OutputKey"]: o["OutputValue"] for o in state().get("Outputs", [])}
    return outputs


def check(outputs: dict, client) -> None:
    sqs, functions = client("sqs"), client("lambda")

    def attributes(url: str) -> dict:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    queue, dead = attributes(outputs["QueueUrl"]), attributes(outputs["DeadLetterUrl"])
    assert queue["FifoQueue"] == dead["FifoQueue"] == "true"
    redrive = json.loads(queue["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead["QueueArn"], redrive
    assert int(redrive["maxReceiveCount"]) == 3, redrive
    assert queue["VisibilityTimeout"] == "180", queue["VisibilityTimeout"]
    (consumer,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert consumer["UUID"] == outputs["ConsumerId"]
    assert consumer["EventSourceArn"] == queue["QueueArn"]
    assert consumer["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    api = functions.get_function_configuration(FunctionName="hoist-tasks-api-prod")
    assert api["Runtime"] == "provided.al2023"
    assert api["Environment"]["Variables"]["HOIST_TASKS_QUEUE_URL"] == outputs["QueueUrl"]


def main(program: str, folder: str) -> None:
    port = free_port()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    bind = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    # pylint: disable=consider-using-with
    server = subprocess.Popen(
        [program],
        env={**os.environ, **keys, **bind},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    try:
        wait_for("the stand-in's start", lambda: healthy(address))
        check(deploy(pathlib.Path(folder), client), client)
    finally:
        server.terminate()
        server.wait()
    print(f"created and wired: {', '.join(STACKS)}")
    print("not shown: rights (the stand-in checks none); the program (a placeholder)")


if __name__ == "__main__":
    main(*sys.argv[1:])
