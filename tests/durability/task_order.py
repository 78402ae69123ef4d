"""Tasks alone: 32 producers and 8 workers while the server is killed every few hundred milliseconds.

A webhook receiver outside of the server sees every attempt. Held against it: within a group the
attempts follow the sequence without a gap, none begins before the one before it ended, and a task is
given again only because of a kill. Held against the journal: every acknowledged task is done.

Environment: TASK_CYCLES (100), TASK_SEED.
"""
import collections
import os
import random
import sys
import time

from driver.receiver import Receiver
from driver.suite import Suite

CYCLES = int(os.environ.get("TASK_CYCLES", "100"))
PRODUCERS = 32
WORKERS = 8
GROUPS = 48
PAUSE_S = 0.1  # of a producer between two tasks: what is accepted can also be worked off


def check_group(find, group, deliveries):
    """Answers how many were repeated."""
    repeated = 0
    expected = 1
    for before, now in zip([None, *deliveries], deliveries):
        if before and now.began < before.ended:
            find("overlap", f"{group}: {now.sequence} began before {before.sequence} ended")
        if now.sequence == expected - 1:
            repeated += 1
        elif now.sequence == expected:
            expected += 1
        else:
            find("reordered", f"{group}: {now.sequence} came when it was {expected}'s turn")
            expected = now.sequence + 1
    return repeated


def check_history(suite, receiver, kills):
    """Answers counts."""
    groups = collections.defaultdict(list)
    for delivery in receiver.deliveries:
        groups[delivery.group].append(delivery)
    find = suite.verifier.find
    repeated = sum(check_group(find, group, found) for group, found in groups.items())
    if repeated > kills * WORKERS:
        find("twice", f"{repeated} repetitions by {kills} kills of {WORKERS} workers")
    effects = {delivery.effect for delivery in receiver.deliveries}
    for task in suite.journal.tasks.keys() - effects:
        find("lost", f"{task} was acknowledged and never delivered")
    return {
        "deliveries": len(receiver.deliveries),
        "processed": len(effects),
        "given_again_after_a_kill": repeated,
    }


def main():
    seed = int(os.environ.get("TASK_SEED", str(random.randrange(1_000_000))))
    print(f"seed={seed}", flush=True)
    chance = random.Random(seed)
    receiver = Receiver()
    settings = {
        "HOIST_TASKS_HANDLER": "webhook",
        "HOIST_TASKS_WEBHOOK_URL": receiver.url,
        "HOIST_TASKS_WEBHOOK_ALLOW_PRIVATE": "true",
        "HOIST_TASKS_WORKERS": str(WORKERS),
        "HOIST_TASKS_ATTEMPTS_MAX": "100",  # a kill counts as an attempt
    }
    with Suite("task-order", sys.argv) as suite:
        server = suite.server(os.path.join(suite.folder, "data"), settings=settings)
        for cycle in range(1, CYCLES + 1):
            server.start()
            with suite.load(server, cycle, ["tasks"], clients=PRODUCERS, groups=GROUPS, pause_s=PAUSE_S):
                time.sleep(chance.uniform(0.1, 0.5))
                server.kill()
        suite.verify_at_the_end(server)
        counts = check_history(suite, receiver, CYCLES)
        receiver.close()
        return suite.report(cycles=CYCLES, **counts)


if __name__ == "__main__":
    sys.exit(main())
