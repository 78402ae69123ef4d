"""The subject: the release binary, started on an empty folder, with limits out of the way."""
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import threading
import time
import urllib.parse

from . import machine
from .processes import Failed, NotMeasured

READY = re.compile(r"\bready api=(\S+) objects=(\S+)")
SETTINGS = {
    "HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_IP": "1000000000",
    "HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_USER": "1000000000",
    "HOIST_LIMITS_INITIATIONS_PER_MINUTE_PER_USER": "1000000000",
    "HOIST_LIMITS_STORAGE_BYTES_PER_TENANT": str(10**15),
    "HOIST_TASKS_DEPTH_MAX": "1000000000",
    "HOIST_LOG_LEVEL": "warn",
}


class MemoryWatch:
    """The most memory that the server, and any child of it, ever held."""

    def __init__(self):
        self.server_mb = self.child_mb = 0.0
        self.pids = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            for pid in list(self.pids):
                try:
                    self.server_mb = max(self.server_mb, machine.resident_mb(pid))
                    for child in machine.descendants(pid)[1:]:
                        self.child_mb = max(self.child_mb, machine.resident_mb(child))
                except (OSError, StopIteration):
                    pass
            time.sleep(0.05)


class Hoist:
    def __init__(self, context, binary, watch):
        self.context = context
        self.binary = binary
        self.watch = watch
        self.process = None
        self.serial = 0

    def start(self, name="hoist", **settings):
        if not os.path.exists(self.binary):
            raise NotMeasured(f"{self.binary} is not built (make build)")
        self.data = os.path.join(self.context.folder, f"{name}-data")
        log_path = os.path.join(self.context.folder, "hoist.log")
        before = os.path.getsize(log_path) if os.path.exists(log_path) else 0
        self.process = self.context.processes.start(
            [
                self.binary,
                "serve",
                "--data",
                self.data,
                "--listen",
                "127.0.0.1:0",
                "--objects-listen",
                "127.0.0.1:0",
            ],
            environment={**SETTINGS, **settings},
        )
        began = time.monotonic()
        while time.monotonic() - began < 60:
            with open(log_path) as log:
                log.seek(before)
                ready = READY.search(log.read())
            if ready:
                self.api, self.objects = ready.groups()
                break
            if self.process.poll() is not None:
                raise Failed(f"hoist ended with {self.process.returncode}; see {log_path}")
            time.sleep(0.02)
        else:
            raise Failed(f"hoist was not ready within 60 s; see {log_path}")
        with open(os.path.join(self.data, "cli.json")) as file:
            self.token = json.load(file)["token"]
        with open(os.path.join(self.data, "keys", "s3.json")) as file:
            self.credentials = json.load(file)
        self.watch.pids.append(self.process.pid)
        return self

    def stop(self):
        if self.process:
            self.context.processes.stop(self.process)

    @property
    def pid(self):
        return self.process.pid

    @property
    def api_port(self):
        return urllib.parse.urlsplit(self.api).port

    @property
    def objects_port(self):
        return urllib.parse.urlsplit(self.objects).port

    def headers(self):
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def call(self, method, path, body=None, connection=None):
        """(status, JSON). With a connection it is kept open."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=60)
        own.request(method, path, json.dumps(body) if body is not None else None, self.headers())
        answer = own.getresponse()
        content = answer.read()
        if connection is None:
            own.close()
        return answer.status, json.loads(content) if content else {}

    def need_route(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if status in (404, 405, 501):
            raise NotMeasured(f"{method} {path} is not there ({status})")
        if status >= 300:
            raise Failed(f"{method} {path}: {status} {answer}")
        return answer

    def download(self, path, to):
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=120)
        connection.request("GET", path, headers=self.headers())
        answer = connection.getresponse()
        if answer.status != 200:
            raise NotMeasured(f"GET {path} answers {answer.status}")
        with open(to, "wb") as file:
            shutil.copyfileobj(answer, file)
        connection.close()

    def presign(self, method, key, headers=()):
        """Path and query of a URL signed for the operator's credential."""
        bucket, region = self.credentials["bucket"], self.credentials["region"]
        now = datetime.datetime.now(datetime.timezone.utc)
        date, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{date}/{region}/s3/aws4_request"
        signed = {"host": f"127.0.0.1:{self.objects_port}", **dict(headers)}
        names = ";".join(sorted(signed))
        path = f"/{bucket}/{urllib.parse.quote(key)}"
        query = urllib.parse.urlencode(
            sorted(
                {
                    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                    "X-Amz-Credential": f"{self.credentials['access_key_id']}/{scope}",
                    "X-Amz-Date": stamp,
                    "X-Amz-Expires": "3600",
                    "X-Amz-SignedHeaders": names,
                }.items()
            )
        )
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key_bytes = ("AWS4" + self.credentials["secret_access_key"]).encode()
        for word in (date, region, "s3", "aws4_request"):
            key_bytes = hmac.new(key_bytes, word.encode(), "sha256").digest()
        return f"{path}?{query}&X-Amz-Signature={hmac.new(key_bytes, text.encode(), 'sha256').hexdigest()}"

    def next_keys(self, count):
        self.serial += 1
        return [f"bench/{self.serial}/{n:05d}" for n in range(count)]
