"""The power-cut layer itself: it must lose what was not synced, and nothing else.

Usage: test_layer.py FOLDER, which holds libpowercut.so, powercut_tool and powercut_probe.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

BUILT = os.path.abspath(sys.argv.pop(1))
PAYLOAD = b"x" * 3000
OVERWRITTEN = b"x" * 1000 + b"new" + b"x" * 997


class PowerCut(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="powercut-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "root")
        self.shadow = os.path.join(self.folder, "shadow")
        os.mkdir(self.root)

    def tool(self, *words):
        ran = subprocess.run(
            [os.path.join(BUILT, "powercut_tool"), *words], check=True, capture_output=True, text=True
        )
        return json.loads(ran.stdout) if ran.stdout else None

    def run_habit(self, habit):
        """Runs one habit under the layer and answers its output."""
        if not os.path.exists(self.shadow):
            self.tool("snapshot", self.root, self.shadow)
        environment = dict(
            os.environ,
            LD_PRELOAD=os.path.join(BUILT, "libpowercut.so"),
            POWERCUT_ROOT=self.root,
            POWERCUT_SHADOW=self.shadow,
        )
        return subprocess.run(
            [os.path.join(BUILT, "powercut_probe"), habit, self.root],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def after_the_cut(self, kept=None, seed=1):
        target = tempfile.mkdtemp(dir=self.folder)
        torn = [self.root, str(kept), str(seed)] if kept is not None else []
        self.tool("materialise", self.shadow, target, *torn)
        return target

    def object_after(self, habit, **survival):
        self.run_habit(habit)
        target = self.after_the_cut(**survival)
        files = {}
        for path, _, names in os.walk(target):
            for name in names:
                full = os.path.join(path, name)
                with open(full, "rb") as file:
                    files[os.path.relpath(full, target)] = file.read()
        return files

    def test_a_file_stored_well_survives(self):
        self.assertEqual(self.object_after("stores_well"), {"object": PAYLOAD})

    def test_a_missing_directory_fsync_is_caught_the_new_name_is_lost(self):
        self.assertEqual(self.object_after("forgets_the_directory"), {})

    def test_a_missing_file_fsync_is_caught_the_name_is_there_and_empty(self):
        self.assertEqual(self.object_after("forgets_the_file"), {"object": b""})

    def test_a_new_folder_counts_once_its_parent_is_synced(self):
        self.assertEqual(self.object_after("syncs_the_new_parent"), {"new/object": PAYLOAD})

    def test_a_missing_fsync_of_a_new_folders_parent_is_caught(self):
        self.assertEqual(self.object_after("forgets_the_new_parent"), {})

    def test_overwritten_and_cut_bytes_count_after_a_sync(self):
        self.assertEqual(self.object_after("overwrites_and_syncs"), {"object": OVERWRITTEN})

    def test_unsynced_overwriting_leaves_the_old_bytes_and_size(self):
        self.assertEqual(self.object_after("overwrites_unsynced"), {"object": PAYLOAD})

    def test_mapped_writes_count_after_msync(self):
        changed = self.object_after("maps_and_syncs")["object"]
        self.assertEqual(changed, OVERWRITTEN + b"x" * 1000)

    def test_mapped_writes_without_msync_are_lost(self):
        self.assertEqual(self.object_after("maps_unsynced"), {"object": PAYLOAD})

    def test_a_write_to_an_o_dsync_descriptor_counts(self):
        self.assertEqual(self.object_after("appends_with_o_sync"), {"object": PAYLOAD})

    def test_sync_file_range_promises_nothing(self):
        self.assertEqual(self.object_after("starts_writeback_only"), {"object": b""})

    def test_a_synced_removal_stays_removed(self):
        self.assertEqual(self.object_after("removes_and_syncs"), {})

    def test_an_unsynced_removal_comes_back_even_if_its_inode_number_was_used_again(self):
        self.assertEqual(self.object_after("removes_unsynced"), {"object": PAYLOAD})

    def test_a_synced_second_name_survives(self):
        self.assertEqual(self.object_after("links_and_syncs"), {"object": PAYLOAD, "second": PAYLOAD})

    def test_bytes_written_through_a_stream_count_after_fsync(self):
        self.assertEqual(self.object_after("writes_a_stream"), {"object": PAYLOAD})

    def rows_after(self, target):
        try:
            with sqlite3.connect(os.path.join(target, "test.db")) as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                return db.execute("SELECT count(*) FROM t").fetchone()[0]
        except sqlite3.DatabaseError:
            return 0

    def test_sqlite_with_full_syncs_keeps_every_committed_row_across_checkpoints(self):
        self.run_habit("commits_full")
        self.assertEqual(self.rows_after(self.after_the_cut()), 200)

    def test_sqlite_with_full_syncs_keeps_every_committed_row_when_unsynced_sectors_are_torn(self):
        self.run_habit("commits_full")
        for seed in range(10):
            self.assertEqual(self.rows_after(self.after_the_cut(kept=0.5, seed=seed)), 200)

    def test_sqlite_without_syncs_is_caught_losing_rows(self):
        self.run_habit("commits_off")
        self.assertLess(self.rows_after(self.after_the_cut()), 200)

    def test_keeping_everything_gives_the_real_folder_and_a_seed_repeats_itself(self):
        self.assertEqual(self.object_after("overwrites_unsynced", kept=1.0), {"object": OVERWRITTEN})
        self.run_habit("forgets_the_file")
        once, twice = (self.read(self.after_the_cut(kept=0.5, seed=7)) for _ in range(2))
        self.assertEqual(once, twice)

    def read(self, target):
        with open(os.path.join(target, "object"), "rb") as file:
            return file.read()

    def test_a_failed_sync_loses_its_bytes_although_the_next_sync_succeeds(self):
        self.tool("snapshot", self.root, self.shadow)
        with open(os.path.join(self.shadow, "fail-next-sync"), "w") as order:
            order.write("object")
        self.assertEqual(self.run_habit("retries_a_failed_sync"), "first=-1 second=0\n")
        self.assertNotIn(b"x", self.read(self.after_the_cut()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
