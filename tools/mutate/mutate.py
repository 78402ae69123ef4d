#!/usr/bin/env python3
"""Changes one operator of src at a time and asks whether a unit or contract test notices.

usage: mutate.py [--sample N] [--seed S] [--under FOLDER ...] [--own] [--again]

The changes are made in a work tree of their own (build/mutate/tree, at the commit that is checked out), so
nothing that happens here can leave a changed operator in yours. A change is judged by the test programs that have
to be built again because of it: by that of its own library first, there by the tests of the file of the same name
first, and then by the others, the quickest first, until one fails; of the command line and of the PostgreSQL adapter
by their acceptance suites at last. What was tried stands in
build/mutate/seed-S.jsonl, one line each, and is not tried again: a run that was cut short goes on. With --own only the
library's own program is asked, where there is one: quicker, and what survives may still be noticed by others.
With --again the survivors of a seed are tried in what is checked out now, each at the line that reads as before:
after tests were written for them.

Exits 1 when less than 90 % of the changes that compile were noticed.
"""
import argparse
import collections
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTICED_MIN = 0.9
SLOWER_MAX = 4          # a test program that computes so many times as long as before hangs
SECONDS_MIN = 20        # and never less than this is waited for
IDLE_MAX = 8            # so many times as long may pass besides: the machine may be busy
EXCLUDED_MAX = 3        # tests of a program that a busy machine makes fail
FOREIGN_SECONDS_MAX = 60  # a slower program is asked about its own library only
LIKELY_SECONDS_MIN = 1  # of a slower program the tests of the file of the same name run first

# What has hardly any unit tests because its own suite runs it against a real server: asked when they are content.
SUITES = {"src/bin/": ["acceptance.cli", "acceptance.cli_files"],
          "src/adapters/postgres/": ["acceptance.api_contract_on_postgres"]}

# One operator each. Those that also occur in templates and references count only between spaces.
OPERATORS = [
    (r" && ", " || "), (r" \|\| ", " && "),
    (r" == ", " != "), (r" != ", " == "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \+= ", " -= "), (r" -= ", " += "),
    (r"(?<=[( ])!(?=[\w(*])", ""), (r"\+\+(?=\w)", "--"),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
]
# Not behaviour: text, comments, the preprocessor, and what is asserted or declared at compile time.
HIDDEN = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|//[^\n]*'
                    r"|^[ \t]*#[^\n]*|\bstatic_assert\([^;]*;|\btemplate <[^{;]*[{;]|\boperator\S+", re.S | re.M)
TESTS = re.compile(r"_test\.|testing|test_|fixture|simulation|failing_|_samples")


