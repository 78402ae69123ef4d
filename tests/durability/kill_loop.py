"""kill -9 at random moments under load; one data folder lives through every cycle.

Every cycle starts the server, lets several clients send for 100-300 ms and kills it: mostly in the
middle of the load, sometimes during the start, sometimes a decoding child alone, so that a job loses
its worker while the server lives on.

Environment: KILL_CYCLES (200), KILL_SEED.
"""
import os
import random
import signal
import sys
import time

from driver.suite import Suite

CYCLES = int(os.environ.get("KILL_CYCLES", "200"))
CHECK_EVERY = 25


def kill_a_child(server, chance):
    children = server.children()
    if not children:
        return 0
    try:
        os.kill(chance.choice(children), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def main():
    seed = int(os.environ.get("KILL_SEED", str(random.randrange(1_000_000))))
    print(f"seed={seed}", flush=True)
    chance = random.Random(seed)
    children = starts = 0
    in_flight = set()
    with Suite("kill", sys.argv) as suite:
        server = suite.server(os.path.join(suite.folder, "data"))
        features = None
        for cycle in range(1, CYCLES + 1):
            if cycle > 1 and chance.random() < 0.1:
                starts += 1
                server.launch()
                time.sleep(chance.uniform(0.005, 0.25))
                server.kill()
                continue
            server.start()
            if cycle % CHECK_EVERY == 0:
                suite.verifier.verify(server)
                if suite.verifier.findings:
                    server.kill()
                    break
            features = features if features is not None else suite.features(server)
            with suite.load(server, cycle, features, photos=True):
                time.sleep(chance.uniform(0.05, 0.15))
                children += kill_a_child(server, chance)
                time.sleep(chance.uniform(0.05, 0.15))
                server.kill()
            if cycle % 5 == 0:
                in_flight |= suite.jobs_in_flight(server.data)
        suite.verify_at_the_end(server)
        return suite.report(
            cycles=cycle,
            kills_during_start=starts,
            children_killed=children,
            jobs_seen_in_flight_when_killed=len(in_flight),
        )


if __name__ == "__main__":
    sys.exit(main())
