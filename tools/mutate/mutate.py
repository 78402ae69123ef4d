#!/usr/bin/env python3
"""Changes one operator of src at a time and asks whether a unit or contract test notices.

usage: mutate.py [--sample N] [--seed S] [--under FOLDER ...] [--jobs J]

The changes are made in a work tree of their own (build/mutate/tree, at the commit that is checked out), so
nothing that happens here can leave a changed operator in yours. A change is tried first on the test program of
its own library, and on every other that links the library, but for slow ones, if that one says nothing. What was tried stands
in build/mutate/seed-S.jsonl, one line each, and is not tried again: a run that was cut short goes on.

Exits 1 when less than 90 % of the changes that compile were noticed.
"""
import argparse
import json
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NOTICED_MIN = 0.9
SLOWER_MAX = 4          # a test program that takes so many times as long as before hangs
SECONDS_MIN = 20        # and never less than this is waited for
FOREIGN_SECONDS_MAX = 60  # a slower program is asked about its own library only

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
TESTS = re.compile(r"_test\.|testing|test_|fixture|simulation|failing_")


def run(command, folder, seconds=None):
    """The exit code, 124 when it took longer than `seconds`."""
    try:
        return subprocess.run(command, cwd=folder, timeout=seconds, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return 124


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
    """The test programs of a build folder, and what each is linked from."""

    def __init__(self, build, jobs):
        self.build, self.jobs = build, jobs
        listed = subprocess.run(["ninja", "-t", "targets", "all"], cwd=build, text=True, capture_output=True).stdout
        self.paths = sorted(line.split(":")[0] for line in listed.splitlines()
                            if re.fullmatch(r"src/\S*/hoist_\w+_test", line.split(":")[0]))
        if run(["ninja", *self.paths], build):
            sys.exit(f"{build}: the tests do not build; `ninja -C {build}` says why")
        self.linked = {path: self.inputs_of(path) for path in self.paths}
        self.seconds = {}
        for path in self.paths:
            started = time.monotonic()
            if run(self.command(path), build / Path(path).parent, 900):
                sys.exit(f"{path} fails before anything is changed")
            self.seconds[path] = time.monotonic() - started

    def inputs_of(self, path):
        listed = subprocess.run(["ninja", "-t", "inputs", path], cwd=self.build, text=True, capture_output=True)
        return set(listed.stdout.split())

    def command(self, path):
        return [str(self.build / path), "--gtest_fail_fast", "--gtest_brief=1"]

    def own_first(self, name):
        """Those that link the library of a file, the library's own test program first."""
        folder = Path(name).parent.as_posix()
        using = [path for path in self.paths
                 if any(made.startswith(folder + "/") and made.endswith((".a", ".o")) for made in self.linked[path])]
        return sorted(using, key=lambda path: (Path(path).parent.as_posix() != folder, self.seconds[path]))

    def fails(self, path):
        patience = max(SECONDS_MIN, SLOWER_MAX * self.seconds[path])
        return run(self.command(path), self.build / Path(path).parent, patience) != 0

    def judge(self, name):
        using = self.own_first(name)
        others = [path for path in using[1:] if self.seconds[path] <= FOREIGN_SECONDS_MAX]
        for group in (using[:1], others):
            if not group:
                continue
            if run(["ninja", *group], self.build):
                return "does not compile"
            with ThreadPoolExecutor(self.jobs) as pool:
                for path, failed in zip(group, pool.map(self.fails, group)):
                    if failed:
                        return f"noticed by {Path(path).name}"
        return "survived"


def try_change(tree, programs, change):
    name, start, length, replacement = change
    path = tree / name
    before = path.read_text()
    line = before.count("\n", 0, start) + 1
    path.write_text(before[:start] + replacement + before[start + length:])
    try:
        outcome = programs.judge(name)
        after = path.read_text().splitlines()[line - 1].strip()
    finally:
        path.write_text(before)
    return {"file": name, "line": line, "was": before.splitlines()[line - 1].strip(), "became": after,
            "outcome": outcome}


def prepare(root):
    """A clean work tree at HEAD, built before anything is changed."""
    tree = root / "build" / "mutate" / "tree"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, text=True, capture_output=True, check=True).stdout.strip()
    if not tree.exists():
        subprocess.run(["git", "worktree", "prune"], cwd=root, check=True)
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), head], cwd=root, check=True)
    subprocess.run(["git", "checkout", "--quiet", "--force", "--detach", head], cwd=tree, check=True)
    subprocess.run(["cmake", "--preset", "dev", "-Wno-dev", "-DCMAKE_CXX_FLAGS_DEV=-O0 -g0", "-DCMAKE_C_FLAGS_DEV=-O0 -g0"], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)
    return tree


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--under", nargs="*", default=["src/"], metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    tree = prepare(root)
    all_changes = list(candidates(tree, asked.under))
    chosen = random.Random(asked.seed).sample(all_changes, min(asked.sample, len(all_changes)))
    log = tree.parent / f"seed-{asked.seed}.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    print(f"seed {asked.seed}: {len(chosen)} of {len(all_changes)} possible changes, {len(done)} tried before", flush=True)
    programs = Programs(tree / "build" / "dev", asked.jobs)
    with log.open("a") as out:
        for number, change in enumerate(chosen[len(done):], len(done) + 1):
            result = try_change(tree, programs, change)
            done.append(result)
            print(json.dumps(result), file=out, flush=True)
            print(f"{number:4} {result['outcome']:34} {result['file']}:{result['line']}", flush=True)
    return report(done)


def report(done):
    tried = [result for result in done if result["outcome"] != "does not compile"]
    survived = [result for result in tried if result["outcome"] == "survived"]
    for result in survived:
        print(f"\n{result['file']}:{result['line']}\n  - {result['was']}\n  + {result['became']}")
    noticed = len(tried) - len(survived)
    share = noticed / len(tried) if tried else 0
    print(f"\n{noticed} of {len(tried)} changes noticed ({share:.0%}); {len(done) - len(tried)} did not compile")
    return 0 if share >= NOTICED_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
