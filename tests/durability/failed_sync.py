"""A sync that fails once and then succeeds: the server must stop, never retry, and lose nothing.

The layer fails one sync under load, of the write-ahead log, of an object or of a directory, and
drops the bytes as a kernel does. Later syncs succeed, so a server that tries again would
acknowledge what is not on disk, and the check after the cut would find it missing.
"""
import os
import subprocess
import sys
import time

from driver.suite import Suite

STOPS_WITHIN_S = 10
TARGETS = ("-wal", "/objects/", "directory")


def main():
    failed = []
    with Suite("failed-sync", sys.argv) as suite:
        data = os.path.join(suite.folder, "data-0")
        os.mkdir(data)
        for round_number, target in enumerate(TARGETS, 1):
            suite.layer.snapshot(data)
            server = suite.server(data, layer=suite.layer)
            server.start()
            with suite.load(server, round_number, suite.features(server)):
                time.sleep(0.3)
                suite.layer.fail_next_sync(target)
                try:
                    code = server.wait_for_exit(STOPS_WITHIN_S)
                    print(f"after a failed sync of {target} the server ended with {code}", flush=True)
                except subprocess.TimeoutExpired:
                    went_on = suite.layer.has_failed_a_sync()
                    failed.append(
                        f"went on after a failed sync of {target}"
                        if went_on
                        else f"never synced anything named {target}"
                    )
                    server.kill()
            after = os.path.join(suite.folder, f"data-{round_number}")
            suite.layer.cut(data, after)
            data = after
            checked = suite.server(data)
            checked.start()
            suite.verifier.verify(checked)
            checked.stop()
        suite.verify_at_the_end(suite.server(data))
        for sentence in failed:
            suite.verifier.find("kept_running", sentence)
        return suite.report(cycles=len(TARGETS), kept_running=len(failed))


if __name__ == "__main__":
    sys.exit(main())
