"""The event log: recording and reading."""
import json

from . import wrk
from .legs_tasks import limit_leg, post_leg
from .processes import NotMeasured, run_json
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
            context.seconds(4),
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


def read(context, hoist, peers):
    """GET of one user's 100 events: alone, and among many others."""
    fill = 20_000 if context.quick else 1_000_000

    def mine():
        for start in range(0, 100, 50):
            hoist.need_route("POST", "/events/batch", {"events": [{**EVENT, "userId": "reader"}] * 50})

    def leg(before):
        def measure():
            before()
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

    state = {"filled": False}

    def fill_up():
        if state["filled"]:
            return
        state["filled"] = True
        for start in range(0, fill, 1000):
            hoist.need_route(
                "POST",
                "/events/batch",
                {"events": [{**EVENT, "userId": f"user-{n % 10_000}"} for n in range(start, start + 1000)]},
            )

    mine()
    return Comparison(
        "events-read",
        f"GET /events/{{userId}} of 100 events, p99 (goal 5 ms), before and after {fill:,} others",
        "ms",
        {"alone": leg(lambda: None), "among all": leg(fill_up)},
        [Goal("alone", 1.5, subject="among all", lower_is_better=True)],
        rounds=1,
        pids={"alone": [hoist.pid]},
    )


def verify(context, hoist, peers):
    def leg():
        raise NotMeasured("bench_verify is not built yet")

    return Comparison("events-verify", "Offline verification of an export", "events/s", {"hoist": leg}, [])
