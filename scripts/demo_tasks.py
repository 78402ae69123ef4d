#!/usr/bin/env python3
"""Ordered tasks through the functions of Hoist, in a stand-in of AWS on this machine.

POST /tasks -> tasks-api -> FIFO queue -> tasks-processor -> a receiver; effects in a table, dead letters in a queue.
Two groups of tasks are sent, some twice. One task fails until its receiver is repaired: it becomes a dead letter
after three tries, is redriven, and is done. Ends with 0 when every group kept its order and nothing was done twice.

usage: demo_tasks.py ZIP      the archive of `make lambda`
"""
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local_aws import started, wait_for

BEGAN = time.monotonic()
ATTEMPTS = 3
GROUPS = ("north", "south")
TASKS = 6  # a group
POISON = "north 2"


class Receiver:
    """What tasks are handed to. Keeps (title, key, attempt, status) of each delivery; refuses what is broken."""

    def __init__(self):
        self.deliveries = []
        self.broken = {POISON}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                title = body["data"]["title"]
                status = 500 if title in receiver.broken else 204
                receiver.take(title, self.headers["webhook-id"], int(self.headers["hoist-attempt"]), status)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tasks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, title, key, attempt, status):
        self.deliveries.append((title, key, attempt, status))
        say("processed" if status == 204 else f"failed {attempt}", title)

    def done(self):
        return [title for title, _, _, status in self.deliveries if status == 204]


def say(what, text):
    print(f"{time.monotonic() - BEGAN:6.2f} s  {what:<13} {text}", flush=True)


def problems(sent, deliveries, effects):
    """What is wrong with what happened: nothing, where order and once-ness held.

    `sent`: titles in the order of their answers. `deliveries`: as Receiver keeps them. `effects`: keys recorded.
    """
    found = []
    done = [(title, key) for title, key, _, status in deliveries if status == 204]
    titles = [title for title, _ in done]
    for title in sent:
        if titles.count(title) != 1:
            found.append(f"{title} was done {titles.count(title)} times")
    for group in {title.split()[0] for title in sent}:
        kept = [t for t in sent if t.split()[0] == group and t != POISON]
        went = [t for t in titles if t.split()[0] == group and t != POISON]
        if went != kept:
            found.append(f"{group} was done as {went}, and sent as {kept}")
    tries = [status for title, _, _, status in deliveries if title == POISON]
    if tries != [500] * ATTEMPTS + [204]:
        found.append(f"{POISON} was answered {tries}")
    places = [place for place, (title, _, _, _) in enumerate(deliveries) if title == POISON][:ATTEMPTS]
    between = [title for title, *_ in deliveries[min(places, default=0):max(places, default=0)]]
    overtaking = [t for t in between if t.split()[0] == POISON.split()[0] and t != POISON]
    if overtaking:
        found.append(f"{overtaking} went on between the tries of {POISON}")
    if sorted(effects) != sorted(key for _, key in done):
        found.append(f"{len(effects)} effects are recorded for {len(done)} tasks")
    return found


