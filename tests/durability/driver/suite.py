"""What every durability suite needs: a scratch folder, a journal, a verifier, and servers to start."""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from .api import Api
from .clamd_stand_in import ClamdStandIn
from .journal import Journal
from .layer import PowerCut
from .load import Load
from .verify import Verifier

SKIPPED = 77


class Suite:
    """usage: SUITE.py HOIST_BINARY LAYER_FOLDER. The scratch folder stays when anything was found."""

    def __init__(self, name, arguments):
        self.name = name
        self.binary = os.path.abspath(arguments[1])
        self.folder = tempfile.mkdtemp(prefix=f"hoist-{name}-")
        self.journal = Journal(self.folder)
        self.verifier = Verifier(self.journal)
        self.layer = PowerCut(os.path.abspath(arguments[2]), self.folder)
        self.clamd = ClamdStandIn(self.folder)
        self.running = []
        self.unexpected = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for server in self.running:
            if server.process and server.process.poll() is None:
                server.kill()
        self.clamd.close()
        self.journal.file.close()
        if kind is None and (not self.verifier.findings or "POWERCUT_FORGET" in os.environ):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"what was sent and what is left: {self.folder}", file=sys.stderr)

    def server(self, data, layer=None, settings=None):
        from .server import Server

        server = Server(self.binary, data, self.folder, self.clamd.socket, layer, settings)
        self.running.append(server)
        return server

    def features(self, server):
        """The parts of the API that this server has."""
        api = Api(server)
        found = [
            name
            for name, path in (("tasks", "/tasks?limit=1"), ("events", "/events/nobody"))
            if api.has(path)
        ]
        api.connections.close()
        return found

    def load(self, server, seed, features, **options):
        return Load(server, self.journal, seed, features=features, unexpected=self.unexpected, **options)

    def jobs_in_flight(self, data):
        """The uploads that were being processed when the server died, read from a copy of the database."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("hoist.db", "hoist.db-wal"):
                if os.path.exists(os.path.join(data, name)):
                    shutil.copy(os.path.join(data, name), folder)
            try:
                with sqlite3.connect(os.path.join(folder, "hoist.db")) as db:
                    return {id for (id,) in db.execute("SELECT id FROM uploads WHERE state = 'PROCESSING'")}
            except sqlite3.DatabaseError:
                return set()  # killed before the first migration

    def verify_at_the_end(self, server):
        """A last start, and everything ever acknowledged, to the byte; nothing more if it is over already."""
        if self.verifier.findings:
            return
        server.start()
        self.verifier.verify(server, at_the_end=True)
        for sentence in self.unexpected[:20]:
            self.verifier.find("unexpected_answer", sentence)
        server.stop()
        self.examine(server)

    def examine(self, server):
        """Every object has its upload, every upload its object, and the quota is what is stored."""
        doctor = subprocess.run(
            [self.binary, "doctor", "--data", server.data], capture_output=True, text=True, check=False
        )
        if doctor.returncode:
            self.verifier.find("doctor", (doctor.stdout + doctor.stderr).strip())

    def report(self, **counts):
        self.verifier.report(**counts)
        return 1 if self.verifier.findings else 0
