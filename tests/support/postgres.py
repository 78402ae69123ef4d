"""A PostgreSQL server of a test's own (postgres.sh), with the roles and a database as docs/scaling.md makes them.

    with Postgres() as server:
        environment = server.new_database()   # HOIST_DATABASE_URL and HOIST_DATABASE_OWNER_URL
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).with_name("postgres.sh")
SKIPPED = 77


class Postgres:
    def __init__(self, *settings):
        self.folder = tempfile.mkdtemp(prefix="hoist-postgres-")
        self.settings = settings
        self.made = 0
        self.process = None
        self.start()
        self.psql("postgres", "CREATE ROLE owner LOGIN; CREATE ROLE app LOGIN;")

    def start(self):
        """Ends the test as skipped where PostgreSQL is not installed."""
        arguments = [word for setting in self.settings for word in ("-c", setting)]
        self.process = subprocess.Popen([SCRIPT, self.folder, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        if said != "ready\n":
            if self.process.wait() == SKIPPED:
                print("SKIPPED: PostgreSQL is not installed")
                sys.exit(SKIPPED)
            raise RuntimeError(f"PostgreSQL does not start: {said}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def url(self, role, name):
        return f"postgresql://{role}@/{name}?host={self.folder}"

    def psql(self, name, statements, role="admin"):
        done = subprocess.run(["psql", self.url(role, name), "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statements],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def new_database(self):
        self.made += 1
        name = f"hoist_{self.made}"
        self.psql("postgres", f"CREATE DATABASE {name} OWNER owner")
        return {"HOIST_DATABASE_URL": self.url("app", name), "HOIST_DATABASE_OWNER_URL": self.url("owner", name)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
