#!/usr/bin/env python3
"""Each rule of tidy.py catches what it is for: one bad tree a rule, one finding expected."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TIDY = Path(__file__).with_name("tidy.py")
GOOD = {
    "ARCHITECTURE.md": "src/base src/net src/uploads src/tasks",
    "src/base/CMakeLists.txt": "hoist_library(base\n  SOURCES base.cpp)\n",
    "src/base/base.cpp": '#include "base/base.hpp"\n',
    "src/base/base.hpp": "",
    "src/net/CMakeLists.txt": "hoist_library(net\n  DEPS base)\n",
    "src/uploads/CMakeLists.txt": "hoist_library(uploads\n  SOURCES uploads.cpp\n  DEPS base net)\n",
    "src/uploads/uploads.cpp": '#include "base/base.hpp"\n',
    "src/tasks/CMakeLists.txt": "hoist_library(tasks\n  DEPS base)\n",
}


class Tidy(unittest.TestCase):
    def findings(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**GOOD, **changes}.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            run = subprocess.run([sys.executable, str(TIDY), root], capture_output=True, text=True)
            lines = run.stdout.splitlines()[:-1]
            self.assertEqual(run.returncode, 1 if lines else 0)
            return lines

    def one(self, changes, expected):
        lines = self.findings(changes)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(expected, lines[0])

    def test_a_good_tree_has_none(self):
        self.assertEqual(self.findings({}), [])

    def test_include_of_a_library_that_is_not_listed(self):
        self.one({"src/net/x.hpp": '#include "uploads/u.hpp"\n'}, "does not depend on uploads")

    def test_a_header_that_is_for_its_own_library_alone(self):
        inner = '#include "net/detail/wire.hpp"\n'
        self.assertEqual(self.findings({"src/net/x.hpp": inner}), [])
        self.one({"src/uploads/x.hpp": inner}, "is for net alone")

    def test_helpers_of_tests_may_use_what_the_tests_may(self):
        listing = {"src/tasks/CMakeLists.txt": "hoist_library(tasks\n  DEPS base\n  TEST_DEPS net)\n"}
        for name in ("testing", "test_world", "log_fixture", "net_test_support"):
            self.assertEqual(self.findings({**listing, f"src/tasks/{name}.hpp": '#include "net/x.hpp"\n'}), [])
        self.one({**listing, "src/tasks/world.hpp": '#include "net/x.hpp"\n'}, "does not depend on net")

    def test_a_program_may_use_what_it_links(self):
        program = {"src/bin/CMakeLists.txt": "add_executable(hoist main.cpp)\n"
                                             "target_link_libraries(hoist PRIVATE hoist::net)\n",
                   "ARCHITECTURE.md": GOOD["ARCHITECTURE.md"] + " src/bin"}
        self.assertEqual(self.findings({**program, "src/bin/main.cpp": '#include "net/x.hpp"\n'}), [])
        self.one({**program, "src/bin/main.cpp": '#include "tasks/x.hpp"\n'}, "does not depend on tasks")

    def test_a_source_in_no_library(self):
        self.one({"src/tasks/CMakeLists.txt": "", "src/tasks/x.hpp": ""}, "in no library")

    def test_a_source_that_a_cmake_function_adds_is_in_a_target(self):
        self.assertEqual(self.findings({"tests/fuzz/replay.cpp": "", "cmake/fuzz.cmake": "replay.cpp"}), [])

    def test_a_feature_depending_on_a_feature(self):
        self.one({"src/tasks/CMakeLists.txt": "hoist_library(tasks\n  DEPS base uploads)\n"}, "may not depend")

    def test_beast_outside_net(self):
        self.one({"src/uploads/uploads.cpp": "#include <boost/beast/http.hpp>\n"}, "only in src/net")

    def test_beast_in_a_header(self):
        self.one({"src/net/x.hpp": "#include <boost/beast/http.hpp>\n"}, "never appears in a header")

    def test_a_test_in_no_target(self):
        self.one({"src/uploads/lost_test.cpp": ""}, "in no target")

    def test_banned_calls(self):
        self.one({"src/uploads/uploads.cpp": "std::system(command);\n"}, "no shell")
        self.one({"src/uploads/uploads.cpp": "auto now = system_clock::now();\n"}, "ask a Clock")
        self.one({"src/uploads/uploads.cpp": "// TO" + "DO later\n"}, "open an issue")
        self.one({"src/uploads/uploads.cpp": "std::mutex mutex;\n"}, "that the compiler follows")

    def test_a_test_may_not_sleep_but_the_one_that_holds_transactions_open_may(self):
        events = {"src/events/CMakeLists.txt": "hoist_library(events\n  TESTS concurrency_test.cpp x_test.cpp)\n",
                  "ARCHITECTURE.md": GOOD["ARCHITECTURE.md"] + " src/events"}
        self.one({**events, "src/events/x_test.cpp": "sleep_for(delay);\n"}, "wait for a condition")
        self.assertEqual(self.findings({**events, "src/events/concurrency_test.cpp": "sleep_for(delay);\n"}), [])

    def test_lengths(self):
        self.one({"src/uploads/uploads.cpp": "// " + "x" * 120 + "\n"}, "columns")
        self.one({"src/uploads/uploads.cpp": "void f() {\n" + "  g();\n" * 80 + "}\n"}, "function of")
        self.one({"src/uploads/uploads.cpp": "int x;\n" * 700}, "split it")

    def test_await_in_catch(self):
        self.one({"src/uploads/uploads.cpp": "try {\n} catch (E const& e) {\n  co_await f();\n}\n"}, "inside catch")

    def test_a_folder_nobody_described(self):
        self.one({"ARCHITECTURE.md": "src/base src/net src/uploads"}, "src/tasks: not described")


if __name__ == "__main__":
    unittest.main()
