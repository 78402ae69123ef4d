#!/usr/bin/env python3
"""Files of an installation that keeps them in S3: from the grant to the download, without a byte through the server.

usage: objects_in_s3.py HOIST_BINARY STORE

STORE is a stand-in of tools/stand-ins.sh: ministack, whose notifications lie in a queue and are forwarded from there, or
versitygw, which posts them.
"""
import http.server
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support"), str(HERE.parents[1] / "durability"), str(HERE.parent / "media")]
import files  # noqa: E402
import s3_stores  # noqa: E402
from driver.clamd_stand_in import EICAR, ClamdStandIn  # noqa: E402

BINARY, KIND = sys.argv.pop(1), sys.argv.pop(1)
PATIENCE_S = 60
TOKEN = "a-token-of-the-test"
BUCKET, QUARANTINE = "files", "files-quarantine"
API_PORT = s3_stores.free_port()


class Deaf(http.server.BaseHTTPRequestHandler):
    """versitygw starts only where somebody listens to it, and Hoist only where there are buckets."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def start_store():
    listener = http.server.HTTPServer(("127.0.0.1", API_PORT), Deaf)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    store = s3_stores.Store(KIND, webhook=f"http://s3:{TOKEN}@127.0.0.1:{API_PORT}/object-events")
    listener.shutdown()
    listener.server_close()
    for bucket in (BUCKET, QUARANTINE):
        store.client.create_bucket(Bucket=bucket)
    return store


STORE = start_store()
unittest.addModuleCleanup(STORE.close)


def photo(width=640, height=480):
    """A JPEG whose EXIF names its camera."""
    text = b"Acme\0"
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x010F, 2, len(text), 26) + bytes(4) + text
    exif = b"Exif\0\0" + tiff
    plain = files.grey_jpeg(width, height)
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def send(method, url, body=None, headers=None):
    request = urllib.request.Request(url, method=method, data=body, headers=headers or {})
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class ObjectsInS3(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name) / "data"
        self.scanner = ClamdStandIn(self.folder.name)
        self.process = None

    def tearDown(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
        self.scanner.close()
        self.folder.cleanup()

    def arguments(self, **settings):
        wanted = {"objects.endpoint": STORE.url, "objects.path_style": "true", "objects.bucket": BUCKET,
                  "objects.quarantine_bucket": QUARANTINE, "objects.events_token": TOKEN,
                  "objects.look_after_s": "3600", "scanner.socket": self.scanner.socket,
                  "limits.requests_per_minute_per_user": "100000", "limits.requests_per_minute_per_ip": "100000",
                  **settings}
        return [BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{API_PORT}", "--objects-listen",
                "127.0.0.1:0", *[word for item in wanted.items() for word in ("--set", "=".join(item))]]

    def serve(self, **settings):
        environment = {**os.environ, **s3_stores.CREDENTIALS, "HOME": self.folder.name}
        with open(Path(self.folder.name) / "log", "ab") as log:
            self.process = subprocess.Popen(self.arguments(**settings), stdout=subprocess.PIPE, text=True,
                                            env=environment, stderr=log)
        line = self.process.stdout.readline()
        self.api, objects = re.search(r"api=(\S+) objects=(\S+)", line).groups()
        self.assertEqual(objects, STORE.url)
        self.token = json.loads((self.data / "cli.json").read_text())["token"]

    def refused(self, **settings):
        environment = {**os.environ, **s3_stores.CREDENTIALS, "HOME": self.folder.name}
        done = subprocess.run(self.arguments(**settings), capture_output=True, text=True, env=environment, check=False,
                              timeout=PATIENCE_S)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def call(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        status, headers, text = send(method, self.api + path, None if body is None else json.dumps(body).encode(), headers)
        return status, headers, json.loads(text) if text else None

    def create(self, content, name="photo.jpg", kind="image/jpeg", query=""):
        wanted = {"project_id": "site-a", "filename": name, "content_type": kind, "size": len(content)}
        status, _, made = self.call("POST", "/uploads" + query, wanted)
        self.assertEqual(status, 201, made)
        return made["upload"]["id"], made["transfer"]

    def put(self, transfer, content, **other):
        self.assertTrue(transfer["url"].startswith(STORE.url + "/"), transfer["url"])
        return send("PUT", transfer["url"], content, {**transfer["headers"], **other})[0]

    def notify(self, key):
        """As the store does it by itself where it can."""
        if KIND == "versitygw":
            return
        body = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]}
        status, _, _ = send("POST", self.api + "/object-events", json.dumps(body).encode(),
                            {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
        self.assertEqual(status, 204)

    def wait_for(self, upload, status):
        end = time.monotonic() + PATIENCE_S
        while True:
            found = self.call("GET", "/uploads/" + upload)[2]
            if found["status"] == status:
                return found
            self.assertIn(found["status"], ("PENDING", "UPLOADED", "PROCESSING"), found)
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.05)

    def download(self, path):
        status, headers, _ = self.call("GET", path)
        self.assertEqual(status, 302)
        self.assertTrue(headers["Location"].startswith(STORE.url + "/"))
        status, headers, body = send("GET", headers["Location"])
        self.assertEqual(status, 200)
        return headers, body

    def key(self, upload):
        return f"main/site-a/uploads/{upload}"

    def test_a_photo_from_its_grant_to_its_end(self):
        self.serve()
        content = photo()
        upload, transfer = self.create(content)
        self.assertIn(self.put(transfer, content, **{"content-type": "text/html"}), (400, 403))
        self.assertEqual(self.put(transfer, content), 200)
        self.assertIn(self.put(transfer, content), (403, 412), "a second PUT")
        self.notify(self.key(upload))
        found = self.wait_for(upload, "COMPLETED")
        self.assertEqual(found["media"]["camera"]["make"], "Acme")
        headers, body = self.download(f"/uploads/{upload}/content")
        self.assertEqual(body, content)
        self.assertIn('filename="photo.jpg"', headers["Content-Disposition"])
        self.assertTrue(self.download(f"/uploads/{upload}/thumbnails/256")[1].startswith(b"\xff\xd8"))
        self.assertEqual([key for key in STORE.keys(BUCKET) if upload in key and "/uploads/" in key], [self.key(upload)])
        self.assertEqual(self.call("DELETE", "/uploads/" + upload)[0], 200)
        self.assertEqual([key for key in STORE.keys(BUCKET) if upload in key], [])
        self.notify(self.key(upload))
        self.assertEqual(self.call("GET", "/uploads/" + upload)[2]["status"], "DELETED")

    def test_a_file_in_parts(self):
        self.serve()
        content = os.urandom(11 << 20)
        upload, transfer = self.create(content, "a.bin", "application/octet-stream", "?multipart=true")
        parts = transfer["multipart"]
        at = 0
        for part in parts["parts"]:
            status, _, _ = send("PUT", part["url"], content[at:at + part["size"]])
            self.assertEqual(status, 200)
            at += part["size"]
        self.assertEqual(at, len(content))
        self.assertEqual(self.call("POST", f"/uploads/{upload}/complete", {})[0], 200)
        self.wait_for(upload, "COMPLETED")
        self.assertEqual(self.download(f"/uploads/{upload}/content")[1], content)

    def test_a_weak_link_gets_parts_that_s3_takes(self):
        self.serve()
        content = os.urandom(6 << 20)
        upload, _ = self.create(content, "a.bin", "application/octet-stream")
        status, _, answer = self.call("POST", f"/uploads/{upload}/parts", {"part_size": 262144})
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["part_size"], 5 << 20)

    def test_what_no_notification_told_is_found(self):
        self.serve(**{"objects.look_after_s": "1", "objects.events_token": "" if KIND == "ministack" else "another"})
        content = photo(64, 64)
        upload, transfer = self.create(content)
        self.assertEqual(self.put(transfer, content), 200)
        self.wait_for(upload, "COMPLETED")

    def test_an_infected_file_goes_to_quarantine(self):
        self.serve()
        content = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + EICAR + b"!$H+H*"
        upload, transfer = self.create(content, "a.txt", "text/plain")
        self.assertEqual(self.put(transfer, content), 200)
        self.notify(self.key(upload))
        self.assertEqual(self.wait_for(upload, "FAILED")["error"]["code"], "infected")
        self.assertNotIn(self.key(upload), STORE.keys(BUCKET))
        self.assertIn(self.key(upload), STORE.keys(QUARANTINE))
        tags = STORE.client.get_object_tagging(Bucket=QUARANTINE, Key=self.key(upload))["TagSet"]
        self.assertIn({"Key": "scan", "Value": "infected"}, tags)

    def test_a_store_that_cannot_be_used_is_named_at_the_start(self):
        self.assertIn("no-such-bucket", self.refused(**{"objects.bucket": "no-such-bucket"}))
        self.assertIn("127.0.0.1:1", self.refused(**{"objects.endpoint": "http://127.0.0.1:1"}))

    def test_files_that_are_kept_here_are_not_left_behind(self):
        alone = subprocess.Popen([BINARY, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--objects-listen",
                                  "127.0.0.1:0", "--set", "scanner.socket=" + self.scanner.socket],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process = alone
        self.api, _ = re.search(r"api=(\S+) objects=(\S+)", alone.stdout.readline()).groups()
        self.token = json.loads((self.data / "cli.json").read_text())["token"]
        _, transfer = self.create(b"kept here", "a.txt", "text/plain")
        self.assertEqual(send("PUT", transfer["url"], b"kept here", transfer["headers"])[0], 200)
        alone.terminate()
        alone.communicate(timeout=PATIENCE_S)
        self.process = None
        self.assertIn("objects.endpoint", self.refused())

    @unittest.skipUnless(KIND == "ministack", "versitygw has no queues")
    def test_notifications_of_a_queue_may_be_forwarded(self):
        self.serve()
        queues = STORE.service("sqs")
        queue = queues.create_queue(QueueName="files")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        STORE.client.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]})
        content = photo(64, 64)
        upload, transfer = self.create(content)
        self.assertEqual(self.put(transfer, content), 200)
        end = time.monotonic() + PATIENCE_S
        while self.call("GET", "/uploads/" + upload)[2]["status"] == "PENDING":
            self.assertLess(time.monotonic(), end)
            for message in queues.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                status, _, _ = send("POST", self.api + "/object-events", message["Body"].encode(),
                                    {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
                self.assertEqual(status, 204, message["Body"])
        self.wait_for(upload, "COMPLETED")
        STORE.client.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})


if __name__ == "__main__":
    unittest.main(verbosity=2)
