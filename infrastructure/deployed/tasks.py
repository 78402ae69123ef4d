"""Deploys the task stacks into the stand-in and sends tasks all the way through the program in them.

POST, queue, processor, effect; what fails three times, and its dead letter.
Usage: tasks.py MINISTACK TEMPLATE_FOLDER ZIP
"""
import json
import pathlib
import sys

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
        self.titles: dict[str, str] = {}  # by the id of the task

    def post(self, title: str, group: str = "default") -> None:
        """As API Gateway does: the stand-in's own does not tell the function whose key it was."""
        task = {"title": title, "description": "", "priority": "high", "group": group}
        event = {
            "path": "/tasks",
            "httpMethod": "POST",
            "multiValueHeaders": {"Host": ["api"], "Content-Type": ["application/json"]},
            "requestContext": {"resourceId": "r", "identity": {"apiKeyId": "k"}},
            "body": json.dumps(task),
            "isBase64Encoded": False,
        }
        functions = self.aws.client("lambda")
        (name,) = [
            fn["FunctionName"]
            for fn in functions.list_functions()["Functions"]
            if fn["Environment"]["Variables"]["HOIST_FUNCTION"] == "tasks-api"
        ]
        invoked = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        answer = json.load(invoked["Payload"])
        assert answer["statusCode"] == 201, answer
        self.titles[json.loads(answer["body"])["task_id"]] = title

    def done(self) -> list[str]:
        """Titles of what was done, in the order in which it was."""
        rows = self.aws.client("dynamodb").scan(TableName="hoist-task-effects-prod")["Items"]
        rows.sort(key=lambda row: int(row["done_at"]["N"]))
        return [self.titles[row["effect_key"]["S"]] for row in rows]

    def dead(self) -> list[dict]:
        """The dead letters, in their order; they stay hidden for a while from who asks again."""
        return self.sqs.receive_message(
            QueueUrl=self.outputs["DeadLetterUrl"],
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageGroupId"],
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
    assert tasks.done() == [], "a refused request has no effect"


def reached(tasks: Tasks) -> None:
    """What the gateway lets in reaches the function, which wants to know whose key it was."""
    task = {"title": "t", "description": "", "priority": "low"}
    answer = tasks.aws.call(tasks.outputs["Url"], "POST", "/tasks", task, X_Api_Key=tasks.key)
    if answer.status == 201:
        raise SystemExit("the stand-in has learned to tell whose key it was: let post() use it")
    assert (answer.status, answer.body["code"]) == (401, "token_missing"), answer


def order(tasks: Tasks) -> None:
    titles = [f"ordered {n}" for n in range(12)]
    for title in titles:
        tasks.post(title)
    wait_for("the tasks' end", lambda: len(tasks.done()) == len(titles))
    assert tasks.done() == titles, tasks.done()


def dead_letter(tasks: Tasks) -> None:
    """What is no task holds its group up for three tries, and no longer."""
    before = len(tasks.done())
    tasks.sqs.send_message(
        QueueUrl=tasks.outputs["QueueUrl"],
        MessageBody="no task",
        MessageGroupId="site",
        MessageDeduplicationId="poison",
    )
    tasks.post("behind", group="site")
    tasks.post("elsewhere", group="other")
    (letter,) = wait_for("the dead letter", tasks.dead)
    assert letter["Body"] == "no task", letter
    assert letter["Attributes"]["MessageGroupId"] == "site", letter
    wait_for("the group's going on", lambda: len(tasks.done()) == before + 2)
    assert sorted(tasks.done()[before:]) == ["behind", "elsewhere"], tasks.done()


def main(ministack: str, folder: str, archive: str) -> None:
    with StandIn(ministack, folder, pathlib.Path(archive).read_bytes()) as aws:
        tasks = Tasks(aws)
        wiring(tasks)
        gateway(tasks)
        reached(tasks)
        order(tasks)
        dead_letter(tasks)
        assert aws.left_out == {}, aws.left_out
    print("tasks: created, refused as written, 12 in order, a dead letter, its group goes on")
    print("not shown: rights (the stand-in checks none); the gateway's check of bodies and its")
    print("  throttling (the stand-in does not make them from a template), nor its key beyond the")
    print("  refusal (functions are handed the event of API Gateway); redrive (make demo-tasks)")


if __name__ == "__main__":
    main(*sys.argv[1:])
