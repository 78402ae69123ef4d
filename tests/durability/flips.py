"""One bit at a time flipped in the hoist.db of a server that came to its end: how many change a value, and how many
of those `hoist doctor` names. SQLite's pages carry no checksums, so some go unseen; the counts are those of
docs/operations.md, and no flip may crash the doctor."""
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys

from damage import flip, make_folder
from driver.suite import Suite

FLIPS = int(os.environ.get("FLIPS", "60"))
ANSWERS_WITHIN_S = 120


def run(suite, *words):
    return subprocess.run([suite.binary, *words], capture_output=True, text=True, timeout=ANSWERS_WITHIN_S)


def content(data):
    """What every table holds, however its pages are filled."""
    digest = hashlib.sha256()
    try:
        with sqlite3.connect(f"file:{data}/hoist.db?mode=ro&immutable=1", uri=True) as database:
            database.text_factory = bytes
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"):
                for row in database.execute(f'SELECT * FROM "{table.decode()}"'):
                    digest.update(repr(row).encode())
    except sqlite3.DatabaseError as error:
        digest.update(str(error).encode())
    return digest.hexdigest()


def is_named_by_the_doctor(suite, name, data):
    ran = run(suite, "doctor", "--data", data)
    if ran.returncode < 0:
        suite.verifier.find("crashed", f"{name}: doctor ended by signal {-ran.returncode}: {ran.stderr!r}")
    return ran.returncode != 0


def main():
    random.seed(7)
    counts = {"named_by_doctor": 0, "harmless": 0, "unseen": 0}
    with Suite("flips", sys.argv) as suite:
        data = make_folder(suite)
        server = suite.server(data)
        server.start()
        server.stop()
        size = os.path.getsize(os.path.join(data, "hoist.db"))
        whole = content(data)
        for number in range(FLIPS):
            at = random.randrange(size)
            copy = os.path.join(suite.folder, "flipped")
            shutil.copytree(data, copy)
            flip(os.path.join(copy, "hoist.db"), at)
            same = content(copy) == whole
            named = is_named_by_the_doctor(suite, f"flip {number} at {at}", copy)
            counts["named_by_doctor" if named else "harmless" if same else "unseen"] += 1
            shutil.rmtree(copy)
        return suite.report(flips=FLIPS, bytes=size, **counts)


if __name__ == "__main__":
    sys.exit(main())
