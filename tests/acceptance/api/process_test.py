#!/usr/bin/env python3
"""What a server process does as a whole: signing in and out, what it prints, how it fails to start.

usage: process_test.py HOIST_BINARY [ENGINE]
"""
import base64
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

BINARY = sys.argv.pop(1)
ENGINE = sys.argv.pop(1) if len(sys.argv) > 1 else "embedded"
sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from postgres import Postgres  # noqa: E402

SERVER = Postgres("fsync=off") if ENGINE == "postgres" else None
if SERVER:
    unittest.addModuleCleanup(SERVER.__exit__)
ANY_PORT = ["--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0"]


def serve(data, *settings, limit=None):
    arguments = [BINARY, "serve", "--engine", ENGINE, "--data", str(data), *ANY_PORT]
    for setting in settings:
        arguments += ["--set", setting]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit)


def call(api, method, path, body=None, token=None, headers=None):
    request = urllib.request.Request(api + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Process(unittest.TestCase):
    def setUp(self):
        os.environ.update(SERVER.new_database() if SERVER else {})
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name) / "data"
        self.running = []

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.communicate()
        self.folder.cleanup()

    def start(self, *settings, **options):
        process = serve(self.data, *settings, **options)
        self.running.append(process)
        return process

    def end(self, process):
        process.terminate()
        output = process.communicate(timeout=60)
        self.running.remove(process)
        return output

    def test_the_printed_link_signs_in_once_and_signing_out_ends_the_token(self):
        process = self.start()
        api = re.search(r"api=(\S+)", process.stdout.readline()).group(1)
        link = process.stdout.readline()
        self.assertNotIn("token=", link)
        ticket = re.search(r"#sign-in=(\S+)", link).group(1)
        status, session = call(api, "POST", "/sign-in", {"ticket": ticket})
        self.assertEqual(status, 201)
        self.assertEqual(call(api, "POST", "/sign-in", {"ticket": ticket})[0], 401)
        token = session["token"]
        self.assertEqual(call(api, "GET", "/tenants/main", token=token)[0], 200)

        _, issued = call(api, "POST", "/tickets", {"purpose": "stream"}, token)
        stream = f"{api}/stream?project_id=site-a&ticket={issued['ticket']}"
        with urllib.request.urlopen(stream, timeout=30) as events:
            lines = [events.readline().decode() for _ in range(4)]
        self.assertIn('"topics":["project:site-a"]', "".join(lines))
        with self.assertRaises(urllib.error.HTTPError) as again:
            urllib.request.urlopen(stream, timeout=30)
        self.assertEqual(again.exception.code, 401)

        self.assertEqual(call(api, "POST", "/sign-out", token=token)[0], 204)
        self.assertEqual(call(api, "GET", "/tenants/main", token=token)[0], 401)
        trail = call(api, "GET", "/tenants/main/audit?actor=console", token=self.command_line_token())[1]
        actions = [entry["action"] for entry in trail["entries"] if entry["action"] != "audit.read"]
        self.assertEqual(actions, ["session.ended", "session.started"])

    def command_line_token(self):
        return json.loads((self.data / "cli.json").read_text())["token"]

    def test_a_sign_in_service_of_the_company_is_trusted_as_configured(self):
        folder = Path(self.folder.name)
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "key.pem"], check=True)
        public = subprocess.run(["openssl", "pkey", "-in", folder / "key.pem", "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout[-32:]
        keys = folder / "keys.json"
        keys.write_text(json.dumps(
            {"keys": [{"kid": "k1", "kty": "OKP", "crv": "Ed25519", "x": base64url(public)}]}))

        def token(**changes):
            claims = {"iss": "https://login.example.com", "aud": "hoist-uploads", "sub": "ana", "company": "main",
                      "roles": ["constructora"], "exp": int(time.time()) + 600, **changes}
            parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "kid": "k1"}, claims)]
            text = folder / "signed"
            text.write_text(".".join(parts))
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", folder / "key.pem", "-in", text],
                                       check=True, capture_output=True).stdout
            return ".".join([*parts, base64url(signature)])

        trusted = ["identity.issuer=https://login.example.com", "identity.audience=hoist-uploads",
                   f"identity.keys={keys}", "identity.tenant_claim=company", "identity.role_claim=roles"]
        process = self.start(*trusted)
        api = re.search(r"api=(\S+)", process.stdout.readline()).group(1)
        self.assertEqual(call(api, "GET", "/tenants/main/audit", token=token())[0], 200)
        viewer = token(roles=["inversionista"])
        self.assertEqual(call(api, "GET", "/tenants/main", token=viewer)[0], 200)
        self.assertEqual(call(api, "GET", "/tenants/main/audit", token=viewer)[0], 403)
        for wrong in ({"aud": "another"}, {"iss": "https://evil.example.com"}, {"company": "nobody"}, {"roles": []},
                      {"exp": int(time.time()) - 61}):
            self.assertEqual(call(api, "GET", "/tenants/main", token=token(**wrong))[0], 401, wrong)
        self.assertEqual(call(api, "POST", "/sign-out", token=viewer)[0], 204)
        self.assertEqual(call(api, "GET", "/tenants/main", token=viewer)[0], 401)
        self.end(process)

        keys.unlink()
        refused = self.start(*trusted)
        self.assertNotEqual(refused.wait(timeout=60), 0)
        self.assertIn("identity.keys", refused.stderr.read())

    def test_parameters_and_nulls_that_mean_nothing_are_refused(self):
        process = self.start()
        api = re.search(r"api=(\S+)", process.stdout.readline()).group(1)
        token = self.command_line_token()
        for path in ("/uploads?color=red", "/tenants/main?x=1", "/ready?x=1", "/stream?topics=tenant", "/event-key?a",
                     "/uploads?access_token=" + token, "/uploads?ticket=x", "/stream?project_id=a&topic=tenant"):
            status, body = call(api, "GET", path, token=token)
            self.assertEqual(status, 400, path)
            self.assertNotIn(token, json.dumps(body))
        self.assertEqual(call(api, "POST", "/uploads?multiparts=true", {}, token)[0], 400)
        self.assertEqual(call(api, "GET", "/groups/%C2%84/tasks", token=token)[0], 404)
        task = {"title": "t", "description": "", "priority": "low"}
        event = {"userId": "u", "eventType": "t"}
        for path, body in (("/dead-letters/redrive", {"dry_run": None}), ("/dead-letters/redrive", {"ids": None}),
                           ("/tasks", {**task, "group": None}), ("/events", {**event, "eventId": None}),
                           ("/events", {**event, "details": None}), ("/events", {**event, "timestamp": None})):
            status, answer = call(api, "POST", path, body, token)
            self.assertEqual(status, 400, (path, body, answer))
        self.assertEqual(call(api, "POST", "/tasks", {**task, "due_date": None}, token)[0], 201)

    def test_every_line_is_json_when_asked_for_and_holds_no_secret(self):
        process = self.start("log.format=json", "log.level=debug")
        ready = json.loads(process.stdout.readline())
        token = self.command_line_token()
        self.assertEqual(call(ready["api"], "GET", "/uploads", token=token)[0], 200)
        self.assertEqual(call(ready["api"], "GET", "/uploads", token="no")[0], 401)
        output = "".join(self.end(process))
        for line in output.splitlines():
            json.loads(line)
        for secret in ("sign-in=", "token=", token):
            self.assertNotIn(secret, json.dumps(ready) + output)
        wrong = self.start("log.format=json", "server.listen=nowhere")
        for line in "".join(wrong.communicate(timeout=30)).splitlines():
            self.assertEqual(json.loads(line)["level"], "error")
        self.assertEqual(wrong.returncode, 2)

    def test_a_finished_task_names_the_request_that_made_it(self):
        process = self.start("log.format=json")
        api = json.loads(process.stdout.readline())["api"]
        token = self.command_line_token()
        task = {"title": "a \"request_id\":\"no\"", "description": "", "priority": "low"}
        trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
        for headers in ({"X-Request-ID": "order-7", "traceparent": trace}, {"traceparent": trace}):
            status, made = call(api, "POST", "/tasks", task, token, headers)
            self.assertEqual(status, 201)
            while call(api, "GET", "/tasks/" + made["task_id"], token=token)[1]["status"] != "done":
                time.sleep(0.02)
        lines = [json.loads(line) for line in "".join(self.end(process)).splitlines()]
        done = [line["request"] for line in lines if line["message"] == "a task is done"]
        self.assertEqual(done, ["order-7", "ab" * 16])

    def test_too_little_memory_is_said_and_never_an_abort(self):
        for megabytes in (250, 390, 400, 410, 500, 600):
            size = megabytes << 20
            process = self.start(limit=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
            ready = process.stdout.readline().startswith("ready")
            _, complaint = self.end(process)
            if not ready or process.returncode != 0:  # it may also run out a moment after it was ready
                self.assertGreater(process.returncode, 0, complaint)
                self.assertIn("hoist: ", complaint)

    def test_few_descriptors_are_enough_or_refused_in_words(self):
        def limit_to(files):
            return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        few = self.start(limit=limit_to(32))
        _, complaint = few.communicate(timeout=60)
        self.assertEqual(few.returncode, 6, complaint)
        self.assertIn("open files are too few", complaint)

        process = self.start("limits.requests_per_minute_per_ip=100000", limit=limit_to(192))
        line = process.stdout.readline()
        api = re.search(r"api=http://(\S+):(\d+)", line)
        held = [socket.create_connection((api.group(1), int(api.group(2))), timeout=10) for _ in range(300)]
        client = socket.create_connection((api.group(1), int(api.group(2))), timeout=10)
        client.sendall(b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertIn(b" 503 ", client.recv(4096))
        for connection in [client, *held]:
            connection.close()
        deadline = time.monotonic() + 30
        status = 0
        while status != 200 and time.monotonic() < deadline:
            status = call(f"http://{api.group(1)}:{api.group(2)}", "GET", "/ready")[0]
        self.assertEqual(status, 200)

    def test_memory_follows_the_bytes_that_come_and_falls_back(self):
        def resident(pid):
            status = Path(f"/proc/{pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024
        process = self.start("limits.requests_per_minute_per_user=100000")
        api = re.search(r"api=http://(\S+):(\d+)", process.stdout.readline())
        token = self.command_line_token()
        before = resident(process.pid)
        held = []
        for _ in range(95):
            client = socket.create_connection((api.group(1), int(api.group(2))), timeout=10)
            client.sendall(f"POST /tasks/batch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
                           "Content-Type: application/json\r\nContent-Length: 8388608\r\n\r\n{".encode())
            held.append(client)
        self.assertEqual(call(f"http://{api.group(1)}:{api.group(2)}", "GET", "/ready")[0], 200)
        self.assertLess(resident(process.pid) - before, 40)
        for client in held:
            client.settimeout(30)
            try:
                client.sendall(b" " * 4_000_000)
            except OSError:
                pass  # told 503 meanwhile, and closed
        peak = resident(process.pid)
        self.assertLess(peak - before, 150)
        for client in held:
            client.close()
        deadline = time.monotonic() + 60
        while resident(process.pid) - before > 30 and time.monotonic() < deadline:
            time.sleep(0.2)
        print(f"resident MB: {before} before, {peak} at the peak, {resident(process.pid)} afterwards")
        self.assertLessEqual(resident(process.pid) - before, 30)


if __name__ == "__main__":
    unittest.main(verbosity=2)
