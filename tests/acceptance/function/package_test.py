#!/usr/bin/env python3
"""The zip of the function: the same bytes every time, nothing of this machine's libraries, and it answers.

usage: package_test.py PROGRAM ZIP TOOL
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PROGRAM, ZIP, TOOL = (Path(name).resolve() for name in sys.argv[1:4])
EVENT = {
    "httpMethod": "POST",
    "path": "/events",
    "multiValueHeaders": {"Host": ["api.example"], "Content-Type": ["application/json"]},
    "requestContext": {"resourceId": "r", "identity": {"sourceIp": "192.0.2.7", "apiKeyId": "k1"}},
    "body": json.dumps({"userId": "ana", "eventType": "login", "timestamp": "2026-11-20T18:25:43Z", "details": {}}),
    "isBase64Encoded": False,
}


class Runtime(BaseHTTPRequestHandler):
    """Gives one event, and answers 500 to who asks for another."""

    protocol_version = "HTTP/1.1"
    asked, told = [], []

    def reply(self, status, body=b"{}", headers=()):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        Runtime.asked.append(time.monotonic())
        if len(Runtime.asked) > 1:
            return self.reply(500)
        ends = str(int((time.time() + 20) * 1000))
        headers = (("Lambda-Runtime-Aws-Request-Id", "1"), ("Lambda-Runtime-Deadline-Ms", ends))
        return self.reply(200, json.dumps(EVENT).encode(), headers)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Runtime.told.append((self.path, json.loads(body), time.monotonic()))
        self.reply(202)

    def log_message(self, *_):
        pass


class Package(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name) / "task"
        with zipfile.ZipFile(ZIP) as archive:
            for entry in archive.infolist():
                mode = entry.external_attr >> 16
                self.assertEqual(mode & 0o777, 0o755, entry.filename)
                os.chmod(archive.extract(entry, self.root), mode & 0o777)

    def test_the_same_program_is_the_same_bytes(self):
        again = Path(self.folder.name) / "again.zip"
        subprocess.run([TOOL, PROGRAM, again], check=True, capture_output=True)
        self.assertTrue(again.read_bytes() == ZIP.read_bytes(), "two zips of one program differ")

    def test_it_brings_every_library_and_the_loader(self):
        library = self.root / "lib"
        listed = subprocess.run([library / "loader", "--library-path", library, "--list", self.root / "bin/hoist"],
                                check=True, capture_output=True, text=True).stdout
        named = [line.split("=>")[1].split("(")[0].strip() for line in listed.splitlines() if "=>" in line]
        self.assertGreater(len(named), 5)
        for path in named:
            self.assertTrue(path.startswith(str(library)) or "ld-linux" in path, path)
        self.assertFalse([path for path in named if "vips" in path], "a function decodes no pictures")

    def test_it_answers(self):
        server = HTTPServer(("127.0.0.1", 0), Runtime)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "LAMBDA_TASK_ROOT": str(self.root),
            "PATH": "/usr/bin:/bin",
            "HOIST_FUNCTION": "events-api",
            "HOIST_SERVER_ENGINE": "memory",
            "HOIST_SERVER_DATA": self.folder.name + "/data",
        }
        started = time.monotonic()
        subprocess.run([self.root / "bootstrap"], env=environment, timeout=60, capture_output=True, check=False)
        (path, answer, told), = Runtime.told
        self.assertEqual(path, "/2018-06-01/runtime/invocation/1/response")
        self.assertEqual(answer["statusCode"], 201, answer)
        init, first = Runtime.asked[0] - started, told - Runtime.asked[0]
        print(f"{ZIP.stat().st_size / (1 << 20):.1f} MB; init {1000 * init:.0f} ms, first answer {1000 * first:.0f} ms")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
