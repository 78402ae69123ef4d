"""Holds a restarted server against the journal of what it acknowledged."""
import base64
import collections
import hashlib
import json
import time

from .api import LOST, Api, Refused

FINAL = {"COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "DELETED"}
LEGAL = FINAL | {"PENDING", "UPLOADED", "PROCESSING"}
HOLDS_QUOTA = {"PENDING", "UPLOADED", "PROCESSING", "COMPLETED"}
# A job whose worker died comes back when its lease is over, which takes up to a minute.
SETTLED_WITHIN_S = 120
UNDER_WAY = {"waiting", "running", "retrying"}


class Verifier:
    """Counts and sentences; a suite fails when there is any sentence."""

    def __init__(self, journal):
        self.journal = journal
        self.counts = collections.Counter()
        self.findings = []
        # Error codes that a suite brings about itself: a file that is in work at three kills is taken
        # for the cause of them.
        self.excused = {"processing_failed"}
        self.excused_uploads = {}  # id -> code
        self.whole = set()  # uploads whose bytes were read back and were right

    def find(self, kind, sentence):
        self.counts[kind] += 1
        self.findings.append(f"{kind}: {sentence}")

    def verify(self, server, at_the_end=False):
        """In between by the lists alone. At the end what is still under way is waited for, and every
        byte is read."""
        api = Api(server)
        listed = self.listed(api)
        self.check_listing(listed)
        self.settle(api, listed, at_the_end)
        self.check_quota(api)
        if self.journal.tasks:
            self.check_tasks(api, at_the_end)
        if self.journal.events:
            self.check_events(api)
        api.connections.close()
        return self

    def listed(self, api):
        return {upload["id"]: upload for upload in api.pages("/uploads?limit=100", "uploads")}

    def check_listing(self, listed):
        # A deleted one has no name any more.
        names = collections.Counter(upload["filename"] for upload in listed.values() if "filename" in upload)
        for name, times in names.items():
            if name not in self.journal.sent:
                self.find("never_sent", f"{name} is listed and was never sent")
            elif times > 1:
                self.find("twice", f"{name} was sent once and is listed {times} times")
        for upload in listed.values():
            if upload["status"] not in LEGAL:
                self.find("illegal_state", f"{upload['id']} is in state {upload['status']}")

    def settle(self, api, listed, at_the_end):
        """Every upload whose bytes were acknowledged is there and, at the end, has ended with those bytes."""
        with self.journal.lock:
            waiting = {upload_id: dict(upload) for upload_id, upload in self.journal.uploads.items()}
        deadline = time.monotonic() + (SETTLED_WITHIN_S if at_the_end else 0)
        while True:
            waiting = {
                upload_id: upload
                for upload_id, upload in waiting.items()
                if not self.check_upload(upload_id, upload, listed.get(upload_id))
            }
            if not waiting or time.monotonic() > deadline:
                break
            time.sleep(1)
            listed = self.listed(api)
        if at_the_end:
            for upload_id in waiting:
                self.find("limbo", f"{upload_id} did not end within {SETTLED_WITHIN_S} s")
            self.read_everything(api, listed)

    def check_upload(self, upload_id, upload, stored):
        """True when there is nothing more to wait for."""
        if stored is None:
            if upload["deletion"] is None:
                self.find("lost", f"{upload_id} was acknowledged and is not there")
            return True
        status = stored["status"]
        if upload["deletion"] == "acknowledged" and status != "DELETED":
            self.find("lost", f"the acknowledged deletion of {upload_id} is undone: {status}")
            return True
        if status == "DELETED" and upload["deletion"] is None:
            self.find("lost", f"{upload_id} is DELETED and nobody asked for it")
            return True
        if status == "PENDING" and not upload["bytes_acknowledged"]:
            return True
        if status not in FINAL:
            return False
        if status in ("CANCELLED", "EXPIRED") and upload["bytes_acknowledged"] and not upload["deletion"]:
            self.find("lost", f"the acknowledged bytes of {upload_id} ended as {status}")
        if status == "FAILED" and stored["error"]["code"] in self.excused:
            self.excused_uploads[upload_id] = stored["error"]["code"]
        elif status == "FAILED":
            kind = "lost" if stored["error"]["code"] == "storage_corrupt" else "failed"
            self.find(kind, f"{upload_id} is clean and sound and FAILED: {stored['error']}")
        return True

    def read_everything(self, api, listed):
        for upload_id, upload in self.journal.uploads.items():
            stored = listed.get(upload_id)
            if stored and stored["status"] == "COMPLETED":
                self.check_bytes(api, upload_id, upload, stored)

    def check_bytes(self, api, upload_id, upload, stored):
        if stored["checksum"]["sha256"] != upload["sha256"] or stored["size"] != upload["size"]:
            self.find("corrupt", f"{upload_id} reports another hash or size than was acknowledged")
        try:
            body = api.content(upload_id)
        except (Refused, *LOST) as error:
            if upload["deletion"] is None:
                self.find("lost", f"the bytes of {upload_id} cannot be read: {error!r}")
            return
        if hashlib.sha256(body).hexdigest() != upload["sha256"]:
            self.find("corrupt", f"the bytes of {upload_id} are not those that were acknowledged")
        self.whole.add(upload_id)

    def check_quota(self, api):
        """Quota in use is the sum of what is stored and reserved, to the byte, shared bytes once. Files may
        end between the two questions, so they are asked again before it is said that the answers differ."""
        tenant = tenant_of(api.token)
        for _ in range(5):
            used = api.call("GET", f"/tenants/{tenant}/usage")["usage"]["storage_bytes"]
            holders = [each for each in self.listed(api).values() if each["status"] in HOLDS_QUOTA]
            held = sum({stored_as(each): each["size"] for each in holders}.values())
            if used == held:
                return
            time.sleep(0.2)
        self.find("quota", f"the quota says {used} bytes and the uploads hold {held}")

    def check_tasks(self, api, at_the_end):
        """Accepted tasks are there once, started in the order of their groups, and end as done."""
        with self.journal.lock:
            tasks = dict(self.journal.tasks)
        deadline = time.monotonic() + (SETTLED_WITHIN_S if at_the_end else 0)
        while True:
            listed = {task["task_id"]: task for task in api.pages("/tasks?limit=100", "tasks")}
            open_ones = [task_id for task_id in tasks if listed.get(task_id, {}).get("status") in UNDER_WAY]
            if not open_ones or time.monotonic() > deadline:
                break
            time.sleep(1)
        for task_id in tasks.keys() - listed.keys():
            self.find("lost", f"task {task_id} was acknowledged and is not there")
        for task in listed.values():
            if task["title"] not in self.journal.titles:
                self.find("never_sent", f"task {task['task_id']} was never sent")
            if at_the_end and task["status"] != "done":
                self.find("limbo", f"task {task['task_id']} ended as {task['status']}")
        self.check_task_order(listed.values())

    def check_task_order(self, tasks):
        """The last attempt at a task starts before the first at its successor."""
        groups = collections.defaultdict(list)
        for task in tasks:
            if task.get("started_at"):
                groups[task["group"]].append((task["sequence"], task["started_at"]))
        for group, starts in groups.items():
            starts.sort()
            for (earlier, began), (later, after) in zip(starts, starts[1:]):
                if later == earlier:
                    self.find("reordered", f"sequence {later} of group {group} was given twice")
                elif after < began:
                    self.find("reordered", f"{later} of group {group} started before {earlier}")

    def check_events(self, api):
        with self.journal.lock:
            events = dict(self.journal.events)
        for user in {event["user"] for event in events.values()}:
            stored = {
                event["eventId"]: event
                for event in api.pages(f"/events/{user}?limit=100", "events", cursor="nextCursor")
            }
            for event_id, event in events.items():
                if event["user"] == user and event_id not in stored:
                    self.find("lost", f"event {event_id} was acknowledged and is not listed")
            for event_id, event in stored.items():
                key = event["details"].get("key")
                if key is not None and key not in self.journal.keys:
                    self.find("never_sent", f"event {event_id} was never sent")
                elif event_id in events and key not in (None, events[event_id]["key"]):
                    self.find("corrupt", f"event {event_id} has other details than were acknowledged")

    def report(self, **more):
        names = (
            "lost",
            "corrupt",
            "limbo",
            "failed",
            "never_sent",
            "twice",
            "illegal_state",
            "quota",
            "reordered",
            "overlap",
            "doctor",
        )
        counts = {
            **more,
            "attempted": self.journal.attempted,
            "acknowledged": self.journal.acknowledged,
            "uploads": len(self.journal.uploads),
            "tasks": len(self.journal.tasks),
            "events": len(self.journal.events),
            "failed_after_three_kills": list(self.excused_uploads.values()).count("processing_failed"),
            **{name: self.counts[name] for name in names},
        }
        print(" ".join(f"{name}={value}" for name, value in counts.items()), flush=True)
        for sentence in self.findings[:20]:
            print("  " + sentence, flush=True)


def stored_as(upload):
    """The clients send no content twice, so uploads of one content share its bytes once they are COMPLETED."""
    return upload["checksum"]["sha256"] if upload["status"] == "COMPLETED" else upload["id"]


def tenant_of(token):
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["tenant"]
