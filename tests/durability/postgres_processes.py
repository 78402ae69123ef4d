"""Two API and two worker processes on one PostgreSQL, one of each killed again and again under load.

Clients send to both APIs. What was acknowledged is there at the end, once, and has ended; tasks started in their
order, whoever worked on them. A worker that dies is noticed by its leases, an API process by nobody but its clients.

Environment: PROCESSES_SECONDS (40), PROCESSES_SEED.
"""
import collections
import os
import pathlib
import random
import subprocess
import sys
import time

from driver.api import Api
from driver.server import Server
from driver.suite import Suite

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from postgres import Postgres  # noqa: E402

SECONDS = float(os.environ.get("PROCESSES_SECONDS", "40"))
GROUPS = 4


class Member(Server):
    """One process of the installation, started again whenever it was killed."""

    def __init__(self, suite, data, role, settings):
        super().__init__(suite.binary, data, suite.folder, suite.clamd.socket, settings=settings)
        self.arguments = ["--role", role]
        self.kills = 0
        suite.running.append(self)

    def kill_and_start(self):
        self.kill()
        self.kills += 1
        self.start()


def check_doubles(suite, server):
    """Every task was sent once, under a title of its own."""
    api = Api(server)
    titles = collections.Counter(task["title"] for task in api.pages("/tasks?limit=100", "tasks"))
    for title, times in titles.items():
        if times > 1:
            suite.verifier.find("doubled", f"the task {title} was sent once and is there {times} times")
    api.connections.close()
    return len(titles)


def check_isolation(suite, postgres, settings):
    """A shell of the role that serves sees nothing, of whatever table."""
    name = settings["HOIST_DATABASE_URL"].split("/")[3].split("?")[0]
    tables = postgres.psql(name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    rows = sum(int(postgres.psql(name, f"SELECT count(*) FROM {table}", role="app")) for table in tables)
    if rows or not tables:
        suite.verifier.find("open", f"a shell without a tenant sees {rows} rows in {len(tables)} tables")
    return len(tables)


def run(suite, postgres, chance):
    data = os.path.join(suite.folder, "data")
    settings = postgres.new_database()
    subprocess.run([suite.binary, "migrate"], env={**os.environ, **settings}, check=True, stdout=subprocess.DEVNULL)
    settings.pop("HOIST_DATABASE_OWNER_URL")
    apis = [Member(suite, data, "api", settings) for _ in range(2)]
    workers = [Member(suite, data, "worker", settings) for _ in range(2)]
    for member in (*apis, *workers):
        member.start()
    features = suite.features(apis[0])
    ends_at = time.monotonic() + SECONDS
    cycle = 0
    while time.monotonic() < ends_at and not suite.verifier.findings:
        cycle += 1
        killed = chance.choice(apis)
        with suite.load(apis[0], f"one-{cycle}", features), suite.load(apis[1], f"two-{cycle}", features), suite.load(
            chance.choice(apis), f"tasks-{cycle}", features, clients=2, groups=GROUPS, pause_s=0.01
        ):
            time.sleep(chance.uniform(0.5, 1.5))
            chance.choice(workers).kill_and_start()
            time.sleep(chance.uniform(0.1, 1.0))
            killed.kill()
            time.sleep(chance.uniform(0.1, 0.5))
        killed.kills += 1
        killed.start()
    suite.verifier.verify(apis[0], at_the_end=True)
    for sentence in suite.unexpected[:20]:
        suite.verifier.find("unexpected_answer", sentence)
    tasks = check_doubles(suite, apis[1])
    tables = check_isolation(suite, postgres, settings)
    for member in (*apis, *workers):
        member.stop()
    return {
        "api_kills": sum(member.kills for member in apis),
        "worker_kills": sum(member.kills for member in workers),
        "tasks_listed": tasks,
        "tables_closed": tables,
    }


def main():
    seed = int(os.environ.get("PROCESSES_SEED", str(random.randrange(1_000_000))))
    print(f"seed={seed}", flush=True)
    with Postgres() as postgres, Suite("postgres-processes", sys.argv) as suite:
        return suite.report(**run(suite, postgres, random.Random(seed)))


if __name__ == "__main__":
    sys.exit(main())
