"""wrk, with its numbers read from a summary script instead of its prose."""
import json
import os
import subprocess

from .processes import Failed, find_program

SUMMARY = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def lua_text(text):
    return "[==[" + text + "]==]"


def run(folder, url, seconds, connections=64, threads=2, method="GET", body=None, headers=None):
    """{"requests", "seconds", "p50_ms", "p99_ms", "errors"}. `body` may be Lua that returns a new one each time,
    given as a tuple ("lua", CODE)."""
    lines = [f"wrk.method = '{method}'"]
    for name, value in (headers or {}).items():
        lines.append(f"wrk.headers[ {lua_text(name)} ] = {lua_text(value)}")
    if isinstance(body, tuple):
        lines += [
            "local serial = 0",
            "request = function()",
            "  serial = serial + 1",
            f"  return wrk.format(nil, nil, nil, {body[1]})",
            "end",
        ]
    elif body is not None:
        lines.append(f"wrk.body = {lua_text(body)}")
    script = os.path.join(folder, "wrk.lua")
    with open(script, "w") as file:
        file.write("\n".join(lines) + SUMMARY)
    ran = subprocess.run(
        [find_program("wrk"), f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", script, url],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    if ran.returncode != 0:
        raise Failed(f"wrk {url}: {ran.stderr.strip() or ran.stdout.strip()}")
    result = json.loads(ran.stdout.strip().splitlines()[-1])
    if result["errors"] or not result["requests"]:
        raise Failed(f"wrk {url}: {result['errors']} of {result['requests']} requests failed")
    result["per_s"] = result["requests"] / result["seconds"]
    return result
