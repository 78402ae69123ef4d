"""Deploys the task stacks into the stand-in and sends tasks all the way through them.

POST, queue, processor, effect; a task that fails three times, its dead letter, its redrive.
Usage: tasks.py MINISTACK TEMPLATE_FOLDER
"""
import json
import pathlib
import sys
import tempfile

import botocore.exceptions
from stand_in import StandIn, wait_for

STACKS = ["TaskManagementShared-prod", "TaskManagementApi-prod", "TaskManagementProcessing-prod"]
ORIGIN = "https://app.hoist.example.com"


class Tasks:
    """The deployed stacks, as their clients and their operators see them."""

    def __init__(self, aws: StandIn):
        self.aws = aws
        self.outputs = aws.deploy(STACKS)
        self.sqs = aws.client("sqs")
        self.key = aws.key("TaskManagementApi")

    def post(self, title: str, description: str = "", group: str = "default") -> None:
        task = {"title": title, "description": description, "priority": "high", "group": group}
        url = self.outputs["Url"]
        answer = self.aws.call(url, "POST", "/tasks", task, X_Api_Key=self.key)
        assert answer.status == 201 and answer.body["task_id"] == title, answer

    def effects(self) -> list[str]:
        """Keys of what was done, in the order in which it was."""
        rows = self.aws.client("dynamodb").scan(TableName="hoist-task-effects-prod")["Items"]
        rows.sort(key=lambda row: int(row["done_at"]["N"]))
        return [row["effect_key"]["S"] for row in rows]

    def dead(self) -> list[dict]:
        """The dead letters, in their order; they stay hidden for a while from who asks again."""
        return self.sqs.receive_message(
            QueueUrl=self.outputs["DeadLetterUrl"],
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageGroupId", "DeadLetterQueueSourceArn"],
        ).get("Messages", [])


def wiring(tasks: Tasks) -> None:
    functions, outputs = tasks.aws.client("lambda"), tasks.outputs

    def attributes(url: str) -> dict:
        return tasks.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

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


def gateway(tasks: Tasks) -> None:
    """What is refused before any function runs, and how."""
    url, call = tasks.outputs["Url"], tasks.aws.call
    refused = call(url, "POST", "/tasks", {"title": "no key"})
    assert (refused.status, refused.body["code"]) == (401, "unauthenticated"), refused
    for method in ["GET", "PUT", "DELETE"]:
        refused = call(url, method, "/tasks", X_Api_Key=tasks.key)
        assert (refused.status, refused.body["code"]) == (405, "method_not_allowed"), refused
        assert refused.headers["Allow"] == "POST, OPTIONS", refused.headers
    refused = call(url, "POST", "/other", {}, X_Api_Key=tasks.key)
    assert (refused.status, refused.body["code"]) == (404, "not_found"), refused
    preflight = call(url, "OPTIONS", "/tasks", Origin=ORIGIN)
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN, preflight.headers
    assert tasks.effects() == [], "a refused request has no effect"


def order(tasks: Tasks) -> None:
    titles = [f"ordered {n}" for n in range(12)]
    for title in titles:
        tasks.post(title)
    wait_for("the tasks' end", lambda: len(tasks.effects()) == len(titles))
    assert tasks.effects() == titles, tasks.effects()


def dead_letter(tasks: Tasks, cause: pathlib.Path) -> None:
    """A task that fails holds its group up for three attempts, and no longer."""
    before = len(tasks.effects())
    cause.touch()
    tasks.post("fails", str(cause), group="site")
    tasks.post("behind", group="site")
    tasks.post("elsewhere", group="other")
    (letter,) = wait_for("the dead letter", tasks.dead)
    assert json.loads(letter["Body"])["title"] == "fails", letter
    assert letter["Attributes"]["MessageGroupId"] == "site", letter
    wait_for("the group's going on", lambda: "behind" in tasks.effects())
    seen = tasks.effects()[before:]
    assert "elsewhere" in seen, seen
    seen.remove("elsewhere")
    assert seen == ["fails failed 1", "fails failed 2", "fails failed 3", "behind"], seen
    redrive(tasks, letter, cause)


def redrive(tasks: Tasks, letter: dict, cause: pathlib.Path) -> None:
    try:
        attributes = tasks.sqs.get_queue_attributes(
            QueueUrl=tasks.outputs["DeadLetterUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]
        tasks.sqs.start_message_move_task(SourceArn=attributes["QueueArn"])
        raise SystemExit("the stand-in has learned to redrive FIFO queues: let this test use it")
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAction", error
    cause.unlink()
    tasks.sqs.send_message(
        QueueUrl=tasks.outputs["QueueUrl"],
        MessageBody=letter["Body"],
        MessageGroupId=letter["Attributes"]["MessageGroupId"],
        MessageDeduplicationId="fails again",
    )
    tasks.sqs.delete_message(
        QueueUrl=tasks.outputs["DeadLetterUrl"], ReceiptHandle=letter["ReceiptHandle"]
    )
    wait_for("the redriven task's end", lambda: tasks.effects()[-1] == "fails")


def main(ministack: str, folder: str) -> None:
    with StandIn(ministack, folder) as aws, tempfile.TemporaryDirectory() as scratch:
        tasks = Tasks(aws)
        wiring(tasks)
        gateway(tasks)
        order(tasks)
        dead_letter(tasks, pathlib.Path(scratch) / "cause")
        assert aws.left_out == {}, aws.left_out
    print("tasks: created, refused as written, 12 in order, 3 tries, dead letter, redrive")
    print("not shown: rights (the stand-in checks none); the program (substitute.py); the gateway's")
    print("  check of bodies and its throttling (the stand-in does not make them from a template);")
    print("  start-message-move-task (the stand-in has none: the letter is sent again by hand)")


if __name__ == "__main__":
    main(*sys.argv[1:])
