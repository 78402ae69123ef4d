"""Thumbnails against sharp, and 2,000 photos through everything."""
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.parse

from . import machine
from .peers import SCRIPTS
from .processes import Failed, find_program, run_json
from .runner import Comparison, Sample
from .stats import Goal

TEST_SIGNATURE = "Hoist.Bench.Test:0:*:" + b"HOIST-BENCH-TEST-SIGNATURE".hex()


def photos(context, name, count, width, height):
    """Photographs with noise, position and orientation; made once a run."""
    folder = os.path.join(context.folder, name)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        subprocess.run(
            ["node", "photos.cjs", folder, str(count), str(width), str(height)], cwd=SCRIPTS, check=True
        )
    return folder


def thumbnails(context, hoist, peers):
    count = 6 if context.quick else 24
    folder = photos(context, "photos-large", count, 4000, 3000)

    def per_cpu_second(words):
        def leg():
            result = run_json(words, cwd=SCRIPTS)
            return Sample(
                result["images"] / result["cpu_s"], 0, {"images/s": result["images"] / result["seconds"]}
            )

        return leg

    ours = lambda sizes: per_cpu_second(
        [context.tool("bench_thumbnails"), "--folder", folder, "--count", count, "--sizes", sizes]
    )
    sharp = lambda sizes: per_cpu_second(["node", "sharp.cjs", folder, sizes, count])
    return Comparison(
        "thumbnails",
        "Thumbnails of 12-megapixel photos",
        "photos/CPU-s",
        {
            "hoist 256": ours("256"),
            "sharp 256": sharp("256"),
            "hoist 1024 + 256": ours("1024,256"),
            "sharp 1024 + 256": sharp("1024,256"),
        },
        [
            Goal("sharp 256", 0.95, subject="hoist 256"),
            Goal("sharp 1024 + 256", 1.3, subject="hoist 1024 + 256"),
        ],
        about="One photo at a time, decode to JPEG; CPU of the process without its start. Hoist makes both sizes from "
        "one decode, sharp is called twice.",
    )


class Clamd:
    """A private clamd with one test signature; the cache of clean files is off, for it would answer for us."""

    def __init__(self, context):
        folder = os.path.join(context.folder, "clamd")
        os.makedirs(os.path.join(folder, "db"), exist_ok=True)
        with open(os.path.join(folder, "db", "test.ndb"), "w") as file:
            file.write(TEST_SIGNATURE + "\n")
        self.socket = os.path.join(folder, "socket")
        config = os.path.join(folder, "clamd.conf")
        with open(config, "w") as file:
            file.write(
                f"LocalSocket {self.socket}\nDatabaseDirectory {folder}/db\nForeground yes\nMaxThreads 4\n"
                f"StreamMaxLength 200M\nLogFile {folder}/log\nDisableCache yes\n"
                + ("User root\n" if os.getuid() == 0 else "")
            )
        self.process = context.processes.start([find_program("clamd"), "-c", config])
        for _ in range(600):
            if os.path.exists(self.socket):
                return
            time.sleep(0.1)
        raise Failed("clamd did not start")

    def scan(self, path):
        with socket.socket(socket.AF_UNIX) as link, open(path, "rb") as file:
            link.connect(self.socket)
            link.sendall(b"zINSTREAM\0")
            while chunk := file.read(1 << 18):
                link.sendall(struct.pack(">I", len(chunk)) + chunk)
            link.sendall(b"\0\0\0\0")
            if b"OK" not in link.recv(4096):
                raise Failed(f"{path} is not clean")


def pipeline(context, start_hoist, peers):
    """The whole way of a folder of photos, against nothing but decoding and scanning the same ones."""
    count = 100 if context.quick else 2000
    folder = photos(context, "photos-many", count, 2016, 1512)
    clamd = Clamd(context)
    sample = sorted(os.listdir(folder))[: max(count // 10, 20)]
    subset = os.path.join(context.folder, "photos-sample")
    os.makedirs(subset, exist_ok=True)
    for name in sample:
        if not os.path.exists(os.path.join(subset, name)):
            os.link(os.path.join(folder, name), os.path.join(subset, name))

    def raw():
        before = machine.cpu_seconds([clamd.process.pid])
        for name in sample:
            clamd.scan(os.path.join(subset, name))
        scan = machine.cpu_seconds([clamd.process.pid]) - before
        decode = run_json(
            [
                context.tool("bench_thumbnails"),
                "--folder",
                subset,
                "--count",
                len(sample),
                "--sizes",
                "1024,256",
            ]
        )["cpu_s"]
        per_photo = (scan + decode) / len(sample)
        return Sample(
            per_photo * count / os.cpu_count(),
            0,
            {"scan ms/photo": scan / len(sample) * 1e3, "decode ms/photo": decode / len(sample) * 1e3},
        )

    runs = iter(range(10**6))

    def through_hoist():
        hoist = start_hoist(f"photos-{next(runs)}", HOIST_SCANNER_SOCKET=clamd.socket)
        try:
            began = time.monotonic()
            put = subprocess.run(
                [hoist.binary, "put", folder, "--server", hoist.api, "--project", "photos", "--json"],
                env={**os.environ, "HOIST_TOKEN": hoist.token},
                capture_output=True,
                text=True,
                timeout=900,
            )
            took = time.monotonic() - began
            if put.returncode != 0:
                raise Failed(f"hoist put: {put.stderr[-300:]}{put.stdout[-300:]}")
            check_completed(hoist, count)
            return Sample(
                took,
                count,
                {"CPU s of server and children": machine.cpu_seconds([hoist.pid])},
            )
        finally:
            hoist.stop()
            shutil.rmtree(hoist.data, ignore_errors=True)

    return Comparison(
        "photos",
        f"{count} photos by `hoist put` until all are COMPLETED",
        "s",
        {"raw decode + scan": raw, "hoist": through_hoist},
        [Goal("raw decode + scan", 1.15, lower_is_better=True)],
        durability="every object and record flushed; the raw figure stores nothing.",
        about=f"{count} photos of 2016 x 1512. Raw is the CPU of decoding (both thumbnails) and of clamd for a tenth of "
        f"the same photos, scaled up and divided by {os.cpu_count()} cores.",
        rounds=1,
    )


def check_completed(hoist, count):
    """`hoist put` waited for all; the server has to say the same."""
    done, cursor = 0, ""
    while True:
        _, page = hoist.call("GET", f"/uploads?project_id=photos&status=COMPLETED&limit=100{cursor}")
        done += len(page["uploads"])
        if not page.get("next_cursor"):
            break
        cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])
    if done != count:
        raise Failed(f"{done} of {count} photos are COMPLETED")
