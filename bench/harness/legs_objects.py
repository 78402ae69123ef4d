"""PUT of objects: the object endpoint against a bare sink, tus and s3rver."""
import os
import shutil
import time

from .processes import Failed, run_json
from .runner import Comparison, Sample
from .stats import Goal

TYPE = "application/octet-stream"


def put(context, port, lines, size, connections, tus=False):
    """Durable MB/s: until the last answer and, for those that do not flush by themselves, one sync after it."""
    plan = os.path.join(context.folder, "plan.txt")
    with open(plan, "w") as file:
        file.write("\n".join(lines) + "\n")
    result = run_json(
        [
            context.tool("bench_put"),
            "--port",
            port,
            "--connections",
            connections,
            "--bytes",
            size,
            "--plan",
            plan,
            "--tus",
            int(tus),
        ]
    )
    began = time.monotonic()
    os.sync()
    seconds = result["seconds"] + time.monotonic() - began
    return Sample(
        result["bytes"] / 1e6 / seconds,
        result["files"],
        {
            "until answered MB/s": result["mb_per_s"],
            "p50 ms": result["p50_ms"],
            "p99 ms": result["p99_ms"],
            "client CPU s": result["client_cpu_s"],
        },
    )


def empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def comparison(context, hoist, peers, name, title, size, files, connections, goals):
    sink_port, sink = peers.sink()
    tus_folder, s3_folder = peers.folder("tus"), peers.folder("s3rver")
    tus_port, tus = peers.node("tus", "tus.cjs", tus_folder)
    s3_port, s3 = peers.node("s3rver", "s3rver.cjs", s3_folder)
    count = context.count(files)
    used = []

    def to_hoist():
        keys = hoist.next_keys(count)
        used.extend(keys)
        signed = {"content-type": TYPE, "content-length": str(size)}
        lines = [f"{hoist.presign('PUT', key, signed.items())}\tContent-Type: {TYPE}" for key in keys]
        return put(context, hoist.objects_port, lines, size, connections)

    def clean():
        empty(peers.folder("sink"))
        empty(tus_folder)
        if os.path.isdir(os.path.join(s3_folder, "media")):
            empty(os.path.join(s3_folder, "media"))
        if used:
            remove(context, hoist, used)
            used.clear()

    context.cleanups = [clean]
    serial = iter(range(10**9))
    named = lambda prefix: [f"{prefix}{next(serial)}\tContent-Type: {TYPE}" for _ in range(count)]
    return Comparison(
        name,
        title,
        "durable MB/s",
        {
            "hoist": to_hoist,
            "sink: SHA-256, flushed": lambda: put(context, sink_port, named("/o"), size, connections),
            "tus": lambda: put(context, tus_port, ["/files"] * count, size, connections, tus=True),
            "s3rver": lambda: put(context, s3_port, named("/media/o"), size, connections),
        },
        goals,
        durability="Hoist and the sink flush file and directory before each answer; tus and s3rver do not, so a sync "
        "after the last answer is added to all four.",
        about=f"{count} files of {size // 1000} KB over {connections} connections, by presigned URLs; Hoist verifies "
        "signature, type and length, hashes (SHA-256, which is also the ETag) and records the object.",
        warm_mb=count * size // 1_000_000,
        pids={
            "hoist": [hoist.pid],
            "sink: SHA-256, flushed": [sink.pid],
            "tus": [tus.pid],
            "s3rver": [s3.pid],
        },
    )


def remove(context, hoist, keys):
    plan = os.path.join(context.folder, "plan.txt")
    with open(plan, "w") as file:
        file.write("\n".join(hoist.presign("DELETE", key) for key in keys) + "\n")
    try:
        run_json(
            [
                context.tool("bench_put"),
                "--port",
                hoist.objects_port,
                "--connections",
                4,
                "--bytes",
                0,
                "--plan",
                plan,
                "--method",
                "DELETE",
            ]
        )
    except Failed as failed:
        context.log(f"could not remove the last leg's objects: {failed}")


def small(context, hoist, peers):
    return comparison(
        context,
        hoist,
        peers,
        "put-200k",
        "PUT 200 KB, 8 connections",
        200_000,
        2000,
        8,
        [Goal("sink: SHA-256, flushed", 1.0), Goal("tus", 3), Goal("s3rver", 3)],
    )


def large(context, hoist, peers):
    return comparison(
        context,
        hoist,
        peers,
        "put-20m",
        "PUT 20 MB, 4 connections",
        20_000_000,
        50,
        4,
        [Goal("sink: SHA-256, flushed", 0.9), Goal("tus", 2), Goal("s3rver", 2)],
    )
