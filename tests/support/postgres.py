"""A PostgreSQL server of a test's own (postgres.sh), with the roles and a database as docs/scaling.md makes them.

    with Postgres() as server:
        environment = server.new_database()   # HOIST_DATABASE_URL and HOIST_DATABASE_OWNER_URL
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

# Three connections to the server for whatever number of clients: they have to share them.
POOLER = """[databases]
* = host={folder} port=5432
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
logfile = {folder}/pooler.log
"""
SCRIPT = pathlib.Path(__file__).with_name("postgres.sh")
SKIPPED = 77


class Postgres:
    def __init__(self, *settings):
        self.folder = tempfile.mkdtemp(prefix="hoist-postgres-")
        self.settings = settings
        self.made = 0
        self.process = None
        self.pooler = None
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
        found = {"HOIST_DATABASE_URL": self.url("app", name), "HOIST_DATABASE_OWNER_URL": self.url("owner", name)}
        if self.pooler:
            found |= {"HOIST_DATABASE_URL": self.url("app", name) + "&port=6432", "HOIST_DATABASE_POOLED": "true"}
        return found

    def pool(self):
        """From now on databases are reached through PgBouncer in transaction mode. Skipped where it is missing."""
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
        if program is None:
            self.__exit__()
            print("SKIPPED: PgBouncer is not installed")
            sys.exit(SKIPPED)
        folder = pathlib.Path(self.folder)
        (folder / "users.txt").write_text('"app" ""\n')
        (folder / "pooler.ini").write_text(POOLER.format(folder=folder))
        # It refuses to run as root, and may read what the server's user may.
        user = {"user": folder.owner(), "group": folder.owner()} if folder.owner() != "root" else {}
        for name in ("users.txt", "pooler.ini"):
            (folder / name).chmod(0o644)
        self.pooler = subprocess.Popen([program, "-q", folder / "pooler.ini"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, **user)
        while not (folder / ".s.PGSQL.6432").exists():
            if self.pooler.poll() is not None:
                raise RuntimeError("PgBouncer does not start")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pooler:
            self.pooler.kill()
            self.pooler.wait()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
