"""The event log: recording and reading."""
import json
import os
import time

from . import wrk
from .legs_tasks import limit_leg, post_leg
from .processes import Failed, run_json
from .runner import Comparison, Sample
from .stats import Goal

EVENT = {
    "userId": "user-1",
    "eventType": "photo.viewed",
    "details": {
        "photo": "0197b7a4-0000-7000-8000-000000000000",
        "screen": {"width": 1080, "height": 2400},
        "tags": ["roof", "north"],
        "note": "x" * 120,
    },
}


def record(context, hoist, peers):
    hoist.need_route("POST", "/events", EVENT)
    socket_folder, postgres = peers.postgres()
    port, node = peers.node("fastify-uploads", "fastify_uploads.cjs", socket_folder)
    body = json.dumps(EVENT)

    def theirs():
        result = wrk.run(
            context.folder,
            f"http://127.0.0.1:{port}/events",
            context.seconds(3),
            connections=32,
            method="POST",
            body=body,
            headers={"Content-Type": "application/json"},
        )
        return Sample(
            result["per_s"], result["requests"], {"p50 ms": result["p50_ms"], "p99 ms": result["p99_ms"]}
        )

    return Comparison(
        "events-32",
        "POST /events, 32 producers",
        "events/s",
        {"hoist": post_leg(context, hoist, 32, body, "/events"), "fastify + PostgreSQL": theirs},
        [Goal("fastify + PostgreSQL", 2)],
        durability="both flush before the answer. Hoist also chains hashes and keeps details in a second store.",
        pids={"hoist": [hoist.pid], "fastify + PostgreSQL": [node.pid, postgres.pid]},
    )


def batches(context, hoist, peers):
    body = json.dumps({"events": [EVENT] * 100})
    hoist.need_route("POST", "/events/batch", json.loads(body))
    return Comparison(
        "events-batch",
        "POST /events/batch of 100, 8 connections",
        "events/s",
        {
            "hoist": post_leg(context, hoist, 8, body, "/events/batch", rows=100),
            "SQLite, 100 rows a commit": limit_leg(context, "sqlite", rows=100),
        },
        [Goal("SQLite, 100 rows a commit", 0.3)],
        durability="both flush each commit.",
        pids={"hoist": [hoist.pid]},
    )


def fill(hoist, first, last):
    """Others' events, a thousand a request."""
    for start in range(first, last, 1000):
        events = [{**EVENT, "userId": f"user-{n % 10_000}"} for n in range(start, start + 1000)]
        hoist.need_route("POST", "/events/batch", {"events": events})
    if last > first:
        wait_for_checkpoint(hoist, last)


def wait_for_checkpoint(hoist, events):
    """Checkpoints follow a bulk load for some seconds; what comes after is measured without them."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if hoist.call("GET", f"/event-checkpoints?after={max(events - 1000, 0)}")[1]["checkpoints"]:
            return
        time.sleep(0.1)
    raise Failed("no checkpoint covers the events that were sent")


def read(context, hoist, peers):
    """GET of one user's 100 events: alone, and among many others."""
    others = 20_000 if context.quick else 1_000_000
    hoist.need_route("POST", "/events/batch", {"events": [{**EVENT, "userId": "reader"}] * 100})
    stored = {"others": 0}

    def leg(wanted):
        def measure():
            fill(hoist, stored["others"], wanted)
            stored["others"] = max(stored["others"], wanted)
            result = wrk.run(
                context.folder,
                f"{hoist.api}/events/reader?limit=100",
                context.seconds(3),
                connections=1,
                threads=1,
                headers=hoist.headers(),
            )
            return Sample(result["p99_ms"], result["requests"], {"p50 ms": result["p50_ms"]})

        return measure

    return Comparison(
        "events-read",
        "GET /events/{userId} of 100 events, p99",
        "ms",
        {
            "hoist, alone": leg(0),
            "hoist, among all": leg(others),
            "5 ms": lambda: Sample(5),
        },
        [
            Goal("5 ms", 1.0, subject="hoist, among all", lower_is_better=True),
            Goal("hoist, alone", 1.5, subject="hoist, among all", lower_is_better=True),
        ],
        about=f"One connection; alone, and among {others:,} events of 10,000 other users.",
        pids={"hoist, alone": [hoist.pid], "hoist, among all": [hoist.pid]},
        rounds=1,
    )


def verify(context, hoist, peers):
    count = 10_000 if context.quick else 100_000
    fill(hoist, 0, count)
    path = os.path.join(context.folder, "export.ndjson")
    hoist.download("/events?format=ndjson", path)

    def leg():
        result = run_json([context.tool("bench_verify"), "--file", path])
        return Sample(result["per_cpu_s"], 0, {"events": result["events"]})

    return Comparison(
        "events-verify",
        "Offline verification of an export",
        "events/CPU-s",
        {"hoist": leg, "200,000 events/CPU-s": lambda: Sample(200_000)},
        [Goal("200,000 events/CPU-s", 1.0)],
        about="Every event's commitments, chain and signature; the file is in memory.",
    )
