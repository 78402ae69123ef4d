#!/usr/bin/env python3
"""The demos run to their end, and notice what they are there to notice.

usage: demo_test.py ZIP SOURCE_FOLDER [test names]
"""
import subprocess
import sys
import unittest
from pathlib import Path

ARCHIVE = sys.argv.pop(1)
SCRIPTS = Path(sys.argv.pop(1)) / "scripts"
sys.path.insert(0, str(SCRIPTS))
# pylint: disable=wrong-import-position
import demo_events
import demo_tasks
import local_aws

INSTALLED = unittest.skipUnless(local_aws.program(), "ministack is not installed; tools/stand-ins.sh installs it")


def run(demo):
    return subprocess.run([SCRIPTS / demo, ARCHIVE], capture_output=True, text=True, timeout=240, check=False)


class Demos(unittest.TestCase):
    @INSTALLED
    def test_tasks_keep_their_order_and_are_done_once(self):
        ran = run("demo_tasks.py")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("each group in its order, each task once, 1 dead letter, redriven", ran.stdout)
        self.assertEqual(ran.stdout.count("failed "), demo_tasks.ATTEMPTS)

    @INSTALLED
    def test_events_are_recorded_once_with_their_details(self):
        ran = run("demo_events.py")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("recorded once each", ran.stdout)

    def test_a_demo_without_its_archive_says_how_it_is_used(self):
        ran = subprocess.run([SCRIPTS / "demo_tasks.py"], capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("usage:", ran.stderr)


class WhatTheTaskDemoNotices(unittest.TestCase):
    SENT = ["north 0", "south 0", "north 1", "north 2", "north 3"]
    GOOD = [("north 0", "a", 1, 204), ("south 0", "b", 1, 204), ("north 1", "c", 1, 204), ("north 2", "d", 1, 500),
            ("north 2", "d", 2, 500), ("north 2", "d", 3, 500), ("north 3", "e", 1, 204), ("north 2", "d", 1, 204)]
    KEYS = ["a", "b", "c", "d", "e"]

    def found(self, deliveries, effects=None):
        return demo_tasks.problems(self.SENT, deliveries, self.KEYS if effects is None else effects)

    def test_nothing_where_all_is_well(self):
        self.assertEqual(self.found(self.GOOD), [])

    def test_another_order_within_a_group(self):
        swapped = [self.GOOD[2], self.GOOD[1], self.GOOD[0], *self.GOOD[3:]]
        self.assertTrue(any("sent as" in problem for problem in self.found(swapped)))

    def test_another_order_between_groups_is_none(self):
        self.assertEqual(self.found([self.GOOD[1], self.GOOD[0], *self.GOOD[2:]]), [])

    def test_a_task_done_twice_or_never(self):
        self.assertIn("south 0 was done 2 times", self.found([*self.GOOD, self.GOOD[1]]))
        self.assertIn("south 0 was done 0 times", self.found([self.GOOD[0], *self.GOOD[2:]]))

    def test_a_successor_that_does_not_wait_for_the_last_try(self):
        early = [*self.GOOD[:4], self.GOOD[6], self.GOOD[4], self.GOOD[5], self.GOOD[7]]
        self.assertTrue(any("between the tries" in problem for problem in self.found(early)))

    def test_too_few_tries(self):
        self.assertTrue(any("was answered" in problem for problem in self.found([*self.GOOD[:4], *self.GOOD[5:]])))

    def test_an_effect_that_is_missing_or_nobodys(self):
        self.assertTrue(self.found(self.GOOD, self.KEYS[1:]))
        self.assertTrue(self.found(self.GOOD, [*self.KEYS, "f"]))


class WhatTheEventDemoNotices(unittest.TestCase):
    IDS = [event["eventId"] for event in demo_events.EVENTS]

    def test_nothing_where_all_is_well(self):
        self.assertEqual(demo_events.problems(demo_events.EVENTS, self.IDS), [])

    def test_an_event_that_is_missing_doubled_or_another(self):
        first, *others = demo_events.EVENTS
        for listed in (others, [first, first, *others], [{**first, "details": {}}, *others]):
            self.assertTrue(demo_events.problems(listed, self.IDS))

    def test_details_that_are_missing_in_the_table(self):
        self.assertTrue(demo_events.problems(demo_events.EVENTS, self.IDS[1:]))


if __name__ == "__main__":
    unittest.main()
