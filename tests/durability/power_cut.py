"""Cuts the power under load, again and again, on one data folder living through all of it.

Each cycle: the server starts on what the disk held after the last cut and must answer for everything
it ever acknowledged; clients send; at a random moment the server is killed and whatever was not
synced is dropped. Odd cycles drop all of it, even ones keep a random part, torn at 512 bytes. Some
cuts come during the start.

Environment: POWER_CUT_SECONDS (60) bounds the run, POWER_CUT_SEED names it. With POWERCUT_FORGET (see
powercut/layer.cpp) the run succeeds only if it finds the loss.
"""
import os
import random
import shutil
import sys
import time

from driver.suite import Suite

SECONDS = float(os.environ.get("POWER_CUT_SECONDS", "60"))


def cut_during_start(suite, server, chance):
    server.launch()
    time.sleep(chance.uniform(0.005, 0.3))
    server.kill()


def cut_under_load(suite, server, chance, cycle):
    server.start()
    suite.verifier.verify(server)
    features = suite.features(server)
    with suite.load(server, cycle, features, clients=2):
        time.sleep(chance.uniform(0.1, 0.6))
        server.kill()


def main():
    seed = int(os.environ.get("POWER_CUT_SEED", str(random.randrange(1_000_000))))
    print(f"seed={seed}", flush=True)
    chance = random.Random(seed)
    lost_names = lost_bytes = cycles = starts = 0
    must_lose = "POWERCUT_FORGET" in os.environ
    with Suite("power-cut", sys.argv) as suite:
        data = os.path.join(suite.folder, "data-0")
        os.mkdir(data)
        began = time.monotonic()
        while time.monotonic() - began < SECONDS or cycles < 2:
            cycles += 1
            suite.layer.snapshot(data)
            server = suite.server(data, layer=suite.layer)
            if cycles > 1 and chance.random() < 0.2:
                starts += 1
                cut_during_start(suite, server, chance)
            else:
                cut_under_load(suite, server, chance, cycles)
            kept = 0.0 if cycles % 2 else chance.choice((0.1, 0.5, 0.9))
            after = os.path.join(suite.folder, f"data-{cycles}")
            lost = suite.layer.cut(data, after, kept, seed + cycles)
            lost_names += lost["lost_names"]
            lost_bytes += lost["lost_bytes"]
            shutil.rmtree(data)
            data = after
            if suite.verifier.findings:
                break
        if not must_lose:
            suite.verify_at_the_end(suite.server(data))
        failed = suite.report(
            cycles=cycles, cuts_during_start=starts, dropped_names=lost_names, dropped_bytes=lost_bytes
        )
        return int(not suite.verifier.counts["lost"]) if must_lose else failed


if __name__ == "__main__":
    sys.exit(main())
