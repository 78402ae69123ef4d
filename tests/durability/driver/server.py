"""Starts, kills and restarts one `hoist serve`."""
import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import tempfile
import time

READY = re.compile(r"\bready api=(\S+) objects=(\S+)")
READY_WITHIN_S = 30
# The suites send as fast as they can from one address and one user.
SETTINGS = {
    "HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_IP": "100000000",
    "HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_USER": "100000000",
    "HOIST_LIMITS_INITIATIONS_PER_MINUTE_PER_USER": "100000000",
}


class NotReady(Exception):
    pass


class Crashed(Exception):
    """The server ended without being killed."""


class Server:
    def __init__(self, binary, data, log_folder, clamd_socket=None, layer=None, settings=None):
        self.binary = binary
        self.data = data
        self.log_path = os.path.join(log_folder, "server.log")
        self.clamd_socket = clamd_socket
        self.layer = layer  # a PowerCut or None
        self.settings = {**SETTINGS, **(settings or {})}
        self.arguments = []  # of the next start, beside those that every one has
        self.process = None
        self.api = self.objects = self.token = None

    def launch(self):
        """Starts the process and returns at once."""
        environment = {**os.environ, **self.settings}
        if self.clamd_socket:
            environment["HOIST_SCANNER_SOCKET"] = self.clamd_socket
        if self.layer:
            environment.update(self.layer.environment(self.data))
        self.output = tempfile.TemporaryFile(mode="w+")
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(
                [
                    self.binary,
                    "serve",
                    "--data",
                    self.data,
                    "--listen",
                    "127.0.0.1:0",
                    "--objects-listen",
                    "127.0.0.1:0",
                    *self.arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=self.output,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def start(self):
        self.launch()
        began = time.monotonic()
        while time.monotonic() - began < READY_WITHIN_S:
            with open(f"/proc/self/fd/{self.output.fileno()}") as so_far:
                ready = READY.search(so_far.read())
            if ready:
                self.api, self.objects = ready.groups()
                with open(os.path.join(self.data, "cli.json")) as file:
                    self.token = json.load(file)["token"]
                return time.monotonic() - began
            if self.process.poll() is not None:
                raise NotReady(
                    f"the server ended with {self.process.returncode} before it was ready; "
                    f"see {self.log_path}"
                )
            time.sleep(0.005)
        raise NotReady(f"the server was not ready within {READY_WITHIN_S} s; see {self.log_path}")

    def children(self):
        """Those of any thread: a child belongs to the thread that started it."""
        found = []
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/children"):
            with contextlib.suppress(OSError), open(path) as file:
                found += [int(pid) for pid in file.read().split()]
        return found

    def kill(self):
        """SIGKILL for the server alone, as a crash; what it leaves behind is then cleared away."""
        if self.process.poll() is not None:
            raise Crashed(f"the server ended by itself with {self.process.returncode}; see {self.log_path}")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)

    def wait_for_exit(self, within_s):
        return self.process.wait(timeout=within_s)
