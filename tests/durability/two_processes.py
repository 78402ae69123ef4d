"""A server, a worker and the commands of an operator on one data folder, each killed at random moments.

The server leaves the tasks to the worker. Commands run one after the other as fast as they can; some
are killed in the middle. What was acknowledged is there at the end, and every command that was left
alone succeeded.

Environment: PROCESSES_SECONDS (40), PROCESSES_SEED.
"""
import collections
import os
import random
import signal
import subprocess
import sys
import threading
import time

from driver.suite import Suite

SECONDS = float(os.environ.get("PROCESSES_SECONDS", "40"))
GROUPS = 4
# What a second process may not do while the first is away, it says with one of these.
PATIENCE_S = 30


class Worker:
    """`hoist worker`, started again whenever it was killed."""

    def __init__(self, suite, data):
        self.command = [suite.binary, "worker", "--data", data]
        self.log = open(os.path.join(suite.folder, "worker.log"), "a")
        self.process = None
        self.kills = 0

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_S)
        self.log.close()


class Operator(threading.Thread):
    """Runs commands until told to stop."""

    def __init__(self, suite, data, chance):
        super().__init__(daemon=True)
        self.suite = suite
        self.data = data
        self.chance = chance
        self.stopping = threading.Event()
        self.tried = collections.Counter()
        self.killed = 0
        self.tenants = 0

    def commands(self):
        self.tenants += 1
        return [
            ["token", "--user", "operator", "--role", "viewer"],
            ["tenant", "add", f"tenant-{self.tenants}"],
            ["dead-letters", "--queue", "tasks", "--tenant", "main"],
            ["dead-letters", "--redrive", "--tenant", "main"],
            ["events", "reconcile"],
            ["doctor"],
        ]

    def run(self):
        while not self.stopping.is_set():
            self.run_one(self.chance.choice(self.commands()))

    def run_one(self, command):
        name = " ".join(command[:2] if command[0] in ("tenant", "events") else command[:1])
        self.tried[name] += 1
        process = subprocess.Popen(
            [self.suite.binary, *command, "--data", self.data],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if self.chance.random() < 0.3:
            time.sleep(self.chance.uniform(0.005, 0.1))
            if process.poll() is None:
                process.kill()
                self.killed += 1
            process.communicate()
            return
        said, _ = process.communicate(timeout=PATIENCE_S)
        if process.returncode != 0:
            self.suite.verifier.find("command_failed", f"{name} ended with {process.returncode}: {said[-300:]!r}")


def main():
    seed = int(os.environ.get("PROCESSES_SEED", str(random.randrange(1_000_000))))
    print(f"seed={seed}", flush=True)
    chance = random.Random(seed)
    server_kills = 0
    with Suite("processes", sys.argv) as suite:
        data = os.path.join(suite.folder, "data")
        server = suite.server(data, settings={"HOIST_TASKS_WORKERS": "0"})
        server.start()
        worker = Worker(suite, data)
        worker.start()
        operator = Operator(suite, data, random.Random(seed + 1))
        operator.start()
        features = suite.features(server)
        ends_at = time.monotonic() + SECONDS
        cycle = 0
        while time.monotonic() < ends_at and not suite.verifier.findings:
            cycle += 1
            with suite.load(server, f"all-{cycle}", features), suite.load(
                server, f"tasks-{cycle}", features, clients=2, groups=GROUPS, pause_s=0.01
            ):
                time.sleep(chance.uniform(0.2, 1.0))
                if chance.random() < 0.6:
                    worker.kill()
                    worker.start()
                if chance.random() < 0.5:
                    server.kill()
                    server_kills += 1
            if server.process.poll() is not None:
                server.start()
        operator.stopping.set()
        operator.join()
        # The worker lives on, so that what is left ends too.
        suite.verifier.verify(server, at_the_end=True)
        for sentence in suite.unexpected[:20]:
            suite.verifier.find("unexpected_answer", sentence)
        server.stop()
        worker.stop()
        return suite.report(
            server_kills=server_kills,
            worker_kills=worker.kills,
            command_kills=operator.killed,
            commands=sum(operator.tried.values()),
        )


if __name__ == "__main__":
    sys.exit(main())
