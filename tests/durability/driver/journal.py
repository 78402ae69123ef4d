"""What was sent and what was acknowledged, kept outside the folder under test."""
import json
import os
import threading


class Journal:
    """Thread-safe. Every line is also in journal.jsonl, so that a failed run can be read afterwards."""

    def __init__(self, folder):
        self.lock = threading.Lock()
        self.file = open(os.path.join(folder, "journal.jsonl"), "a", buffering=1)
        self.sent = {}  # file name -> {"size", "sha256"}: every upload ever asked for
        self.uploads = {}  # upload id -> what is known of an acknowledged upload
        self.tasks = {}  # task id -> what was acknowledged
        self.titles = set()  # every task ever sent
        self.events = {}  # event id -> what was acknowledged
        self.keys = set()  # every event ever sent
        self.attempted = 0
        self.acknowledged = 0

    def note(self, what, **fields):
        self.file.write(json.dumps({"what": what, **fields}) + "\n")

    def attempt(self, what, **fields):
        with self.lock:
            self.attempted += 1
            self.note(what, **fields)

    def send_upload(self, name, size, sha256, kind):
        with self.lock:
            self.attempted += 1
            self.sent[name] = {"size": size, "sha256": sha256, "type": kind}
            self.note("upload sent", name=name, size=size, sha256=sha256)

    def upload_acknowledged(self, upload_id, name):
        with self.lock:
            self.acknowledged += 1
            self.uploads[upload_id] = {
                "name": name,
                **self.sent[name],
                "bytes_acknowledged": False,
                "deletion": None,
            }
            self.note("upload acknowledged", id=upload_id, name=name)

    def upload(self, upload_id):
        with self.lock:
            return dict(self.uploads[upload_id])

    def bytes_acknowledged(self, upload_id):
        with self.lock:
            self.attempted += 1
            self.acknowledged += 1
            self.uploads[upload_id]["bytes_acknowledged"] = True
            self.note("bytes acknowledged", id=upload_id)

    def deletion(self, upload_id, acknowledged):
        with self.lock:
            self.attempted += not acknowledged
            self.acknowledged += acknowledged
            self.uploads[upload_id]["deletion"] = "acknowledged" if acknowledged else "sent"
            self.note("deletion", id=upload_id, acknowledged=acknowledged)

    def send_task(self, title):
        with self.lock:
            self.attempted += 1
            self.titles.add(title)
            self.note("task sent", title=title)

    def task_acknowledged(self, answer, title):
        with self.lock:
            self.acknowledged += 1
            self.tasks[answer["task_id"]] = {
                "title": title,
                "sequence": answer["sequence"],
                "group": answer["group"],
            }
            self.note("task acknowledged", title=title, **answer)

    def send_event(self, key):
        with self.lock:
            self.attempted += 1
            self.keys.add(key)
            self.note("event sent", key=key)

    def event_acknowledged(self, answer, user, key):
        with self.lock:
            self.acknowledged += 1
            self.events[answer["eventId"]] = {"user": user, "key": key, "sequence": answer["sequence"]}
            self.note("event acknowledged", key=key, **answer)

    def undeleted(self):
        with self.lock:
            return [
                upload_id
                for upload_id, upload in self.uploads.items()
                if upload["bytes_acknowledged"] and upload["deletion"] is None
            ]
