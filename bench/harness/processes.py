"""Programs that a run starts: each is waited for, and each is stopped when the run ends."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

STARTS_WITHIN_S = 30


class Failed(Exception):
    pass


class NotMeasured(Exception):
    """The thing to measure is not there; the report says so instead of a number."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_program(name, *folders):
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders]))
    if path is None:
        raise NotMeasured(f"{name} is not installed (tools/install.sh bench)")
    return path


def end_orderly_when_told():
    """SIGTERM and SIGHUP end a run as Ctrl-C does: by way of its clean-up, so that no server stays behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda told, _: sys.exit(128 + told))


class Processes:
    def __init__(self, log_folder):
        self.log_folder = log_folder
        self.running = []

    def start(self, words, port=None, environment=None, cwd=None, user=None):
        """Starts a program and waits until its port answers."""
        log = open(os.path.join(self.log_folder, os.path.basename(words[0]) + ".log"), "a")
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=cwd,
            user=user,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        began = time.monotonic()
        while port and not answers(port):
            if process.poll() is not None:
                raise Failed(f"{words[0]} ended with {process.returncode}; see {self.log_folder}")
            if time.monotonic() - began > STARTS_WITHIN_S:
                raise Failed(f"{words[0]} does not answer on port {port}; see {self.log_folder}")
            time.sleep(0.02)
        return process

    def stop(self, process):
        if process in self.running:
            self.running.remove(process)
        if process.poll() is not None:
            return
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop_all(self):
        for process in list(reversed(self.running)):
            self.stop(process)


def run_json(words, timeout_s=300, **options):
    """The last line that a program prints, as JSON."""
    ran = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=timeout_s, **options
    )
    if ran.returncode != 0:
        raise Failed(f"{words[0]} {words[1] if len(words) > 1 else ''}: {ran.stderr.strip()[-400:]}")
    return json.loads(ran.stdout.strip().splitlines()[-1])
