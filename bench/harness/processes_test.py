#!/usr/bin/env python3
"""A run that is ended by a signal leaves nothing behind."""
import os
import signal
import subprocess
import sys
import tempfile
import unittest

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN = """
import signal, sys
from harness.processes import Processes, end_orderly_when_told
end_orderly_when_told()
processes = Processes(sys.argv[1])
try:
    print(processes.start(["sleep", "1000"]).pid, flush=True)
    signal.pause()
finally:
    processes.stop_all()
"""


class EndedRun(unittest.TestCase):
    def test_its_servers_are_gone(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with tempfile.TemporaryDirectory() as folder:
                run = subprocess.Popen([sys.executable, "-c", RUN, folder], cwd=FOLDER, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
                server = int(run.stdout.readline())
                run.send_signal(number)
                run.wait(30)
                run.stdout.close()
                with self.assertRaises(ProcessLookupError):
                    os.kill(server, 0)


if __name__ == "__main__":
    unittest.main()
