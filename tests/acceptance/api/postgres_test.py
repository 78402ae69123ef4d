#!/usr/bin/env python3
"""An installation on PostgreSQL as its operator meets it: migrations, what a server refuses, and the roles of its
processes.

usage: postgres_test.py HOIST_BINARY
"""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))
from postgres import Postgres  # noqa: E402

BINARY = sys.argv.pop(1)
SERVER = Postgres("fsync=off")
unittest.addModuleCleanup(SERVER.__exit__)
PATIENCE_S = 30
LOCK_CLASS = 0x686F6973


class Installation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name) / "data"
        self.addresses = SERVER.new_database()
        self.name = f"hoist_{SERVER.made}"
        self.running = []

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.communicate()
        self.folder.cleanup()

    def run_hoist(self, *arguments, **addresses):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S,
                              env={**os.environ, **(addresses or self.addresses)}, check=False)

    def migrate(self):
        self.assertEqual(self.run_hoist("migrate").returncode, 0)

    def serve(self, *arguments):
        process = subprocess.Popen(
            [BINARY, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0",
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "HOIST_DATABASE_URL": self.addresses["HOIST_DATABASE_URL"]})
        self.running.append(process)
        return re.search(r"api=(\S+)", process.stdout.readline()).group(1)

    def refused(self, url):
        done = self.run_hoist("serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--objects-listen",
                              "127.0.0.1:0", HOIST_DATABASE_URL=url)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def call(self, api, method, path, body=None):
        request = urllib.request.Request(api + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "Bearer " + json.loads((self.data / "cli.json").read_text())["token"])
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as answer:
            return answer.code, None

    def wait_for(self, look, *wanted):
        end = time.monotonic() + PATIENCE_S
        while (found := look()) not in wanted:
            self.assertLess(time.monotonic(), end, found)
        return found

    def upload(self, api, content):
        """Answers the state in which it ends."""
        _, made = self.call(api, "POST", "/uploads", {"project_id": "p", "filename": "f.txt", "content_type": "text/plain",
                                                      "size": len(content)})
        transfer = made["transfer"]
        put = urllib.request.Request(transfer["url"], method="PUT", data=content, headers=transfer["headers"])
        with urllib.request.urlopen(put, timeout=PATIENCE_S) as answer:
            self.assertEqual(answer.status, 200)
        path = f"/uploads/{made['upload']['id']}"
        return self.wait_for(lambda: self.call(api, "GET", path)[1]["status"], "COMPLETED", "FAILED")

    @contextlib.contextmanager
    def holding(self, tenant):
        """A transaction of this tenant stands still: its lock of src/adapters/postgres/locks.cpp is taken."""
        key = 2166136261
        for byte in tenant.encode():
            key = (key ^ byte) * 16777619 % 2**32
        shell = subprocess.Popen(["psql", SERVER.url("app", self.name), "-qAtX"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True)
        shell.stdin.write(f"BEGIN; SELECT pg_advisory_xact_lock_shared({LOCK_CLASS}, 0);"
                          f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, {key >> 1 | 0x40000000}); SELECT 'held';\n")
        shell.stdin.flush()
        while shell.stdout.readline() != "held\n":
            pass
        try:
            yield
        finally:
            shell.communicate("ROLLBACK;")

    def test_a_dry_run_says_what_would_run_and_changes_nothing(self):
        planned = self.run_hoist("migrate", "--dry-run").stdout.splitlines()
        self.assertEqual(planned[0], "would run 1 tenants")
        self.assertEqual(SERVER.psql(self.name, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0")
        self.assertEqual(self.run_hoist("migrate").stdout, f"{len(planned)} migration(s) ran\n")
        self.assertEqual(self.run_hoist("migrate", "--dry-run").stdout, "")
        self.assertEqual(self.run_hoist("migrate").stdout, "0 migration(s) ran\n")

    def test_several_that_migrate_at_once_run_each_migration_once(self):
        running = [subprocess.Popen([BINARY, "migrate"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env={**os.environ, **self.addresses}) for _ in range(3)]
        self.assertEqual([process.wait(PATIENCE_S) for process in running], [0, 0, 0])
        self.assertEqual(self.run_hoist("migrate", "--dry-run").stdout, "")

    def test_tables_of_a_newer_version_are_refused(self):
        self.migrate()
        SERVER.psql(self.name, "INSERT INTO schema_migrations VALUES (9999, 'to come', '', 0)")
        for arguments in (["migrate"], ["migrate", "--dry-run"]):
            self.assertIn("newer version", self.run_hoist(*arguments).stderr)
        self.assertIn("newer version", self.refused(self.addresses["HOIST_DATABASE_URL"]))

    def test_a_server_whose_database_does_not_keep_tenants_apart_is_refused(self):
        self.assertIn("migrate", self.refused(self.addresses["HOIST_DATABASE_URL"]))
        self.migrate()
        self.assertIn("owns the table", self.refused(self.addresses["HOIST_DATABASE_OWNER_URL"]))
        self.assertIn("superuser", self.refused(SERVER.url("admin", self.name)))
        SERVER.psql(self.name, "ALTER TABLE uploads DISABLE ROW LEVEL SECURITY")
        self.assertIn("uploads", self.refused(self.addresses["HOIST_DATABASE_URL"]))

    def test_what_is_wrong_with_the_address_is_said_and_is_no_outage(self):
        self.migrate()
        SERVER.psql("postgres", "DROP ROLE IF EXISTS locked; CREATE ROLE locked LOGIN PASSWORD 'right'")
        rules = Path(SERVER.folder) / "data" / "pg_hba.conf"
        rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
        loaded = SERVER.psql("postgres", "SELECT pg_conf_load_time()")
        SERVER.psql("postgres", "SELECT pg_reload_conf()")
        end = time.monotonic() + PATIENCE_S
        while SERVER.psql("postgres", "SELECT pg_conf_load_time()") == loaded:
            self.assertLess(time.monotonic(), end, "the rules are not read")
        for url, exit_code, said in (
            (SERVER.url("locked:wrong", self.name), 3, "refuses the user or the password"),
            (SERVER.url("locked", self.name), 3, "wants a password"),
            (SERVER.url("nobody", self.name), 3, "refuses the user"),
            (SERVER.url("app", "nothing"), 5, "no database of the name"),
            (SERVER.url("app", self.name) + "/nowhere", 6, "temporarily unavailable"),
        ):
            done = self.run_hoist("serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--objects-listen",
                                  "127.0.0.1:0", HOIST_DATABASE_URL=url)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.returncode, exit_code, done.stderr)

    def test_tls_is_with_the_server_that_the_address_names(self):
        def certificate(name, address):
            path = Path(server.folder) / name
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=database", "-addext", f"subjectAltName=IP:{address}",
                            "-keyout", f"{path}.key", "-out", f"{path}.crt"], check=True, capture_output=True)
            shutil.chown(f"{path}.key", Path(server.folder).owner())
            return path

        # A loopback address of its own, so that the port is free.
        address = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.7"
        with Postgres("fsync=off") as server:
            own, other, elsewhere = (certificate(*each) for each in (("own", address), ("other", address), ("away", "127.0.0.9")))
            rules = Path(server.folder) / "data" / "pg_hba.conf"
            rules.write_text("hostssl all all all trust\n" + rules.read_text())

            def serve_with(presented, trusted):
                server.stop()
                server.settings = ("fsync=off", f"listen_addresses={address}", "ssl=on", f"ssl_cert_file={presented}.crt",
                                   f"ssl_key_file={presented}.key")
                server.start()
                url = f"postgresql://app@{address}/{name}?sslmode=verify-full&sslrootcert={trusted}.crt"
                return {"HOIST_DATABASE_URL": url}

            addresses = server.new_database()
            name = f"hoist_{server.made}"
            self.assertEqual(self.run_hoist("migrate", **addresses).returncode, 0)
            command = ["tenant", "add", "--data", str(self.data), "acme"]
            done = self.run_hoist(*command, **serve_with(own, own))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for presented, trusted in ((own, other), (elsewhere, elsewhere)):
                done = self.run_hoist(*command, **serve_with(presented, trusted))
                self.assertIn("TLS with the database fails", done.stderr)
                self.assertEqual(done.returncode, 3)

    def test_processes_that_start_at_once_share_their_keys(self):
        self.migrate()
        arguments = [BINARY, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0",
                     "--role", "api"]
        environment = {**os.environ, "HOIST_DATABASE_URL": self.addresses["HOIST_DATABASE_URL"]}
        self.running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                         env=environment) for _ in range(3)]
        apis = [re.search(r"api=(\S+)", process.stdout.readline()).group(1) for process in self.running]
        for api in apis:
            self.assertEqual(self.call(api, "GET", "/uploads?project_id=p")[0], 200, "a token of another's key")
        self.assertEqual(len(list((self.data / "keys" / "tokens").iterdir())), 1)
        credentials = json.loads((self.data / "keys" / "s3.json").read_text())
        for api in apis:
            _, made = self.call(api, "POST", "/uploads", {"project_id": "p", "filename": "f", "content_type": "text/plain",
                                                          "size": 1})
            self.assertIn(credentials["signer_access_key_id"], made["transfer"]["url"])

    def test_a_process_has_only_what_its_role_needs(self):
        self.migrate()
        api = self.serve("--role", "api")
        worker = self.serve("--role", "worker")
        self.assertFalse(self.call(api, "GET", "/health")[1]["scanner"]["private"], "only workers scan")
        self.assertTrue(self.call(worker, "GET", "/health")[1]["scanner"]["private"])
        process = self.running[-1]
        listening = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"}
        own = {os.readlink(name)[8:-1] for name in Path(f"/proc/{process.pid}/fd").iterdir()
               if os.readlink(name).startswith("socket:")}
        self.assertEqual(len(listening & own), 1, "a worker listens for its health and nothing else")

    def test_doctor_finds_what_is_wrong_beside_a_running_server(self):
        self.migrate()
        api = self.serve()
        self.assertEqual(self.upload(api, b"bytes that stay"), "COMPLETED")
        _, made = self.call(api, "POST", "/tasks", {"title": "t", "description": "d", "priority": "low"})
        self.wait_for(lambda: self.call(api, "GET", f"/tasks/{made['task_id']}")[1]["status"], "done")
        event = {"userId": "u", "eventType": "login", "timestamp": "2026-01-01T00:00:00Z", "details": {"a": 1}}
        self.assertEqual(self.call(api, "POST", "/events", event)[0], 201)
        doctor = ["doctor", "--scrub", "--data", str(self.data)]
        done = self.run_hoist(*doctor, HOIST_DATABASE_URL=self.addresses["HOIST_DATABASE_URL"])
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1:]), (0, ["0 problem(s) found"]), done.stdout + done.stderr)
        for check, spoil in (
            ("quota", "UPDATE tenant_usage SET bytes = bytes + 1"),
            ("objects", "DELETE FROM objects"),
            ("tasks", "UPDATE tasks SET title = 'another'"),
            ("events", "UPDATE events SET event_type = 'logout'"),
            ("tables", "REVOKE SELECT ON idempotency_keys FROM app"),
        ):
            SERVER.psql(self.name, spoil)
            done = self.run_hoist(*doctor, HOIST_DATABASE_URL=self.addresses["HOIST_DATABASE_URL"])
            found = {line.split()[0] for line in done.stdout.splitlines()}
            self.assertIn(check, found, f"{spoil}: {done.stdout}{done.stderr}")
            self.assertEqual(done.returncode, 1)
        SERVER.psql(self.name, "ALTER TABLE uploads DISABLE ROW LEVEL SECURITY")
        done = self.run_hoist(*doctor, HOIST_DATABASE_URL=self.addresses["HOIST_DATABASE_URL"])
        self.assertIn("row-level security is not in force on the table uploads", done.stderr)
        self.assertEqual(done.returncode, 7)

    def test_a_password_is_not_shown(self):
        shown = self.run_hoist("serve", "--print-config", HOIST_DATABASE_URL="postgresql://app:hunter2@h/d").stdout
        self.assertIn('url = "(set)"', shown)
        self.assertNotIn("hunter2", shown)

    def test_an_api_process_accepts_and_a_worker_process_works(self):
        self.migrate()
        api = self.serve("--role", "api")
        status, made = self.call(api, "POST", "/tasks", {"title": "t", "description": "d", "priority": "low"})
        self.assertEqual(status, 201)
        self.assertEqual(self.call(api, "GET", f"/tasks/{made['task_id']}")[1]["status"], "waiting")
        worker = self.serve("--role", "worker")
        self.assertEqual(self.call(worker, "GET", "/health")[0], 200)
        self.assertEqual(self.call(worker, "GET", "/tasks")[0], 404)
        self.wait_for(lambda: self.call(api, "GET", f"/tasks/{made['task_id']}")[1]["status"], "done")

    def test_a_transaction_of_one_tenant_that_stands_still_delays_no_other_tenant(self):
        self.migrate()
        api = self.serve("--role", "api")
        self.serve("--role", "worker")
        with self.holding("somebody"):
            self.assertEqual(self.upload(api, b"bytes that arrive"), "COMPLETED")
            _, made = self.call(api, "POST", "/tasks", {"title": "t", "description": "d", "priority": "low"})
            self.wait_for(lambda: self.call(api, "GET", f"/tasks/{made['task_id']}")[1]["status"], "done")

    def test_a_migration_needs_the_address_of_the_owner(self):
        for arguments in (["migrate"], ["migrate", "--dry-run"]):
            done = self.run_hoist(*arguments, HOIST_DATABASE_URL=self.addresses["HOIST_DATABASE_URL"])
            self.assertIn("HOIST_DATABASE_OWNER_URL", done.stderr)

    def test_a_new_folder_beside_rows_of_objects_is_refused(self):
        self.migrate()
        SERVER.psql(self.name, "INSERT INTO objects (bucket, key, version, size, etag, content_type, sha256, "
                               "attributes, modified_us) VALUES ('media', 'main/p/uploads/1', 'v', 1, 'e', '', '', '', 1)")
        self.assertIn("is another or is not mounted", self.refused(self.addresses["HOIST_DATABASE_URL"]))
        self.serve("--accept-loss")

    def test_a_server_whose_database_is_away_is_not_ready(self):
        self.migrate()
        api = self.serve()
        self.assertEqual(self.call(api, "GET", "/ready")[0], 200)
        SERVER.psql("postgres", f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        SERVER.psql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")
        self.assertEqual(self.call(api, "GET", "/ready")[0], 503)
        SERVER.psql("postgres", f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")
        self.wait_for(lambda: self.call(api, "GET", "/ready")[0], 200)

    def test_a_folder_of_its_own_is_for_one_process(self):
        done = self.run_hoist("serve", "--data", str(self.data), "--role", "api", HOME="/")
        self.assertIn("server.role", done.stderr)


if __name__ == "__main__":
    unittest.main()