class Demo:
    def __init__(self, aws, archive, receiver):
        self.aws, self.receiver = aws, receiver
        self.sent = {}  # title -> id, in the order of the answers
        self.dead_letters, dead_letters_arn = aws.create_queue("tasks-dead-letters.fifo")
        policy = json.dumps({"deadLetterTargetArn": dead_letters_arn, "maxReceiveCount": ATTEMPTS})
        self.queue, self.queue_arn = aws.create_queue("tasks.fifo", RedrivePolicy=policy, VisibilityTimeout="60")
        aws.create_table("task-effects", "task_effects_table.json")
        aws.create_function("tasks-api", archive, HOIST_TASKS_QUEUE_URL=self.queue)
        aws.create_function("tasks-processor", archive, HOIST_TASKS_QUEUE_URL=self.queue,
                            HOIST_TASKS_EFFECTS_TABLE="task-effects", HOIST_TASKS_HANDLER="webhook",
                            HOIST_TASKS_WEBHOOK_URL=receiver.url, HOIST_TASKS_WEBHOOK_ALLOW_PRIVATE="true")

    def post(self, title, again=False):
        task = {"title": title, "description": "", "priority": "high", "group": title.split()[0]}
        answer = self.aws.ask("tasks-api", "POST", "/tasks", task, Idempotency_Key=title.replace(" ", "-"))
        if answer.status != 201:
            sys.exit(f"{title} was answered {answer.status} {answer.body}")
        say("sent again" if again else "accepted", f"{title}  {answer.body['task_id']}")
        self.sent.setdefault(title, answer.body["task_id"])
        return answer.body["task_id"]

    def refuse(self):
        answer = self.aws.ask("tasks-api", "POST", "/tasks", {"title": "", "priority": "urgent"})
        fields = [error["field"] for error in answer.body["errors"]]
        say("refused", f"{answer.status} {fields}")
        other = self.aws.ask("tasks-api", "GET", "/tasks")
        say("refused", f"{other.status} {other.body['title']}")
        if (answer.status, other.status, fields) != (400, 405, ["title", "description", "priority"]):
            sys.exit("what is wrong was not refused as it should be")

    def send(self):
        """Both groups side by side; every third task once more, as a client that lost its answer does."""
        for number in range(TASKS):
            for group in GROUPS:
                title = f"{group} {number}"
                key = self.post(title)
                if number % 3 == 0 and self.post(title, again=True) != key:
                    sys.exit(f"{title} is another task when it is sent again")

    def letters(self):
        got = self.aws.call("sqs", "ReceiveMessage", QueueUrl=self.dead_letters, MaxNumberOfMessages=10,
                            MessageSystemAttributeNames=["MessageGroupId"])
        return got.get("Messages", [])

    def deliver_again(self, title):
        """A message that was handled comes once more, later than the queue tells repeats apart."""
        body = {"task_id": self.sent[title], "tenant": "main", "group": title.split()[0], "accepted_at": "2026-11-21T00:00:00Z",
                "task": {"title": title, "description": "", "priority": "high"}}
        say("repeated", f"{title}  {self.sent[title]}")
        self.put(json.dumps(body), title.split()[0], "a-later-delivery")

    def put(self, body, group, key):
        self.aws.call("sqs", "SendMessage", QueueUrl=self.queue, MessageBody=body, MessageGroupId=group,
                      MessageDeduplicationId=key)

    def redrive(self, letter):
        """As start-message-move-task does, which the stand-in has not: a new message, keyed by the old one's id."""
        self.receiver.broken.clear()
        say("redriven", json.loads(letter["Body"])["task"]["title"])
        self.put(letter["Body"], letter["Attributes"]["MessageGroupId"], letter["MessageId"])
        self.aws.call("sqs", "DeleteMessage", QueueUrl=self.dead_letters, ReceiptHandle=letter["ReceiptHandle"])

    def is_empty(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.aws.call("sqs", "GetQueueAttributes", QueueUrl=self.queue, AttributeNames=names)
        return all(got["Attributes"][name] == "0" for name in names)

    def run(self):
        self.refuse()
        self.send()
        self.aws.feed("tasks-processor", self.queue_arn)
        (letter,) = wait_for("a dead letter", self.letters)
        say("dead letter", f"{json.loads(letter['Body'])['task']['title']}  after {ATTEMPTS} tries")
        wait_for("the others' end", lambda: set(self.receiver.done()) == set(self.sent) - {POISON})
        self.deliver_again(f"{GROUPS[1]} 0")
        self.redrive(letter)
        wait_for("the redriven task's end", lambda: POISON in self.receiver.done())
        wait_for("an empty queue", self.is_empty)
        effects = [item["effect_key"]["S"] for item in self.aws.items("task-effects")]
        return problems(list(self.sent), self.receiver.deliveries, effects)


def main(archive):
    with started() as aws:
        demo = Demo(aws, Path(archive).read_bytes(), Receiver())
        found = demo.run()
    for problem in found:
        print(f"WRONG: {problem}")
    if not found:
        print(f"{len(demo.sent)} tasks of {len(GROUPS)} groups: each group in its order, each task once, "
              "1 dead letter, redriven")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
