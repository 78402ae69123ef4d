#!/usr/bin/env python3
"""Mixed files put into two projects, while the server is killed in the middle of each: all of them end COMPLETED in
both, the second time without being sent, and deleting one project leaves the other whole, to the byte.

usage: two_projects.py HOIST_BINARY [--files N] [--seed N]

Real files come from the folder HOIST_SAMPLES beside the generated ones.
"""
import argparse
import collections
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import arrive

KILL_AFTER = 0.3  # of the files are known to the server
SETTLED_WITHIN_S = 600


class KilledServer(arrive.Server):
    """Comes back at the addresses it had."""

    def restart(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.start(self.api.split("//")[1], self.objects.split("//")[1])

    def delete(self, upload_id):
        request = urllib.request.Request(self.api + "/uploads/" + upload_id, method="DELETE",
                                         headers={"Authorization": "Bearer " + self.token})
        urllib.request.urlopen(request, timeout=60).close()

    def digest(self, upload_id):
        """Of the bytes that its content leads to."""
        request = urllib.request.Request(f"{self.api}/uploads/{upload_id}/content",
                                         headers={"Authorization": "Bearer " + self.token})
        with urllib.request.build_opener(Bare()).open(request, timeout=60) as answer:
            return hashlib.sha256(answer.read()).hexdigest()

    def stored_bytes(self):
        return self.get("/tenants/main/usage")["usage"]["storage_bytes"]


class Bare(urllib.request.HTTPRedirectHandler):
    """The redirect is signed, and takes no token beside it."""

    def redirect_request(self, *arguments):
        request = super().redirect_request(*arguments)
        request.remove_header("Authorization")
        return request


def known(server, project):
    """Counted by the server; 0 while it is away."""
    try:
        return len(server.uploads(project))
    except OSError:
        return 0


def put_and_kill(server, source, project, made):
    """Kills the server once as soon as it knows some of the files."""
    killed = threading.Event()

    def kill():
        while not killed.is_set() and known(server, project) < made * KILL_AFTER:
            time.sleep(0.05)
        if not killed.is_set():
            killed.set()
            server.restart()

    killer = threading.Thread(target=kill)
    killer.start()
    done, seconds = server.put(source, project)
    in_the_middle = killed.is_set()
    killed.set()
    killer.join()
    print(f"{project}: {made} files in {seconds:.1f} s, exit {done.returncode}, "
          f"{'killed meanwhile' if in_the_middle else 'done before it could be killed'}", flush=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def settle(server, project):
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline:
        waiting = [each for each in server.uploads(project) if each["status"] in ("UPLOADED", "PROCESSING")]
        if not waiting:
            return
        server.get(f"/uploads/{waiting[0]['id']}?wait=20")


def is_whole(server, project, source):
    """Every file under its name, COMPLETED, with its bytes."""
    wrong = []
    uploads = {each["filename"]: each for each in server.uploads(project) if each["status"] != "DELETED"}
    for name in sorted(os.listdir(source)):
        upload = uploads.pop(name, None)
        with open(os.path.join(source, name), "rb") as file:
            wanted = hashlib.sha256(file.read()).hexdigest()
        if upload is None:
            wrong.append(f"{name} is not there")
        elif upload["status"] != "COMPLETED":
            wrong.append(f"{name} is {upload['status']}: {upload.get('error')}")
        elif server.digest(upload["id"]) != wanted:
            wrong.append(f"{name} has other bytes")
    wrong += [f"{name} is there and was not put" for name in uploads]
    for sentence in wrong[:20]:
        print("  ", project, sentence)
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    options.heic = options.jpeg = 0
    print(f"seed={options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "files")
        os.mkdir(source)
        made, skipped = arrive.fill(source, options, random.Random(options.seed))
        size = sum(entry.stat().st_size for entry in os.scandir(source))
        server = KilledServer(options.binary, folder)
        fine = True
        try:
            for project in ("site-a", "site-b"):
                fine = put_and_kill(server, source, project, made) and fine
                settle(server, project)
            fine = arrive.check(server, "site-a", made) and arrive.check(server, "site-b", made) and fine
            print(f"{size} bytes put twice, {server.stored_bytes()} stored", flush=True)
            fine = server.stored_bytes() <= size and fine
            server.restart()
            fine = is_whole(server, "site-a", source) and is_whole(server, "site-b", source) and fine
            for upload in server.uploads("site-a"):
                server.delete(upload["id"])
            server.restart()
            states = collections.Counter(each["status"] for each in server.uploads("site-a"))
            print(f"site-a after its end: {dict(states)}", flush=True)
            fine = states == {"DELETED": made} and is_whole(server, "site-b", source) and fine
        finally:
            server.stop()
        doctor = subprocess.run([options.binary, "doctor", "--data", server.data], capture_output=True, text=True)
        print(doctor.stdout[-600:], doctor.stderr[-600:])
        for what in skipped:
            print(f"SKIPPED {what}")
    return 0 if fine and doctor.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
