"""The API: the trivial route, POST /uploads, and a batch of 1,000."""
import http.client
import json
import statistics
import time

from . import wrk
from .processes import Failed
from .runner import Comparison, Sample
from .stats import Goal

PHOTO = {
    "project_id": "bench",
    "filename": "holiday photo 000123.jpg",
    "content_type": "image/jpeg",
    "size": 3_145_728,
}


def wrk_leg(context, url, seconds, **options):
    def leg():
        result = wrk.run(context.folder, url, context.seconds(seconds), **options)
        return Sample(
            result["per_s"], result["requests"], {"p50 ms": result["p50_ms"], "p99 ms": result["p99_ms"]}
        )

    return leg


def trivial(context, hoist, peers):
    nginx_port, nginx = peers.nginx()
    node_port, node = peers.node("fastify-2", "fastify_json.cjs", processes=2)
    return Comparison(
        "http",
        "Trivial JSON route, 64 connections",
        "requests/s",
        {
            "hoist": wrk_leg(context, f"{hoist.api}/health", 3),
            "nginx": wrk_leg(context, f"http://127.0.0.1:{nginx_port}/", 3),
            "fastify, 2 processes": wrk_leg(context, f"http://127.0.0.1:{node_port}/", 3),
        },
        [Goal("nginx", 0.8), Goal("fastify, 2 processes", 2)],
        pids={"hoist": [hoist.pid], "nginx": [nginx.pid], "fastify, 2 processes": [node.pid]},
        about="GET /health of Hoist, built anew for each request, against constant answers of about 100 bytes.",
    )


def uploads(context, hoist, peers):
    socket_folder, postgres = peers.postgres()
    port, node = peers.node("fastify-uploads", "fastify_uploads.cjs", socket_folder)
    hoist.need_route("POST", "/uploads", PHOTO)
    body = json.dumps(PHOTO)
    post = dict(method="POST", body=body)
    return Comparison(
        "uploads",
        "POST /uploads, 64 connections",
        "requests/s",
        {
            "hoist": wrk_leg(context, f"{hoist.api}/uploads", 3, headers=hoist.headers(), **post),
            "fastify + PostgreSQL": wrk_leg(
                context,
                f"http://127.0.0.1:{port}/uploads",
                3,
                headers={"Content-Type": "application/json"},
                **post,
            ),
        },
        [Goal("fastify + PostgreSQL", 2)],
        durability="both answer after the record is flushed; flushes are shared by concurrent requests.",
        about="The peer checks no token, no quota and no rate, and signs by hand with the day's key kept.",
        pids={"hoist": [hoist.pid], "fastify + PostgreSQL": [node.pid, postgres.pid]},
    )


def batch_leg(context, port, headers, count):
    files = [{**PHOTO, "filename": f"holiday photo {n:06d}.jpg"} for n in range(1000)]
    for file in files:
        del file["project_id"]
    body = json.dumps({"project_id": "bench", "files": files})

    def leg():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        times = []
        for _ in range(count):
            began = time.monotonic()
            connection.request("POST", "/batches", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            times.append((time.monotonic() - began) * 1e3)
            if answer.status != 201:
                raise Failed(f"POST /batches: {answer.status} {content[:300]}")
        connection.close()
        if len(json.loads(content)["items"]) != 1000:
            raise Failed("a batch of 1,000 was answered with fewer items")
        return Sample(statistics.median(times), count, {"best ms": min(times)})

    return leg


def batch(context, hoist, peers):
    socket_folder, _ = peers.postgres()
    port, _ = peers.node("fastify-uploads", "fastify_uploads.cjs", socket_folder)
    count = 8
    return Comparison(
        "batch",
        "Batch of 1,000 files in one request",
        "ms",
        {
            "hoist": batch_leg(context, hoist.api_port, hoist.headers(), count),
            "Node signing, no database": batch_leg(
                context, port, {"Content-Type": "application/json"}, count
            ),
        },
        [Goal("Node signing, no database", 0.5, lower_is_better=True)],
        durability="Hoist: one transaction, flushed before the answer. The peer stores nothing.",
        pids={"hoist": [hoist.pid]},
    )
