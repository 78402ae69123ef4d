#!/usr/bin/env python3
"""Sends files with `hoist put` through links that break in every way. Whatever the link does, every file ends
COMPLETED exactly once, and whoever waits is told why.

usage: links_test.py HOIST_BINARY FAULTS_LIBRARY [test names]
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from relay import Profile, Relay

BINARY = sys.argv.pop(1)
FAULTS = sys.argv.pop(1)
MEGA = 1_000_000


class Server:
    """Its object endpoint is known to clients by the relay's address, so signatures hold on the way."""

    def __init__(self, objects, settings=()):
        self.folder = tempfile.TemporaryDirectory()
        self.data = self.folder.name
        self.full = Path(self.folder.name, "full")
        given = ["limits.requests_per_minute_per_user=100000", "limits.requests_per_minute_per_ip=100000",
                 "limits.initiations_per_minute_per_user=10000",
                 f"server.objects_url=http://localhost:{objects.port}", *settings]
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0",
             *[part for setting in given for part in ("--set", setting)]],
            env={**os.environ, "LD_PRELOAD": FAULTS, "DISK_FULL_WHILE": str(self.full)},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = ""
        while not line.startswith("ready"):
            line = self.process.stdout.readline()
            assert line, "hoist serve ended"
        self.api_port = int(re.search(r"api=http://[^:]+:(\d+)", line).group(1))
        known = json.loads(Path(self.data, "cli.json").read_text())
        self.api, self.token = known["api"], known["token"]
        # "ready" names the address for users; where it listens is in the description of the process.
        objects.target = ("127.0.0.1", self.objects_port())

    def objects_port(self):
        """The port that is listened on and is not the API's."""
        inodes = set()
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
            except OSError:
                continue
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            columns = row.split()
            port = int(columns[1].split(":")[1], 16)
            if columns[3] == "0A" and columns[9] in inodes and port != self.api_port:
                return port
        raise AssertionError("the server listens on one port only")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.folder.cleanup()


