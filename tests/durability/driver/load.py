"""Clients that send until told to stop, each acknowledged answer going into the journal."""
import base64
import hashlib
import random
import struct
import threading

from .api import LOST, Api, Refused

PROJECT = "durability"
USERS = 5
# 96 x 64 pixels; a comment makes each copy another file.
PHOTO = base64.b64decode(
    "/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/"
    "2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAAR"
    "CABAAGADASIAAhEBAxEB/8QAGgABAQADAQEAAAAAAAAAAAAAAAUBAwQGAv/EACgQAAMAAQIEBAcAAAAAAAAAAAABAgQDIQUR"
    "InESQVFhFDFCUrHB0f/EABkBAQEAAwEAAAAAAAAAAAAAAAAFAwQGAv/EACQRAAEEAQQBBQEAAAAAAAAAAAABAgMREgQFE0EU"
    "FSGBkcFx/9oADAMBAAIRAxEAPwCcACoaAAOrFwtTJ3XTH3P9GOWVkTc3rSHtjHPXFqWpygtxwzHldSq37v8AgvhmPS6VUP2f"
    "9JvrOmuvf6NzwJav2IgOrKwtTG3fVH3L9nKUopWStzYtoab2OYuLkpQADIeAAAAAADfiaHxGRMeXzfYvzKmVMrklskiZwZLx"
    "6teaSRVOU3iZz5+Ppv6XNBGjYsu1AAJBvHzUqpc0uaezRAy9D4fIqPL5rsehJXGUvHpV5tNFfZ5nMn4+nfho6+NHRZdoTAAd"
    "WQwAAAAADv4TqqMlw/rW3csnmJbmlUvk1umW8POjIlTbU6np69jnN30jldzsS07K2gnSuN3wdgAIBUBG4tqq8lQvoW/c7czO"
    "jHlzDVanp6dyJTdU6p8292y/tGkcjud6UnRL186Vxt+TAAOjJIAAAAAAMmAAb4zMjTXKdWuXvv8AkXmZGouVatcvbb8GgGHx"
    "4bywS/4hk5ZKrJfsyYAMxjAAAAAAP//Z"
)


def text_of(name, size):
    line = f"{name} holds nothing but its own name.\n".encode()
    return (line * (size // len(line) + 1))[:size]


def photo_of(name):
    comment = name.encode()
    return PHOTO[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + PHOTO[2:]


class Load:
    """Answers that are neither a success nor a way to say "full" or "busy" go into `unexpected`.

    With `groups` the clients send nothing but tasks, to so many groups, and pause after each."""

    def __init__(
        self, server, journal, seed, unexpected, features=(), photos=False, clients=4, groups=0, pause_s=0.0
    ):
        self.journal = journal
        self.stopping = threading.Event()
        self.unexpected = unexpected
        self.photos = photos
        self.groups = groups
        self.pause_s = pause_s
        self.threads = [
            threading.Thread(target=self.run, args=(server, f"{seed}-{n}", features), daemon=True)
            for n in range(clients)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, server, name, features):
        client = Client(server, self.journal, name, features, self.photos, self.groups)
        while not self.stopping.is_set():
            try:
                client.act()
                if self.pause_s and self.stopping.wait(self.pause_s):
                    return
            except LOST:
                if self.stopping.wait(0.01):
                    return
            except Refused as refused:
                if refused.status not in (429, 503, 507):
                    self.unexpected.append(f"{refused}")


class Client:
    def __init__(self, server, journal, name, features, photos=False, groups=0):
        self.api = Api(server)
        self.journal = journal
        self.name = name
        self.random = random.Random(name)
        self.serial = 0
        self.photos = photos
        self.groups = groups
        self.actions = [self.upload] * 12 + [self.share] * 2 + [self.upload_batch] + [self.delete] * 2
        if "tasks" in features:
            self.actions += [self.add_task] * 4
        if "events" in features:
            self.actions += [self.add_event] * 4
        if groups:
            self.actions = [self.add_task]

    def act(self):
        self.random.choice(self.actions)()

    def next_name(self):
        self.serial += 1
        return f"{self.name}-{self.serial}"

    def new_file(self):
        name = self.next_name()
        if self.photos and self.random.random() < 0.2:
            body, kind = photo_of(name), "image/jpeg"
        else:
            body, kind = text_of(name, self.random.choice((40, 700, 5_000, 20_000, 70_000))), "text/plain"
        self.journal.send_upload(name, len(body), hashlib.sha256(body).hexdigest(), kind)
        return {"filename": name, "content_type": kind, "size": len(body)}, body

    def send_bytes(self, upload, transfer, body):
        self.journal.upload_acknowledged(upload["id"], upload["filename"])
        self.api.put(transfer, body)
        self.journal.bytes_acknowledged(upload["id"])

    def upload(self):
        file, body = self.new_file()
        answer = self.api.call("POST", "/uploads", {"project_id": PROJECT, **file})
        self.send_bytes(answer["upload"], answer["transfer"], body)

    def upload_batch(self):
        files = [self.new_file() for _ in range(5)]
        answer = self.api.call(
            "POST", "/batches", {"project_id": PROJECT, "files": [file for file, _ in files]}
        )
        for item, (_, body) in zip(answer["items"], files):
            if item["action"] == "upload":
                self.send_bytes(item["upload"], item["transfer"], body)

    def share(self):
        """The same bytes under another name and in another project. Where they cannot be shared yet or
        any more, they are not sent a second time."""
        candidates = self.journal.undeleted()
        if not candidates:
            return
        original = self.journal.upload(self.random.choice(candidates))
        name = self.next_name()
        self.journal.send_upload(name, original["size"], original["sha256"], original["type"])
        answer = self.api.call(
            "POST",
            "/uploads",
            {
                "project_id": f"{PROJECT}-2",
                "filename": name,
                "content_type": original["type"],
                "size": original["size"],
                "checksum": {"algorithm": "sha256", "value": original["sha256"]},
            },
        )
        upload_id = answer["upload"]["id"]
        self.journal.upload_acknowledged(upload_id, name)
        if answer["transfer"] is None:
            self.journal.bytes_acknowledged(upload_id)

    def delete(self):
        candidates = self.journal.undeleted()
        if not candidates:
            return
        upload_id = self.random.choice(candidates)
        self.journal.deletion(upload_id, acknowledged=False)
        try:
            self.api.call("DELETE", f"/uploads/{upload_id}")
        except Refused as refused:
            if refused.status not in (404, 409):  # another client deleted it, or it is being processed
                raise
            return
        self.journal.deletion(upload_id, acknowledged=True)

    def add_task(self):
        title = f"task {self.next_name()}"
        self.journal.send_task(title)
        task = {"title": title, "description": "One of many.", "priority": "medium"}
        if self.groups:
            task["group"] = f"group-{self.random.randrange(self.groups)}"
        answer = self.api.call("POST", "/tasks", task)
        self.journal.task_acknowledged(answer, title)

    def add_event(self):
        key = self.next_name()
        user = f"user-{self.random.randrange(USERS)}"
        self.journal.send_event(key)
        answer = self.api.call(
            "POST",
            "/events",
            {
                "userId": user,
                "eventType": "durability.check",
                "details": {"key": key, "list": [1, {"deep": True}]},
            },
        )
        self.journal.event_acknowledged(answer, user, key)