def run(command, folder, seconds=None, scratch=None):
    """The exit code, of a signal when it computed longer than `seconds` or stood still, and what it wrote."""
    environment = dict(os.environ, TMPDIR=scratch) if scratch else None
    limit = (lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))) if seconds else None
    try:
        ended = subprocess.run(command, cwd=folder, timeout=seconds and seconds * IDLE_MAX, env=environment,
                               preexec_fn=limit, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        return ended.returncode, ended.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return -signal.SIGXCPU, ""


def candidates(tree, folders):
    """Every (file, offset, length, replacement) that could be tried."""
    for path in sorted((tree / "src").rglob("*.?pp")):
        name = path.relative_to(tree).as_posix()
        if TESTS.search(path.name) or not any(name.startswith(folder) for folder in folders):
            continue
        text = path.read_text()
        shown = HIDDEN.sub(lambda hidden: "".join("\n" if c == "\n" else "~" for c in hidden.group()), text)
        for pattern, replacement in OPERATORS:
            for match in re.finditer(pattern, shown):
                yield name, match.start(), match.end() - match.start(), replacement


class Programs:
    """The test programs of a build folder, each with the seconds it computes when nothing is changed."""

    def __init__(self, tree, own_only):
        self.tree, self.build, self.own_only = tree, tree / "build" / "dev", own_only
        listed = run(["ninja", "-t", "targets", "all"], self.build)[1]
        self.paths = sorted(line.split(":")[0] for line in listed.splitlines()
                            if re.fullmatch(r"src/\S*/hoist_\w+_test", line.split(":")[0]))
        if run(["ninja", *self.paths], self.build)[0]:
            sys.exit(f"{self.build}: the tests do not build; `ninja -C {self.build}` says why")
        self.inputs = {path: set(run(["ninja", "-t", "inputs", path], self.build)[1].split()) for path in self.paths}
        self.objects = self.made_of()
        self.notes = tree.parent / "seconds.json"  # a run that goes on does not measure again
        self.passing = set()  # suites, today
        self.seconds, self.excluded = json.loads(self.notes.read_text()) if self.notes.exists() else ({}, {})

    def measure(self, path):
        """Once for each program, before anything is changed. A test that fails then is not asked later."""
        if path in self.seconds:
            return
        run(["ninja", path], self.build)
        self.excluded[path] = []
        while True:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            failed = self.failure(path, 900)
            if not failed:
                break
            if "." not in failed or len(self.excluded[path]) == EXCLUDED_MAX:
                sys.exit(f"{path} fails before anything is changed: {failed}")
            print(f"{path}: {failed} fails before anything is changed", flush=True)
            self.excluded[path].append(failed)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds[path] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)
        self.notes.write_text(json.dumps([self.seconds, self.excluded]))

    def failure(self, path, patience, only="*"):
        """The first test that fails, empty when none does."""
        chosen = only + "-" + ":".join(self.excluded[path])
        command = [str(self.build / path), "--gtest_fail_fast", "--gtest_brief=1", "--gtest_filter=" + chosen]
        with tempfile.TemporaryDirectory(prefix="hoist-mutate-", ignore_cleanup_errors=True) as scratch:
            os.chmod(scratch, 0o755)  # a database server that a program starts is another user
            code, said = run(command, self.build / Path(path).parent, patience, scratch)
        if code == 0:
            return ""
        named = re.search(r"\[  FAILED  \] ([\w/.]+)", said)
        return named.group(1) if named else "a hang" if code == -signal.SIGXCPU else f"an end with code {code}"

    @staticmethod
    def folder(path):
        return Path(path).parent.as_posix()

    def library_of(self, name):
        """The folder whose CMakeLists.txt has this file."""
        return next(folder.as_posix() for folder in Path(name).parents
                    if (self.tree / folder / "CMakeLists.txt").exists())

    def made_of(self):
        """For every file of src the objects that were compiled with it."""
        objects, object_ = collections.defaultdict(set), ""
        for line in run(["ninja", "-t", "deps"], self.build)[1].splitlines():
            if not line.startswith(" "):
                object_ = line.split(":")[0]
            elif "/src/" in line:
                objects[os.path.relpath((self.build / line.strip()).resolve(), self.tree)].add(object_)
        return objects

    def affected(self, name):
        """Those that have a part of this file, the library's own first."""
        linked = [path for path in self.paths if not self.inputs[path].isdisjoint(self.objects[name])]
        own = [path for path in linked if self.folder(path) == self.library_of(name)]
        if own and self.own_only:
            return own
        for path in linked:
            self.measure(path)
        others = [path for path in linked if path not in own and self.seconds[path] <= FOREIGN_SECONDS_MAX]
        return own + sorted(others, key=self.seconds.get)

    def likely(self, name):
        """A filter for the tests that stand in the test file of the same name."""
        file = Path(name)
        test = self.tree / file.with_name(file.stem + "_test.cpp")
        text = test.read_text() if test.exists() else ""
        suites = set(re.findall(r"^TEST(?:_F|_P)?\((\w+),", text, re.M))
        return ":".join(f"{suite}.*:*/{suite}.*" for suite in sorted(suites))

    def judge(self, name, affected):
        for path in affected:
            if run(["ninja", path], self.build)[0]:
                return "does not compile"
            patience = max(SECONDS_MIN, SLOWER_MAX * self.seconds[path])
            slow = self.seconds[path] > LIKELY_SECONDS_MIN
            for only in filter(None, [self.likely(name) if slow else "", "*"]):
                failed = self.failure(path, patience, only)
                if failed:
                    return f"noticed by {Path(path).name}: {failed}"
        return next(filter(None, map(self.suite_failure, self.suites(name))), "survived")

    @staticmethod
    def suites(name):
        return next((suites for folder, suites in SUITES.items() if name.startswith(folder)), [])

    def check_suites(self, name):
        """Once for each, before anything is changed."""
        for suite in set(self.suites(name)) - self.passing:
            if self.suite_failure(suite):
                sys.exit(f"{suite} fails before anything is changed")
            self.passing.add(suite)

    def suite_failure(self, suite):
        if run(["ninja", "hoist"], self.build)[0]:
            return "does not compile"
        code, _ = run(["ctest", "-R", f"^{suite}$"], self.build)
        return f"noticed by {suite}" if code else ""