class Links(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.objects = Relay(Profile())
        cls.server = Server(cls.objects)
        cls.api = Relay(Profile(), seed=2)
        cls.api.target = ("127.0.0.1", cls.server.api_port)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.objects.stop()
        cls.api.stop()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.objects.profile = self.api.profile = Profile()
        self.objects.away = self.api.away = False
        self.objects.passed = self.objects.broken = 0
        self.project = self.id().rsplit(".", 1)[1].replace("_", "-")[:64]
        self.random = random.Random(self.project)

    def files(self, count, low, high, large=0):
        folder = Path(self.folder.name, "photos")
        folder.mkdir()
        for index in range(count):
            (folder / f"{index}.bin").write_bytes(self.random.randbytes(self.random.randrange(low, high)))
        if large:
            (folder / "large.bin").write_bytes(self.random.randbytes(large))
        return folder

    def start(self, folder, *options, **environment):
        running = subprocess.Popen(
            [BINARY, "put", str(folder), "--project", self.project, "--json", "--stall-timeout", "2s", *options],
            env={**os.environ, "XDG_STATE_HOME": self.folder.name, "HOIST_SERVER": f"http://localhost:{self.api.port}",
                 "HOIST_TOKEN": self.server.token, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.kill)
        return running

    def put(self, folder, *options):
        running = self.start(folder, *options)
        output, errors = running.communicate(timeout=240)
        return running.returncode, [json.loads(line) for line in output.splitlines()], errors

    def listed(self):
        got = subprocess.run([BINARY, "ls", "--project", self.project, "--limit", "0", "--json", "--data",
                              self.server.data], capture_output=True, text=True, check=True)
        return [json.loads(line) for line in got.stdout.splitlines()]

    def check_all_arrived(self, folder):
        """The server's own list: every file once, COMPLETED, nothing else."""
        names = sorted((upload["filename"], upload["status"]) for upload in self.listed())
        self.assertEqual(names, sorted((path.name, "COMPLETED") for path in folder.iterdir()))

    def arrives(self, folder, *options):
        code, lines, errors = self.put(folder, *options)
        failed = [line["error"] for line in lines if line.get("outcome") == "failed"]
        self.assertEqual(code, 0, errors + str(failed))
        self.assertEqual(lines[-1]["summary"]["completed"], len(list(folder.iterdir())))
        self.check_all_arrived(folder)
        return errors

    def test_a_link_that_cuts_every_connection(self):
        """No 5 MB part ever gets through here, and many a photo does not."""
        self.objects.profile = Profile(cut=(0, 1.2 * MEGA), rate=40 * MEGA)
        self.arrives(self.files(12, 200_000, 1_800_000, large=18 * MEGA))
        self.assertGreater(self.objects.broken, 10)

    def test_a_link_that_stands_still(self):
        self.objects.profile = Profile(stall=(0.2, 0, MEGA), rate=40 * MEGA)
        self.arrives(self.files(12, 100_000, 900_000))

    def test_connections_that_are_half_open(self):
        self.objects.profile = Profile(half_open=0.3)
        self.api.profile = Profile(half_open=0.1)
        self.arrives(self.files(12, 10_000, 300_000))

    def test_resets_of_a_third_of_all_connections(self):
        self.objects.profile = self.api.profile = Profile(reset=0.3, cut=(0, 3 * MEGA))
        self.arrives(self.files(20, 10_000, 900_000))

    def test_the_pace_of_3g_with_more_waiting_than_sending(self):
        self.objects.profile = self.api.profile = Profile(rate=300_000, delay=0.1)
        self.arrives(self.files(8, 50_000, 200_000))

    def test_a_link_that_is_gone_for_a_while_is_waited_for_and_told(self):
        folder = self.files(12, 200_000, 900_000)
        self.objects.profile = Profile(rate=3 * MEGA)
        running = self.start(folder)
        self.wait_for(lambda: self.objects.passed > MEGA // 2)
        self.objects.away = self.api.away = True
        told = running.stderr.readline()
        self.assertRegex(told, r"^Offline, trying again .*gives up after 1 h 00 m")
        self.objects.away = self.api.away = False
        output, errors = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 0, errors)
        self.assertIn("The connection is back.", errors)
        self.check_all_arrived(folder)

    def test_names_that_cannot_be_resolved_for_a_while(self):
        # Small enough that most get through whole: a larger one may meet the cut ten times, waiting longer each time.
        folder = self.files(24, 100_000, 400_000)
        gone = Path(self.folder.name, "gone")
        self.objects.profile = Profile(rate=2 * MEGA, cut=(300_000, 700_000))  # so that names are asked for again
        running = self.start(folder, LD_PRELOAD=FAULTS, NO_NAMES_WHILE=str(gone))
        self.wait_for(lambda: self.objects.passed > 100_000)
        gone.touch()
        self.assertRegex(running.stderr.readline(), "^Offline, trying again")
        gone.unlink()
        output, errors = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 0, errors)
        self.check_all_arrived(folder)

    def test_it_gives_up_after_the_stated_time_and_counts_what_the_server_has(self):
        folder = self.files(12, 400_000, 600_000)
        self.objects.profile = Profile(rate=2 * MEGA)
        running = self.start(folder, "--give-up-after", "3s", "--parallel", "2")
        self.wait_for(lambda: sum(u["status"] == "COMPLETED" for u in self.listed()) >= 2)
        self.objects.away = True
        output, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 6, errors)
        self.assertIn("Nothing gets through to http://localhost", errors)
        summary = json.loads(output.splitlines()[-1])["summary"]
        states = [upload["status"] for upload in self.listed()]
        there = states.count("COMPLETED") + states.count("PROCESSING") + states.count("UPLOADED")
        self.assertEqual(summary["completed"] + summary["uploaded"], there)
        self.assertEqual(summary["not_sent"], 12 - there)
        self.assertEqual(len(output.splitlines()), 13, "a line for every file, then the summary")
        self.objects.away = False
        code, lines, errors = self.put(folder)
        self.assertEqual(code, 0, errors)
        self.check_all_arrived(folder)

    def test_a_full_storage_is_told_at_once_and_the_same_command_goes_on(self):
        folder = self.files(12, 100_000, 300_000)
        self.server.full.touch()
        began = time.monotonic()
        code, lines, errors = self.put(folder)
        self.server.full.unlink()
        self.assertEqual(code, 6, errors)
        self.assertLess(time.monotonic() - began, 15)
        self.assertRegex(errors, "storage is full")
        self.assertEqual(lines[-1]["summary"]["not_sent"], 12)
        self.arrives(folder)

    def wait_for(self, condition):
        until = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), until, "it did not happen")
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
