"""What the functions hold in these tests until the Hoist binary answers as a function.

It knows just enough to show that the templates wire the briefs' paths: it reads the settings they
pass, and calls what the roles are granted. It validates nothing and keeps no promise of Hoist's.
"""
import json
import os
import time
import urllib.request

import boto3

NEXT = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def client(service: str):
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def answer(status: int, body: dict) -> dict:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def tasks_api(event: dict) -> dict:
    task = json.loads(event["body"])
    sent = client("sqs").send_message(
        QueueUrl=os.environ["HOIST_TASKS_QUEUE_URL"],
        MessageBody=json.dumps(task),
        MessageGroupId=task.get("group", "default"),
        MessageDeduplicationId=task["title"],
    )
    return answer(201, {"task_id": task["title"], "sequence": sent["SequenceNumber"]})


def tasks_processor(event: dict) -> dict:
    """Stops at the first failure of a group: it and all that follow it there are given back."""
    failed, groups = [], set()
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group in groups or not run(record):
            groups.add(group)
            failed.append({"itemIdentifier": record["messageId"]})
            give_back(record)
    return {"batchItemFailures": failed}


def run(record: dict) -> bool:
    """A task whose description names a file fails for as long as that file is there."""
    task = json.loads(record["body"])
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    if os.path.exists(task["description"]):
        effect(f"{task['title']} failed {attempt}")
        return False
    effect(task["title"])
    return True


def effect(key: str) -> None:
    table, now = os.environ["HOIST_TASKS_EFFECTS_TABLE"], str(time.time_ns())
    client("dynamodb").put_item(
        TableName=table, Item={"effect_key": {"S": key}, "done_at": {"N": now}}
    )


def give_back(record: dict) -> None:
    """At once: the queue would hide it for three minutes."""
    client("sqs").change_message_visibility(
        QueueUrl=queue_url(record["eventSourceARN"]),
        ReceiptHandle=record["receiptHandle"],
        VisibilityTimeout=0,
    )


def queue_url(arn: str) -> str:
    *_, account, name = arn.split(":")
    return f"{os.environ['AWS_ENDPOINT_URL']}/{account}/{name}"


def events_api(event: dict) -> dict:
    """The index is SQL Server, which no stand-in has: only the address and the login are shown."""
    secret = os.environ["HOIST_EVENTS_INDEX_SECRET"]
    login = json.loads(client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    index = f"{os.environ['HOIST_EVENTS_INDEX_HOST']}:{os.environ['HOIST_EVENTS_INDEX_PORT']}"
    if event["httpMethod"] == "GET":
        return answer(200, {"userId": event["pathParameters"]["userId"], "index": index})
    given = json.loads(event["body"])
    client("dynamodb").put_item(
        TableName=os.environ["HOIST_EVENTS_DETAILS_TABLE"],
        Item={
            "eventId": {"S": given["eventId"]},
            "tenant": {"S": "default"},
            "details": {"S": json.dumps(given["details"])},
        },
    )
    return answer(201, {"eventId": given["eventId"], "index": index, "login": login["username"]})


FUNCTIONS = {
    "tasks-api": tasks_api,
    "tasks-processor": tasks_processor,
    "events-api": events_api,
}


def main() -> None:
    function = FUNCTIONS[os.environ["HOIST_FUNCTION"]]
    while True:
        with urllib.request.urlopen(f"{NEXT}/next") as invocation:
            name = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(invocation)
        try:
            path, body = "response", function(event)
        except Exception as error:  # pylint: disable=broad-exception-caught
            path, body = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        with urllib.request.urlopen(f"{NEXT}/{name}/{path}", json.dumps(body).encode()):
            pass


main()