def try_change(tree, programs, change):
    name, start, length, replacement = change
    path = tree / name
    before = path.read_text()
    line = before.count("\n", 0, start) + 1
    affected = programs.affected(name)
    for program in affected:
        programs.measure(program)
    programs.check_suites(name)
    path.write_text(before[:start] + replacement + before[start + length:])
    try:
        outcome = programs.judge(name, affected)
        after = path.read_text().splitlines()[line - 1].strip()
    finally:
        path.write_text(before)
    return {"file": name, "line": line, "was": before.splitlines()[line - 1].strip(), "became": after,
            "outcome": outcome}


def found_again(tree, result):
    """The change of an earlier result in today's text, or None when its line reads otherwise now."""
    path = tree / result["file"]
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    same = [number for number, line in enumerate(lines) if line.strip() == result["was"]]
    if not same:
        return None
    number = min(same, key=lambda n: abs(n + 1 - result["line"]))
    start = sum(map(len, lines[:number])) + lines[number].index(result["was"])
    return result["file"], start, len(result["was"]), result["became"]


def prepare(root, commit):
    """A clean work tree at a commit, configured."""
    tree = root / "build" / "mutate" / "tree"
    if not tree.exists():
        subprocess.run(["git", "worktree", "prune"], cwd=root, check=True)
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], cwd=root, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", "--detach", commit], cwd=tree, check=True)
    subprocess.run(["cmake", "--preset", "dev", "-Wno-dev", "-DCMAKE_CXX_FLAGS_DEV=-O0 -g0", "-DCMAKE_C_FLAGS_DEV=-O0 -g0"],
                   cwd=tree, check=True, stdout=subprocess.DEVNULL)
    return tree


def head_of(root):
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, text=True, capture_output=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--under", nargs="*", default=["src/"], metavar="FOLDER")
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    log = root / "build" / "mutate" / f"seed-{asked.seed}.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    # Another commit would have another sample.
    commit = done[0]["commit"] if done and not asked.again else head_of(root)
    tree = prepare(root, commit)
    if asked.again:
        return report(try_again(tree, Programs(tree, asked.own), done))
    all_changes = list(candidates(tree, asked.under))
    chosen = random.Random(asked.seed).sample(all_changes, min(asked.sample, len(all_changes)))
    print(f"seed {asked.seed}: {len(chosen)} of {len(all_changes)} possible changes, {len(done)} tried before", flush=True)
    programs = Programs(tree, asked.own)
    with log.open("a") as out:
        for number, change in enumerate(chosen[len(done):], len(done) + 1):
            result = {"commit": commit, **try_change(tree, programs, change)}
            done.append(result)
            print(json.dumps(result), file=out, flush=True)
            print(f"{time.strftime('%H:%M:%S')} {number:4} {result['outcome']:34} {result['file']}:{result['line']}",
                  flush=True)
    return report(done)


def try_again(tree, programs, done):
    """The results with those of today in the place of survivors."""
    results = []
    for result in done:
        change = found_again(tree, result) if result["outcome"] == "survived" else None
        if change:
            result = try_change(tree, programs, change)
            print(f"{time.strftime('%H:%M:%S')} {result['outcome']:34} {result['file']}:{result['line']}", flush=True)
        elif result["outcome"] == "survived":
            print(f"{result['file']}:{result['line']} reads otherwise now: {result['was']}")
            result = {**result, "outcome": "gone"}
        results.append(result)
    return results


def report(done):
    tried = [result for result in done if result["outcome"] not in ("does not compile", "gone")]
    survived = [result for result in tried if result["outcome"] == "survived"]
    for result in survived:
        print(f"\n{result['file']}:{result['line']}\n  - {result['was']}\n  + {result['became']}")
    noticed = len(tried) - len(survived)
    share = noticed / len(tried) if tried else 0
    print(f"\n{noticed} of {len(tried)} changes noticed ({share:.0%}); {len(done) - len(tried)} did not compile or are gone")
    return 0 if share >= NOTICED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
