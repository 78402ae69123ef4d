"""The peers, each started privately under the scratch folder on a port of its own."""
import os
import pwd
import shutil
import subprocess

from .processes import Failed, find_program, free_port

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(HERE, "peers")
POSTGRES = "/usr/lib/postgresql/15/bin"
# The same answer for everybody on the trivial route.
SMALL_JSON = (
    '{"status":"ok","version":"0.1.0","uptime_s":12345,'
    '"checks":{"database":"ok","objects":"ok","scanner":"ok"}}'
)


def install_node_peers():
    if not os.path.isdir(os.path.join(SCRIPTS, "node_modules")):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=SCRIPTS, check=True)


class Peers:
    """Starts each peer once, when a leg first asks for it."""

    def __init__(self, context):
        self.context = context
        self.started = {}

    def once(self, name, start):
        if name not in self.started:
            self.started[name] = start()
        return self.started[name]

    def folder(self, name):
        path = os.path.join(self.context.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def node(self, name, script, *words, processes=1):
        """(port, process) of a Node script that takes its port first."""

        def start():
            port = free_port()
            cluster = ["cluster.cjs", str(processes)] if processes > 1 else []
            process = self.context.processes.start(
                ["node", *cluster, script, str(port), *words], port, cwd=SCRIPTS
            )
            return port, process

        return self.once(name, start)

    def nginx(self):
        def start():
            folder, port = self.folder("nginx"), free_port()
            config = os.path.join(folder, "nginx.conf")
            with open(config, "w") as file:
                file.write(
                    f"""
worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} reuseport;
    location / {{ default_type application/json; return 200 '{SMALL_JSON}'; }} }} }}
"""
                )
            process = self.context.processes.start([find_program("nginx"), "-c", config, "-p", folder], port)
            return port, process

        return self.once("nginx", start)

    def postgres(self):
        """The folder of its socket; fsync and synchronous_commit are on, as installed."""

        def start():
            folder = self.folder("postgres")
            data = os.path.join(folder, "data")
            user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
            if os.getuid() == 0:
                shutil.chown(folder, "postgres")
                self.open_way_to(folder)
            run = lambda *words: subprocess.run(
                words, check=True, capture_output=True, cwd=folder, user=user if os.getuid() == 0 else None
            )
            run(find_program("initdb", POSTGRES), "-D", data, "-A", "trust", "-U", "postgres")
            process = self.context.processes.start(
                [
                    find_program("postgres", POSTGRES),
                    "-D",
                    data,
                    "-k",
                    folder,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "shared_buffers=512MB",
                    "-c",
                    "max_wal_size=4GB",
                    "-c",
                    "fsync=on",
                    "-c",
                    "synchronous_commit=on",
                ],
                cwd=folder,
                user=user if os.getuid() == 0 else None,
            )
            for _ in range(300):
                ready = subprocess.run(
                    [find_program("pg_isready", POSTGRES), "-h", folder], capture_output=True
                )
                if ready.returncode == 0:
                    return folder, process
                try:
                    process.wait(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    pass
            raise Failed("postgres did not start")

        return self.once("postgres", start)

    def open_way_to(self, folder):
        """PostgreSQL refuses to run as root, so its user has to reach the folder."""
        path = os.path.dirname(folder)
        while path != "/" and os.stat(path).st_uid == os.getuid() and path.startswith("/tmp/"):
            os.chmod(path, os.stat(path).st_mode | 0o011)
            path = os.path.dirname(path)

    def redis(self, appendfsync):
        def start():
            folder, port = self.folder(f"redis-{appendfsync}"), free_port()
            process = self.context.processes.start(
                [
                    find_program("redis-server"),
                    "--port",
                    str(port),
                    "--bind",
                    "127.0.0.1",
                    "--dir",
                    folder,
                    "--appendonly",
                    "yes",
                    "--appendfsync",
                    appendfsync,
                    "--save",
                    "",
                ],
                port,
            )
            return port, process

        return self.once(f"redis-{appendfsync}", start)

    def beanstalkd(self):
        """-f0: a sync for each message."""

        def start():
            folder, port = self.folder("beanstalkd"), free_port()
            process = self.context.processes.start(
                [find_program("beanstalkd"), "-l", "127.0.0.1", "-p", str(port), "-b", folder, "-f0"], port
            )
            return port, process

        return self.once("beanstalkd", start)

    def sink(self):
        def start():
            folder, port = self.folder("sink"), free_port()
            process = self.context.processes.start(
                [self.context.tool("bench_sink"), "--port", str(port), "--folder", folder], port
            )
            return port, process

        return self.once("sink", start)
