"""Every way in which the data folder can be less than it was: the server refuses to start and says why,
nothing stored is deleted, and `hoist doctor --recover` brings the files back.

Each damage is done to a copy of one folder that a server under load left at its kill -9.
"""
import os
import random
import shutil
import subprocess
import sys

from driver.journal import Journal
from driver.suite import Suite
from driver.verify import Verifier

UPLOADS = 40
DAY_S = 86_400
REFUSED_WITHIN_S = 30


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def remove_database(data):
    for name in ("hoist.db", "hoist.db-wal", "hoist.db-shm"):
        os.remove(os.path.join(data, name))


def empty_database(data):
    remove_database(data)
    open(os.path.join(data, "hoist.db"), "w").close()


def put_old_database_back(data):
    remove_database(data)
    os.remove(os.path.join(data, "running"))  # as after an orderly end: the server would name the missing WAL
    shutil.copy(os.path.join(data, "..", "old.db"), os.path.join(data, "hoist.db"))


def wal(data):
    return os.path.join(data, "hoist.db-wal")


def remove_wal_and_index(data):
    os.remove(wal(data))
    os.remove(os.path.join(data, "hoist.db-shm"))


# What is done, and what the refusal speaks of.
DAMAGES = {
    "hoist.db removed": (remove_database, "hoist.db is missing"),
    "hoist.db emptied": (empty_database, "hoist.db is missing"),
    "hoist.db of an hour ago": (put_old_database_back, "older than the data folder"),
    "WAL header flipped": (lambda data: flip(wal(data), 30), "header"),
    "WAL flipped in its middle": (lambda data: flip(wal(data), os.path.getsize(wal(data)) // 2), "damaged"),
    "WAL cut": (lambda data: os.truncate(wal(data), os.path.getsize(wal(data)) // 2), "committed pages"),
    "WAL emptied": (lambda data: os.truncate(wal(data), 0), "pages of commits"),
    "WAL and its index removed": (remove_wal_and_index, "hoist.db-wal is missing"),
}
# These cost no file, so there is nothing to recover but the operator's word.
LOSSES = {
    "details.db removed": ("details.db", "details.db is missing"),
    "event key removed": ("keys/event_log.pem", "event_log.pem is missing"),
}


def stored_files(data):
    """Age included: rubbish of a crash is younger than an hour, and these are to look like none."""
    found = {}
    for folder, _, names in os.walk(os.path.join(data, "objects")):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.getsize(path):
                found[name] = os.path.getsize(path)
                before = os.stat(path).st_mtime - DAY_S
                os.utime(path, (before, before))
    return found


def refusal(suite, data):
    command = [suite.binary, "serve", "--data", data]
    command += ["--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=REFUSED_WITHIN_S)
    except subprocess.TimeoutExpired:
        return 0, "it started"
    return ended.returncode, ended.stderr


def make_folder(suite):
    """A folder after kill -9, with an older copy of its database beside it; the journal of what it holds."""
    data = os.path.join(suite.folder, "data")
    server = suite.server(data)
    for last in (False, True):
        server.start()
        with suite.load(server, "old" if not last else "new", suite.features(server)) as load:
            while len(load.journal.undeleted()) < UPLOADS * (2 if last else 1):
                load.stopping.wait(0.05)
        suite.verifier.verify(server, at_the_end=True)
        server.kill() if last else server.stop()
        if not last:
            shutil.copy(os.path.join(data, "hoist.db"), os.path.join(suite.folder, "old.db"))
    return data


def acknowledged(suite):
    """What the folder can tell without its database: uploads whose bytes were acknowledged, and which of them
    were deleted since."""
    folder = os.path.join(suite.folder, "acknowledged")
    os.makedirs(folder, exist_ok=True)
    journal = Journal(folder)
    journal.sent = suite.journal.sent
    journal.uploads = {
        upload_id: upload
        for upload_id, upload in suite.journal.uploads.items()
        if upload["bytes_acknowledged"]
    }
    return journal


def check_refusal(suite, name, data, words):
    before = stored_files(data)
    code, said = refusal(suite, data)
    if code == 0 or words not in said:
        suite.verifier.find("not_refused", f"{name}: exit {code}, {said!r}")
    if stored_files(data) != before:
        suite.verifier.find("lost", f"{name}: a refused start changed the stored files")
    return before


def check_recovery(suite, name, data, before):
    ran = subprocess.run(
        [suite.binary, "doctor", "--recover", "--data", data], capture_output=True, text=True, timeout=120
    )
    if ran.returncode != 0:
        suite.verifier.find("not_recovered", f"{name}: {ran.stderr!r}")
        return 0
    server = suite.server(data)
    server.start()
    verifier = Verifier(acknowledged(suite))
    verifier.verify(server, at_the_end=True)
    server.kill()
    suite.verifier.findings += [f"{name}: {finding}" for finding in verifier.findings]
    suite.verifier.counts.update(verifier.counts)
    after = stored_files(data)
    missing = [file for file in before if file not in after]
    if missing:
        suite.verifier.find("lost", f"{name}: {len(missing)} stored files are gone after the recovery")
    return len(verifier.whole)


def check_acceptance(suite, name, data):
    server = suite.server(data)
    server.arguments = ["--accept-loss"]
    server.start()
    server.stop()
    code, said = 0, ""
    server.arguments = []
    try:
        server.start()
        server.stop()
    except Exception as error:
        code, said = 1, str(error)
    if code:
        suite.verifier.find("not_accepted", f"{name}: a loss accepted once is refused again: {said}")


def main():
    random.seed(1)
    recovered = 0
    with Suite("damage", sys.argv) as suite:
        left = make_folder(suite)
        copies = os.path.join(suite.folder, "copies")
        os.makedirs(copies)
        shutil.copy(os.path.join(suite.folder, "old.db"), copies)
        for number, (name, (damage, words)) in enumerate(DAMAGES.items()):
            data = os.path.join(copies, str(number))
            shutil.copytree(left, data)
            damage(data)
            before = check_refusal(suite, name, data, words)
            recovered += check_recovery(suite, name, data, before)
        for name, (file, words) in LOSSES.items():
            data = os.path.join(copies, os.path.basename(file))
            shutil.copytree(left, data)
            os.remove(os.path.join(data, file))
            check_refusal(suite, name, data, words)
            check_acceptance(suite, name, data)
        suite.verify_at_the_end(suite.server(left))
        return suite.report(damages=len(DAMAGES) + len(LOSSES), files_recovered=recovered)


if __name__ == "__main__":
    sys.exit(main())
