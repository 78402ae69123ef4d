"""Ordered tasks: accepting them durably, and working through them."""
import json

from . import wrk
from .legs_http import wrk_leg
from .peers import SCRIPTS
from .processes import run_json
from .runner import Comparison, Sample
from .stats import Goal

TASK = {"title": "Prepare the photos", "description": "x" * 200, "priority": "medium"}


def queue_leg(context, script, *words, count, producers, consume=False):
    def leg():
        result = run_json(["node", script, *words, count, producers, int(consume)], cwd=SCRIPTS)
        value = result["consumed_per_s"] if consume else result["per_s"]
        return Sample(value, count, {"p50 ms": result["p50_ms"], "p99 ms": result["p99_ms"]})

    return leg


def limit_leg(context, what, **options):
    def leg():
        words = [
            context.tool("bench_limits"),
            "--what",
            what,
            "--folder",
            context.folder,
            "--seconds",
            context.seconds(3),
        ]
        for name, value in options.items():
            words += [f"--{name}", value]
        result = run_json(words)
        return Sample(result["per_s"], result["count"])

    return leg


def post_leg(context, hoist, producers, body, path="/tasks", rows=1):
    def leg():
        result = wrk.run(
            context.folder,
            f"{hoist.api}{path}",
            context.seconds(3),
            method="POST",
            body=body,
            connections=producers,
            threads=min(producers, 2),
            headers=hoist.headers(),
        )
        return Sample(
            result["per_s"] * rows,
            result["requests"] * rows,
            {"p50 ms": result["p50_ms"], "p99 ms": result["p99_ms"]},
        )

    return leg


def producers_32(context, hoist, peers):
    hoist.need_route("POST", "/tasks", TASK)
    always, always_process = peers.redis("always")
    everysec, everysec_process = peers.redis("everysec")
    socket_folder, postgres = peers.postgres()
    count = context.count(12_000)
    return Comparison(
        "tasks-32",
        "POST /tasks, 32 producers",
        "tasks/s",
        {
            "hoist": post_leg(context, hoist, 32, json.dumps(TASK)),
            "BullMQ, appendfsync always": queue_leg(
                context, "queue_bullmq.cjs", always, count=count, producers=32
            ),
            "BullMQ, appendfsync everysec": queue_leg(
                context, "queue_bullmq.cjs", everysec, count=count, producers=32
            ),
            "PostgreSQL insert": queue_leg(context, "queue_pg.cjs", socket_folder, count=count, producers=32),
            "group-commit limit": limit_leg(context, "group-commit", waiters=32),
        },
        [
            Goal("BullMQ, appendfsync always", 1.5),
            Goal("PostgreSQL insert", 2),
            Goal("BullMQ, appendfsync everysec", 0.9),
            Goal("group-commit limit", 0.35),
        ],
        durability="Hoist, `always`, PostgreSQL and the limit flush before each answer (flushes shared); `everysec` "
        "may lose its last second.",
        about="Hoist is asked over HTTP with a token; the peers are called by their own clients, without any HTTP layer.",
        pids={
            "hoist": [hoist.pid],
            "BullMQ, appendfsync always": [always_process.pid],
            "BullMQ, appendfsync everysec": [everysec_process.pid],
            "PostgreSQL insert": [postgres.pid],
        },
    )


def one_producer(context, hoist, peers):
    hoist.need_route("POST", "/tasks", TASK)
    always, _ = peers.redis("always")
    count = context.count(4000)
    return Comparison(
        "tasks-1",
        "POST /tasks, one producer",
        "tasks/s",
        {
            "hoist": post_leg(context, hoist, 1, json.dumps(TASK)),
            "BullMQ, appendfsync always": queue_leg(
                context, "queue_bullmq.cjs", always, count=count, producers=1
            ),
            "fdatasync limit": limit_leg(context, "fdatasync"),
        },
        [Goal("BullMQ, appendfsync always", 1.5), Goal("fdatasync limit", 0.5)],
        durability="all three flush for each task.",
        pids={"hoist": [hoist.pid]},
    )


def batches(context, hoist, peers):
    body = json.dumps({"tasks": [TASK] * 100})
    hoist.need_route("POST", "/tasks/batch", json.loads(body))
    return Comparison(
        "tasks-batch",
        "POST /tasks/batch of 100, 8 connections",
        "tasks/s",
        {
            "hoist": post_leg(context, hoist, 8, body, "/tasks/batch", rows=100),
            "SQLite, 100 rows a commit": limit_leg(context, "sqlite", rows=100),
        },
        [Goal("SQLite, 100 rows a commit", 0.3)],
        durability="both flush each commit.",
        pids={"hoist": [hoist.pid]},
    )


def ours(context, what, count, **options):
    """The queue engine on its database, called directly as the task processor calls it."""

    def leg():
        words = [context.tool("bench_queue"), "--what", what, "--folder", context.folder, "--count", count]
        for name, value in options.items():
            words += [f"--{name}", value]
        result = run_json(words)
        return Sample(
            result["value"],
            count if what != "receive" else 0,
            {key: value for key, value in result.items() if key in ("misordered", "p50 ms")},
        )

    return leg


def ordered(context, hoist, peers):
    always, _ = peers.redis("always")
    beanstalkd, _ = peers.beanstalkd()
    count = context.count(4000)
    return Comparison(
        "tasks-ordered",
        "Ordered processing, one group, acknowledged one by one",
        "tasks/s",
        {
            "hoist": ours(context, "one-group", count),
            "hoist, 1,000 groups, 8 workers": ours(context, "many-groups", count * 4, groups=1000, workers=8),
            "beanstalkd -f0": queue_leg(
                context, "queue_beanstalkd.cjs", beanstalkd, count=count, producers=1, consume=True
            ),
            "BullMQ, appendfsync always": queue_leg(
                context, "queue_bullmq.cjs", always, count=count, producers=1, consume=True
            ),
        },
        [
            Goal("beanstalkd -f0", 1.0),
            Goal("BullMQ, appendfsync always", 2),
            Goal("hoist", 4, subject="hoist, 1,000 groups, 8 workers"),
        ],
        durability="every acknowledgement is on disk before the next task is taken.",
        about="Workers do nothing but acknowledge. Hoist's engine is called in process, as its task processor calls it; "
        "the peers over loopback. Flushes of the peers include those of producing.",
    )


def depth(context, hoist, peers):
    return Comparison(
        "tasks-depth",
        "Receive with a million waiting, p99",
        "ms",
        {
            "a thousand waiting": ours(context, "receive", 1000, groups=1000),
            "a million waiting": ours(
                context, "receive", 100_000 if context.quick else 1_000_000, groups=1000
            ),
        },
        [Goal("a thousand waiting", 1.5, subject="a million waiting", lower_is_better=True)],
        about="Receive and acknowledge of the head, over 1,000 groups.",
        rounds=1,
    )
