"""A full disk: writes are refused with 507 or 503, reads go on, and space freed is used without a restart.

The data folder is a small tmpfs with a ballast file in it. Needs root for the mount; else skipped.
"""
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

from driver.api import LOST, Refused
from driver.load import Client
from driver.suite import SKIPPED, Suite

DISK_BYTES = 96 << 20
RECOVERS_WITHIN_S = 20
TOLD_WITHIN_S = 30
FULL = (503, 507)


def mount(folder):
    os.mkdir(folder)
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "hoist-disk-full", folder],
        capture_output=True,
        text=True,
    )
    return ran.stderr.strip() if ran.returncode else None


def fill(path):
    """Writes until nothing more fits."""
    with open(path, "wb", buffering=0) as ballast:
        for size in (1 << 20, 4096):
            try:
                while ballast.write(b"b" * size) == size:
                    pass
            except OSError:
                pass


def upload_refused(client):
    """The status of a refused upload; nothing when it was accepted."""
    try:
        client.upload()
    except Refused as refused:
        return refused.status
    return None


def check_full(suite, client, readable):
    """Uploads until ten were refused; answers how. Reading goes on meanwhile."""
    refusals = []
    for _ in range(200):
        status = upload_refused(client)
        if status is not None:
            refusals.append(status)
        if len(refusals) == 10:
            break
    if not refusals:
        suite.verifier.find("not_refused", "200 uploads were accepted on a full disk")
    for status in set(refusals) - set(FULL):
        suite.verifier.find("wrong_status", f"a full disk was answered with {status}")
    for upload_id in readable:
        try:
            client.api.content(upload_id)
        except (Refused, *LOST) as error:
            suite.verifier.find("unreadable", f"{upload_id} cannot be read on a full disk: {error}")
    return refusals


def get(server, path):
    with urllib.request.urlopen(server.api + path, timeout=10) as answer:
        return answer.read().decode()


def gauge(server, name):
    return float(re.search(rf"^{name} (\S+)$", get(server, "/metrics"), re.MULTILINE)[1])


def check_told(suite, server, full, lines):
    """The log, the metrics and /ready say that the storage is full, or that it no longer is."""
    line = "the storage is full" if full else "the storage has space again"

    def told():
        with open(server.log_path) as log:
            in_log = log.read().count(line) == lines
        low = gauge(server, "hoist_storage_free_bytes") <= gauge(server, "hoist_storage_reserve_bytes")
        return in_log, low == full, json.loads(get(server, "/ready"))["storage"]["full"] == full

    deadline = time.monotonic() + TOLD_WITHIN_S
    while not all(told()) and time.monotonic() < deadline:
        time.sleep(0.2)
    for what, is_so in zip(("log", "metrics", "/ready"), told()):
        if not is_so:
            suite.verifier.find("not_told", f"the {what} does not say {line!r} {lines} times")


def wait_until_accepted(suite, client):
    deadline = time.monotonic() + RECOVERS_WITHIN_S
    while time.monotonic() < deadline:
        if upload_refused(client) is None:
            return
        time.sleep(0.2)
    suite.verifier.find(
        "not_recovered", f"uploads were still refused {RECOVERS_WITHIN_S} s after space was freed"
    )


def main():
    with Suite("disk-full", sys.argv) as suite:
        data = os.path.join(suite.folder, "disk")
        refused = mount(data)
        if refused:
            print(f"SKIPPED: a tmpfs cannot be mounted here ({refused})")
            return SKIPPED
        try:
            return run(suite, data)
        finally:
            subprocess.run(["umount", "-l", data], check=False)


def run(suite, data):
    ballast = os.path.join(data, "ballast")
    server = suite.server(data)
    server.start()
    refusals = []
    client = Client(server, suite.journal, "disk-full", suite.features(server))
    for _ in range(20):
        client.upload()
    suite.verifier.verify(server, at_the_end=True)
    readable = list(suite.verifier.whole)
    for times in (1, 2):  # what recovers once must recover again
        fill(ballast)
        refusals += check_full(suite, client, readable)
        check_told(suite, server, full=True, lines=times)
        os.remove(ballast)
        wait_until_accepted(suite, client)
        check_told(suite, server, full=False, lines=times)
    if server.process.poll() is not None:
        suite.verifier.find("stopped", f"the server ended with {server.process.returncode}")
    suite.verifier.verify(server, at_the_end=True)
    server.kill()
    suite.verify_at_the_end(server)
    return suite.report(refusals=len(refusals), statuses=sorted(set(refusals)))


if __name__ == "__main__":
    sys.exit(main())
