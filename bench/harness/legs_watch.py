"""Status to the last of 1,000 WebSocket clients."""
import json
import os

from .processes import run_json
from .runner import Comparison, Sample
from .stats import Goal

CLIENTS = 1000


def request_file(context, name, port, path, body, headers):
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    at = os.path.join(context.folder, name)
    with open(at, "w", newline="") as file:
        file.write("\r\n".join(lines) + "\r\n\r\n" + body)
    return at


def fanout(context, hoist, peers):
    rounds = 10 if context.quick else 50
    port, node = peers.node("ws", "ws_fanout.cjs")
    hoist.need_route(
        "POST",
        "/uploads",
        {"project_id": "fanout", "filename": "a.txt", "content_type": "text/plain", "size": 1},
    )

    def leg(server_port, path, trigger, **options):
        words = [
            context.tool("bench_fanout"),
            "--port",
            server_port,
            "--path",
            path,
            "--connections",
            CLIENTS,
            "--rounds",
            rounds,
            "--trigger",
            trigger,
            "--marker",
            "PENDING",
        ]
        for name, value in options.items():
            words += [f"--{name}", value]
        result = run_json(words)
        return Sample(result["p50_ms"], rounds, {"p99 ms": result["p99_ms"], "best ms": result["min_ms"]})

    def ours():
        body = json.dumps(
            {"project_id": "fanout", "filename": "photo.jpg", "content_type": "image/jpeg", "size": 1000}
        )
        trigger = request_file(context, "trigger-hoist", hoist.api_port, "/uploads", body, hoist.headers())
        return leg(
            hoist.api_port,
            "/ws?topic=project:fanout",
            trigger,
            headers=f"Authorization: Bearer {hoist.token}",
        )

    def theirs():
        return leg(port, "/", request_file(context, "trigger-ws", port, "/", "{}", {}))

    return Comparison(
        "fanout",
        f"Status to the last of {CLIENTS:,} WebSocket clients",
        "ms (median)",
        {"hoist": ours, "node ws": theirs},
        [Goal("node ws", 0.7, lower_is_better=True)],
        durability="Hoist's change is a POST /uploads, flushed before it is told; the peer stores nothing.",
        about="From the first byte of the request that causes the change until the last client has it; the same "
        "one-threaded client for both.",
        pids={"hoist": [hoist.pid], "node ws": [node.pid]},
    )
