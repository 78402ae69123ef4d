#!/usr/bin/env python3
"""Files of every kind arrive: each ends COMPLETED in every project, whatever can be shown of it.

usage: arrive.py HOIST_BINARY [--files N] [--heic N] [--jpeg N] [--slow N] [--projects site-a,site-b]

Real files come from the folder HOIST_SAMPLES; without it those parts are SKIPPED. --files is the size of the mixed
set; --heic and --jpeg ask for copies of real photos of these kinds beside it, e.g. --files 0 --heic 200 --jpeg 600.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import files

SERVER_READY_S = 60


class Server:
    def __init__(self, binary, folder):
        self.binary, self.data = binary, os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "log")
        self.start("127.0.0.1:0", "127.0.0.1:0")
        self.token = self.make_token("main")

    def start(self, api, objects):
        settings = [f"limits.{name}=100000000" for name in
                    ("requests_per_minute_per_user", "requests_per_minute_per_ip", "initiations_per_minute_per_user")]
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data", self.data, "--listen", api, "--objects-listen", objects]
            + [word for setting in settings for word in ("--set", setting)],
            stdout=subprocess.PIPE, stderr=open(self.log_path, "ab"), text=True)
        line = self.process.stdout.readline()
        self.api, self.objects = re.search(r"api=(\S+) objects=(\S+)", line).groups()

    def make_token(self, tenant):
        return subprocess.run([self.binary, "token", "--data", self.data, "--tenant", tenant, "--user", "a",
                               "--role", "member"], capture_output=True, text=True, check=True).stdout.strip()

    def get(self, path):
        request = urllib.request.Request(self.api + path, headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def uploads(self, project):
        cursor, found = "", []
        while True:
            after = f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""
            page = self.get(f"/uploads?limit=100&project_id={project}{after}")
            found += page["uploads"]
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    def put(self, folder, project, *words):
        began = time.monotonic()
        where = [] if "--server" in words else ["--data", self.data]
        done = subprocess.run([self.binary, "put", folder, "--project", project, *where, *words],
                              capture_output=True, text=True)
        return done, time.monotonic() - began

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def children_lost(self):
        with open(self.log_path, errors="replace") as log:
            return sum("a media child was lost" in line for line in log)


def fill(folder, options, chance):
    """Returns how many were made and what was skipped."""
    samples = files.real(os.environ.get("HOIST_SAMPLES", ""))
    skipped = [] if samples else ["real files: HOIST_SAMPLES names no folder"]
    made = 0

    def add(name, content):
        nonlocal made
        made += 1
        with open(os.path.join(folder, f"{made:04}-{name}"), "wb") as file:
            file.write(content)

    generated = files.generated()
    for name, content in generated.items():
        if options.files:
            add(name, content)
    kinds = {**samples, **{name: content for name, content in generated.items() if name != "slow.pdf"}}
    while made < options.files:
        name = chance.choice(list(kinds))
        content = files.unique(name, kinds[name], chance)
        cut = chance.random() < 0.1
        length = int(len(content) * chance.uniform(0.3, 0.98)) if cut else len(content)
        add(("cut-" if cut else "") + name, content[:length])
    for wanted, endings in ((options.heic, (".heic",)), (options.jpeg, (".jpg", ".jpeg"))):
        of_kind = [name for name in samples if name.lower().endswith(endings)]
        for number in range(wanted if of_kind else 0):
            name = of_kind[number % len(of_kind)]
            add(name, files.unique(name, samples[name], chance))
    return made, skipped


def check(server, project, made):
    uploads = server.uploads(project)
    states = collections.Counter(upload["status"] for upload in uploads)
    shown = collections.Counter(
        upload["preview"]["status"] + " " + upload["preview"].get("reason", upload["preview"].get("note", ""))
        for upload in uploads if "preview" in upload)
    print(f"{project}: {dict(states)}", flush=True)
    print(f"{project}: previews {dict(shown)}", flush=True)
    for upload in uploads:
        if upload["status"] != "COMPLETED":
            print("  ", upload["filename"], upload["status"], upload.get("error"))
        elif upload["preview"]["status"] == "unavailable" and upload["preview"]["reason"].startswith("decoder"):
            print("  ", upload["filename"], upload["preview"]["reason"])
    return states == {"COMPLETED": made}


def wait_beside_slow_files(server, folder, slow):
    """How long another tenant's photo takes while every worker has PDFs that draw for minutes."""
    bombs, photo = os.path.join(folder, "bombs"), os.path.join(folder, "photo")
    os.mkdir(bombs), os.mkdir(photo)
    for number in range(slow):
        with open(os.path.join(bombs, f"{number}.pdf"), "wb") as file:
            file.write(files.slow_pdf() + b"%%%d\n" % number)
    with open(os.path.join(photo, "photo.jpg"), "wb") as file:
        file.write(files.grey_jpeg(800, 600))
    server.put(bombs, "bombs", "--no-wait")
    subprocess.run([server.binary, "tenant", "add", "quiet", "--data", server.data], capture_output=True, check=True)
    other = server.make_token("quiet")
    done, seconds = server.put(photo, "quiet", "--server", server.api, "--token", other)
    print(f"another tenant's photo beside {slow} slow PDFs: {seconds:.1f} s, exit {done.returncode}", flush=True)
    deadline = time.monotonic() + 60 * slow
    while time.monotonic() < deadline:
        left = [upload for upload in server.uploads("bombs") if upload["status"] in ("UPLOADED", "PROCESSING")]
        if not left:
            break
        server.get(f"/uploads/{left[0]['id']}?wait=20")
    return check(server, "bombs", slow) and done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--heic", type=int, default=0)
    parser.add_argument("--jpeg", type=int, default=0)
    parser.add_argument("--slow", type=int, default=0, help="PDFs that draw for minutes, beside another tenant")
    parser.add_argument("--projects", default="site-a")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed={options.seed}", flush=True)
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "files")
        os.mkdir(source)
        made, skipped = fill(source, options, random.Random(options.seed))
        server = Server(options.binary, folder)
        try:
            for project in options.projects.split(",") if made else []:
                done, seconds = server.put(source, project)
                print(f"{project}: {made} files in {seconds:.1f} s, exit {done.returncode}", flush=True)
                print(done.stdout[-400:], done.stderr[-400:])
                fine = check(server, project, made) and done.returncode == 0 and fine
            if options.slow:
                fine = wait_beside_slow_files(server, folder, options.slow) and fine
        finally:
            server.stop()
        print(f"media children lost: {server.children_lost()}")
        for what in skipped:
            print(f"SKIPPED {what}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
