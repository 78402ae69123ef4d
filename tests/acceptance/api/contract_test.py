#!/usr/bin/env python3
"""Holds the answers of a real server against api/openapi.yaml: every answer's status is described for
its route, and every JSON body fits the schema given there.

usage: contract_test.py HOIST_BINARY [ENGINE], where postgres-pooled is postgres behind PgBouncer
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema

BINARY = sys.argv.pop(1)
ENGINE = sys.argv.pop(1) if len(sys.argv) > 1 else "embedded"
sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from postgres import Postgres  # noqa: E402

POOLED = ENGINE == "postgres-pooled"
if POOLED:
    ENGINE = "postgres"
SERVER = Postgres("fsync=off") if ENGINE == "postgres" else None
if POOLED:
    SERVER.pool()
if SERVER:
    unittest.addModuleCleanup(SERVER.__exit__)
in_a_folder = unittest.skipIf(ENGINE == "memory", "the memory engine has nothing for a second process")


class Server:
    def __init__(self):
        os.environ.update(SERVER.new_database() if SERVER else {})
        self.folder = tempfile.TemporaryDirectory()
        self.data = self.folder.name + "/data"
        self.log = open(Path(self.folder.name) / "log", "wb")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--engine", ENGINE, "--data", self.data, "--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0",
             "--set", "limits.requests_per_minute_per_user=100000", "--set", "limits.requests_per_minute_per_ip=100000"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.api = re.search(r"api=(\S+)", line).group(1)
        self.description = json.load(urllib.request.urlopen(self.api + "/openapi.json"))
        self.checked = 0
        self.tokens = {"admin": json.loads(Path(self.data, "cli.json").read_text())["token"]}
        for role in ("viewer", "member", "admin"):
            self.tokens[role] = self.token(role)

    def token(self, role):
        """Of the command line, or where that finds nothing an API key."""
        if ENGINE == "memory":
            return self.call("POST", "/tenants/main/keys", {"name": role, "role": role})[1]["secret"]
        return subprocess.run([BINARY, "token", "--data", self.data, "--user", "tester", "--role", role],
                              capture_output=True, text=True, check=True).stdout.strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()

    def call(self, method, path, body=None, role="admin", headers=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if role:
            request.add_header("Authorization", "Bearer " + self.tokens[role])
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=30) as answer:
                status, text, kind = answer.status, answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as answer:
            status, text, kind = answer.code, answer.read(), answer.headers.get_content_type()
        self.check(method, path, status, text, kind)
        return status, json.loads(text) if text and "json" in kind and "ndjson" not in kind else text

    def check(self, method, path, status, text, kind):
        plain = path.split("?")[0]
        template, item = next((t, i) for t, i in self.description["paths"].items() if self.matches(t, plain))
        operation = item.get(method.lower())
        if operation is None:
            assert status == 405, f"{method} {path} is not described and answered {status}"
            return
        described = operation["responses"].get(str(status))
        assert described is not None, f"{method} {template}: status {status} is not described"
        described = self.resolve(described)
        content = described.get("content")
        if content is None:
            assert not text, f"{method} {template} {status}: a body where none is described"
            return
        assert kind in content, f"{method} {template} {status}: {kind} is not described"
        if kind.endswith("json") and kind != "application/x-ndjson" and "schema" in content[kind]:
            schema = {**content[kind]["schema"], "components": self.description["components"]}
            jsonschema.validate(json.loads(text), schema, jsonschema.Draft202012Validator)
        self.checked += 1

    def matches(self, template, path):
        # Literal segments before parameters: /events/batch is not /events/{userId}.
        if "{" in template and path in self.description["paths"]:
            return False
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None

    def resolve(self, node):
        while "$ref" in node:
            found = self.description
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def file(name="a.txt", size=5):
    return {"filename": name, "content_type": "text/plain", "size": size}


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        print(f"answers held against the description: {cls.server.checked}")
        cls.server.stop()

    def expect(self, status, *arguments, **options):
        got, body = self.server.call(*arguments, **options)
        self.assertEqual(got, status, body)
        return body

    def put(self, transfer, data):
        request = urllib.request.Request(transfer["url"], data=data, method="PUT", headers=transfer["headers"])
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.status, 200)

    def wait_for(self, upload):
        """Watches first and looks then, because the end may come between a look and the watch."""
        stream = f"/stream?topic=upload:{upload}&access_token={self.server.tokens['admin']}"
        with urllib.request.urlopen(self.server.api + stream, timeout=30) as events:
            for line in events:
                if not (b"ready" in line or b'"COMPLETED"' in line or b'"FAILED"' in line):
                    continue
                body = self.expect(200, "GET", f"/uploads/{upload}")
                if body["status"] in ("COMPLETED", "FAILED"):
                    return body
        self.fail("the upload did not come to its end")

    def test_a_token_from_a_folder_without_data_is_refused_and_makes_no_folder(self):
        absent = self.server.data + "/absent"
        asked = subprocess.run([BINARY, "token", "--data", absent, "--user", "ann"], capture_output=True, text=True)
        self.assertEqual((asked.returncode, asked.stdout), (5, ""))
        self.assertFalse(Path(absent).exists())

    def test_a_download_into_a_folder_replaces_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            held = Path(folder) / "held.txt"
            held.write_text("theirs")
            run = [BINARY, "--data", self.server.data]
            subprocess.run([run[0], "put", str(held), *run[1:]], check=True, capture_output=True)
            _, body = self.server.call("GET", "/uploads?status=COMPLETED")
            upload = next(entry["id"] for entry in body["uploads"] if entry["filename"] == "held.txt")
            held.write_text("mine")
            got = subprocess.run([run[0], "get", upload, "-o", folder, *run[1:]], capture_output=True, text=True)
            self.assertEqual((got.returncode, held.read_text()), (7, "mine"))
            held.unlink()
            subprocess.run([run[0], "get", upload, "-o", folder, *run[1:]], check=True, capture_output=True)
            self.assertEqual(held.read_text(), "theirs")

    @in_a_folder
    def test_tokens_of_the_command_line_are_in_the_trail_made_and_revoked(self):
        run = [BINARY, "token", "--data", self.server.data]
        token = subprocess.run([*run, "--user", "traced"], capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run([*run, "--revoke", token], capture_output=True, check=True)
        trail = self.expect(200, "GET", "/tenants/main/audit?actor=operator")
        last = [(entry["action"], entry["details"]["user"]) for entry in trail["entries"][:2]]
        self.assertEqual(last, [("token.revoked", "traced"), ("token.minted", "traced")])
        self.assertNotIn(token, json.dumps(trail))

    @in_a_folder
    def test_a_token_for_a_tenant_that_nobody_made_is_refused_and_says_what_to_do(self):
        asked = subprocess.run([BINARY, "token", "--data", self.server.data, "--user", "ann", "--tenant", "nosuch"],
                               capture_output=True, text=True)
        self.assertEqual((asked.returncode, asked.stdout), (5, ""))
        self.assertIn("hoist tenant add nosuch", asked.stderr)

    def test_an_upload_from_grant_to_download_and_deletion(self):
        created = self.expect(201, "POST", "/uploads", {"project_id": "p", **file("ñandú.txt")})
        upload = created["upload"]["id"]
        self.expect(409, "GET", f"/uploads/{upload}/content")
        self.put(created["transfer"], b"hello")
        done = self.wait_for(upload)
        self.assertEqual(done["status"], "COMPLETED")
        self.expect(302, "GET", f"/uploads/{upload}/content")
        self.expect(200, "GET", "/uploads?project_id=p&status=COMPLETED")
        self.expect(200, "POST", f"/uploads/{upload}/retry")
        found = self.expect(200, "GET", "/uploads?project_id=p&search=%C3%91AND")
        self.assertEqual([entry["id"] for entry in found["uploads"]], [upload])
        self.expect(400, "GET", "/uploads?search=a")
        counted = self.expect(200, "GET", "/projects?project_id=p")
        self.assertEqual([project["id"] for project in counted["projects"]], ["p"])
        self.expect(200, "DELETE", f"/uploads/{upload}")
        self.expect(409, "GET", f"/uploads/{upload}/thumbnails/256")
        self.expect(409, "POST", f"/uploads/{upload}/retry")

    def test_multipart_and_batches(self):
        created = self.expect(201, "POST", "/uploads?multipart=true", {"project_id": "p", **file(size=6_000_000)})
        upload = created["upload"]["id"]
        self.expect(200, "POST", f"/uploads/{upload}/parts", {"numbers": [1, 2]})
        self.expect(400, "POST", f"/uploads/{upload}/parts", {"numbers": [99]})
        self.expect(409, "POST", f"/uploads/{upload}/complete", {})
        self.expect(200, "DELETE", f"/uploads/{upload}")
        batch = self.expect(201, "POST", "/batches", {"project_id": "p", "files": [file("a"), file("b", 0), file("c")]})
        self.assertEqual([item["action"] for item in batch["items"]], ["upload", "refused", "upload"])
        self.expect(200, "GET", f"/batches/{batch['batch']['id']}")

    def test_repeats_by_idempotency_key(self):
        key = {"Idempotency-Key": "once"}
        first = self.expect(201, "POST", "/uploads", {"project_id": "p", **file()}, headers=key)
        again = self.expect(201, "POST", "/uploads", {"project_id": "p", **file()}, headers=key)
        self.assertEqual(first["upload"]["id"], again["upload"]["id"])
        self.expect(422, "POST", "/uploads", {"project_id": "q", **file()}, headers=key)

    def test_bad_input_names_every_field(self):
        body = self.expect(400, "POST", "/uploads", {"filename": "", "size": 0, "content_type": "x", "surprise": 1})
        named = {error["field"] for error in body["errors"]}
        self.assertEqual(named, {"project_id", "filename", "size", "content_type", "surprise"})
        many = {"project_id": "p", "files": [file(str(i)) for i in range(1001)]}
        self.expect(400, "POST", "/batches", many)
        for raw in (b'{"a":1,"a":2}', b"[" * 1000, b'{"project_id":"\xff"}', b"", b"null"):
            self.expect(400, "POST", "/uploads", raw=raw)
        self.expect(415, "POST", "/uploads", raw=b"{}", headers={"Content-Type": "text/plain"})
        self.expect(413, "POST", "/uploads", raw=b" " * 200_000)
        self.expect(400, "GET", "/uploads?limit=0")
        self.expect(400, "GET", "/uploads?cursor=forged")
        self.expect(400, "GET", "/uploads?color=red")

    def test_who_may_do_what(self):
        self.expect(401, "POST", "/uploads", {}, role=None)
        self.expect(403, "POST", "/uploads", {}, role="viewer")
        self.expect(404, "GET", "/uploads/0190a000-0000-7000-8000-000000000000")
        self.expect(405, "PUT", "/uploads", {})
        self.expect(403, "GET", "/tenants/main/audit", role="member")
        self.expect(404, "GET", "/tenants/other")
        self.expect(200, "GET", "/tenants/main")
        self.expect(200, "GET", "/tenants/main/usage", role="viewer")
        self.expect(200, "GET", "/tenants/main/audit")

    def test_api_keys(self):
        made = self.expect(201, "POST", "/tenants/main/keys", {"name": "site", "role": "member"})
        self.expect(200, "GET", "/tenants/main/keys")
        self.expect(400, "POST", "/tenants/main/keys", {"name": ""})
        bearer = {"Authorization": "Bearer " + made["secret"]}
        self.expect(200, "GET", "/uploads", role=None, headers=bearer)
        self.expect(204, "DELETE", f"/tenants/main/keys/{made['key']['id']}")
        self.expect(401, "GET", "/uploads", role=None, headers=bearer)

    def test_upload_tickets(self):
        wanted = {"name": "Crew 7", "project_id": "site-a", "files_max": 2, "bytes_max": 100, "lifetime_s": 600}
        self.expect(403, "POST", "/upload-tickets", wanted, role="member")
        self.expect(400, "POST", "/upload-tickets", {**wanted, "types": ["exe"]})
        made = self.expect(201, "POST", "/upload-tickets", {**wanted, "types": ["text/*"]})
        listed = self.expect(200, "GET", "/upload-tickets")["tickets"]
        self.assertIn(made["ticket"]["id"], [ticket["id"] for ticket in listed])
        self.assertNotIn(made["secret"], json.dumps(listed))
        at = "/t/" + made["secret"]
        self.assertEqual(self.expect(200, "GET", at, role=None)["files_left"], 2)
        note = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
        granted = self.expect(201, "POST", at + "/uploads", note, role=None)
        own = f"{at}/uploads/{granted['upload']['id']}"
        again = self.expect(200, "POST", own + "/transfer", role=None)["transfer"]
        self.put(again, b"hello")
        self.expect(409, "POST", own + "/transfer", role=None)
        self.wait_for(granted["upload"]["id"])
        self.assertEqual(self.expect(200, "GET", own, role=None)["upload"]["status"], "COMPLETED")
        self.expect(400, "POST", at + "/uploads", {**note, "content_type": "image/png"}, role=None)
        self.expect(403, "POST", at + "/uploads", {**note, "size": 96}, role=None)
        self.expect(204, "DELETE", "/upload-tickets/" + made["ticket"]["id"])
        self.expect(404, "DELETE", "/upload-tickets/0000000000000000")
        for method, path in (("GET", at), ("POST", at + "/uploads"), ("GET", own), ("POST", own + "/transfer")):
            self.expect(404, method, path, note if path.endswith("/uploads") else None, role=None)
        self.assertNotIn(made["secret"].encode(), Path(self.server.folder.name, "log").read_bytes())

    def test_another_tenant_in_the_header_is_refused(self):
        self.expect(200, "GET", "/uploads", headers={"X-Tenant-ID": "main"})
        problem = self.expect(403, "GET", "/uploads", headers={"X-Tenant-ID": "other"})
        self.assertEqual(problem["code"], "tenant_mismatch")
        entry = self.expect(200, "GET", "/tenants/main/audit?action=tenant.header_refused")["entries"][0]
        self.assertEqual((entry["subject"], entry["outcome"]), ("other", "refused"))

    def test_operations(self):
        for path in ("/health", "/ready", "/metrics", "/openapi.json"):
            self.expect(200, "GET", path, role=None)

    def test_events(self):
        body = {"userId": "ana", "eventType": "login", "details": {"device": {"os": "android"}}}
        first = self.expect(201, "POST", "/events", body)
        listed = self.expect(200, "GET", "/events/ana")
        self.assertEqual(listed["events"][0]["details"], body["details"])
        self.expect(200, "GET", f"/events/ana/{first['eventId']}")
        self.expect(400, "POST", "/events", {"userId": "", "extra": 1})
        repeat = {**body, "eventId": "0190a000-0000-7000-8000-00000000000a"}
        self.expect(201, "POST", "/events", repeat)
        self.assertTrue(self.expect(200, "POST", "/events", repeat)["duplicate"])
        self.expect(422, "POST", "/events", {**repeat, "eventType": "logout"})
        self.expect(201, "POST", "/events/batch", {"events": [body, {"userId": "x"}]})

    def test_evidence_of_the_event_log(self):
        ids = [self.expect(201, "POST", "/events", {"userId": "eva", "eventType": "step", "details": {"n": n}})["eventId"]
               for n in range(3)]
        self.expect(403, "GET", "/events", role="member")
        first = self.expect(200, "GET", "/events?order=desc&limit=2")
        self.expect(200, "GET", f"/events?order=desc&limit=2&cursor={first['nextCursor']}")
        self.expect(200, "GET", f"/events?cursor={first['tailCursor']}")
        self.expect(400, "GET", "/events/eva?cursor=forged")
        export = self.expect(200, "GET", "/events?format=ndjson")
        self.expect(400, "GET", "/events?format=ndjson&type=step")
        self.assertIn(b"sequence,eventId", self.expect(200, "GET", "/events?format=csv&type=step"))
        self.expect(200, "GET", "/events?log=audit")
        size = self.expect(200, "GET", "/event-checkpoints")["checkpoints"][-1]["size"]
        self.expect(403, "GET", "/event-checkpoints?log=audit", role="viewer")
        self.expect(200, "GET", f"/event-proofs/inclusion?eventId={ids[0]}")
        self.expect(404, "GET", "/event-proofs/inclusion?eventId=0190a000-0000-7000-8000-000000000000")
        self.expect(200, "GET", f"/event-proofs/consistency?first={size}&second={size}")
        self.expect(400, "GET", "/event-proofs/consistency?first=2&second=1")
        self.expect(200, "POST", "/event-redactions", {"eventIds": ids[:1], "reason": "asked"})
        self.expect(400, "POST", "/event-redactions", {"eventIds": [], "reason": ""})
        self.expect(200, "PUT", "/event-retention", {"days": 0})
        self.expect(200, "GET", "/event-retention", role="viewer")
        self.expect(405, "DELETE", "/event-key")
        self.verify_offline(export, self.expect(200, "GET", "/event-key", role="viewer")["publicKey"])

    def verify_offline(self, export, key):
        def verdict(data):
            return subprocess.run([BINARY, "events", "verify", "-", "--key", key, "--json"], input=data,
                                  capture_output=True, check=False)
        self.assertEqual(verdict(export).returncode, 0)
        forged = verdict(export.replace(b'"n":1', b'"n":7'))
        self.assertEqual(forged.returncode, 1)
        sequence = next(json.loads(line)["sequence"] for line in export.splitlines() if b'"n":1' in line)
        self.assertEqual(json.loads(forged.stdout)["problem"]["sequence"], sequence)


if __name__ == "__main__":
    unittest.main()
