#!/usr/bin/env python3
"""Runs every command that the documents show, from top to bottom, against a real server.

The convention, for whoever writes documents:
- A fenced block of the language `sh` is run by bash, with `set -euo pipefail`: a command that fails, fails the
  test. Blocks of one document share one shell, so a later one may use the variables of an earlier one.
- A block that cannot run here has `<!-- not run: WHY -->` on the line above it. Such blocks are counted.
- A line whose comment says "Ctrl-C" does not end by itself: it is interrupted after a few seconds.
- A document leaves no file behind, neither where it runs nor in the folder for temporary files.
- The addresses of `make run`, 127.0.0.1:8080 and :9000, are replaced by those of the test's server.
- Every `hoist ...` in running text names a command that exists, with options that it has.

usage: docs_test.py HOIST_BINARY SOURCE_FOLDER [test names]
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from dataclasses import dataclass
from pathlib import Path

BINARY = Path(sys.argv.pop(1)).resolve()
SOURCE = Path(sys.argv.pop(1)).resolve()

LANGUAGES = {"sh", "json", "yaml", "toml", "ini", "xml", "text", "python", "javascript", ""}
DOCUMENTS = sorted([*SOURCE.glob("*.md"), *SOURCE.glob("docs/**/*.md"), *SOURCE.glob("bench/*.md"),
                    *SOURCE.glob("scripts/*.md")])
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
INTERRUPTED_S = 3


def photo(number):
    """The smallest honest JPEG: 16 by 16, grey; the number is a comment in it, so that no two are the same file."""
    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    one_code = bytes([1] + 15 * [0] + [0])  # a Huffman table of one symbol, "nothing more"
    return b"".join([
        b"\xff\xd8", segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), segment(0xFE, bytes([number])),
        segment(0xDB, b"\0" + 64 * b"\x08"), segment(0xC0, b"\x08\0\x10\0\x10\1\1\x11\0"),
        segment(0xC4, b"\0" + one_code), segment(0xC4, b"\x10" + one_code),
        segment(0xDA, b"\1\1\0\0\x3f\0"), b"\0", b"\xff\xd9"])


@dataclass
class Block:
    document: Path
    line: int
    text: str
    not_run: str  # why; empty: it is run


def fences(document):
    """Fenced blocks as (line, language, text, the line above)."""
    lines = document.read_text().splitlines()
    at = 0
    while at < len(lines):
        opened = re.match(r"^(\s*)```(\w*)\s*$", lines[at])
        if not opened:
            assert not lines[at].lstrip().startswith("```"), f"{document}:{at + 1}: an odd fence"
            at += 1
            continue
        end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
        yield at + 1, opened.group(2), "\n".join(lines[at + 1:end]), lines[at - 1] if at else ""
        at = end + 1


def blocks(document):
    for line, language, text, above in fences(document):
        assert language in LANGUAGES, f"{document}:{line}: no rule for blocks of {language}"
        if language == "sh":
            reason = NOT_RUN.search(above)
            yield Block(document, line, text, reason.group(1) if reason else "")


def interrupted(line):
    """A line that goes on until Ctrl-C, cut short. It has to have gone on until then."""
    command = line.split(" #")[0].strip()
    return f"timeout -s INT {INTERRUPTED_S} {command} || test $? = 124"


def script_of(document, addresses):
    parts = ["set -euo pipefail"]
    for block in blocks(document):
        if block.not_run:
            continue
        parts.append(f"echo '@@ {block.line}'")
        parts += [interrupted(line) if re.search(r"#.*Ctrl-C", line) else line for line in block.text.splitlines()]
    text = "\n".join(parts) + "\n"
    for shown, real in addresses.items():
        text = text.replace(shown, real)
    return text


class Server:
    def __init__(self, folder):
        # Tasks whose title begins with "Impossible" are dead at once, so that there are dead letters to look at.
        handler = folder / "handler.sh"
        handler.write_text('#!/bin/sh\ncase "$(cat)" in *\'"title":"Impossible\'*) echo "cannot be done" >&2; exit 100;; esac\n')
        handler.chmod(0o755)
        command = [BINARY, "serve", "--data", folder / "hoist-data", "--listen", "127.0.0.1:0",
                   "--objects-listen", f"127.0.0.1:{free_port()}"]
        settings = ["limits.requests_per_minute_per_user=100000", "limits.requests_per_minute_per_ip=100000",
                    "limits.initiations_per_minute_per_user=10000", "tasks.handler=command", f"tasks.command={handler}"]
        for setting in settings:
            command += ["--set", setting]
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = ""
        while not line.startswith("ready"):
            line = self.process.stdout.readline()
            assert line, "hoist serve ended: " + (folder / "log").read_text()
        self.addresses = {"127.0.0.1:8080": re.search(r"api=http://(\S+?)/?\s", line + " ").group(1),
                          "127.0.0.1:9000": re.search(r"objects=http://(\S+?)/?\s", line + " ").group(1)}
        self.token = json.loads((folder / "hoist-data/cli.json").read_text())["token"]

    def post(self, path, body):
        request = urllib.request.Request(f"http://{self.addresses['127.0.0.1:8080']}{path}", json.dumps(body).encode(),
                                         {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Documents(unittest.TestCase):
    run_blocks = 0
    not_run = []

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.place = Path(self.folder.name)
        (self.place / "build/release").mkdir(parents=True)
        (self.place / "build/release/hoist").symlink_to(BINARY)
        (self.place / "tmp").mkdir()
        pictures = self.place / "home/Pictures/site-a/floor-1"
        pictures.mkdir(parents=True)
        for index, path in enumerate([self.place / "photo.jpg", self.place / "roof.jpg", pictures / "IMG_0001.jpg",
                                      pictures.parent / "IMG_0001.jpg"]):
            path.write_bytes(photo(index))

    @classmethod
    def tearDownClass(cls):
        for block in cls.not_run:
            print(f"not run: {block.document.name}:{block.line}: {block.not_run}")
        print(f"blocks of commands run: {cls.run_blocks}, not run: {len(cls.not_run)}")

    def left(self):
        known = {"hoist-data", "log", "home"}
        return sorted(str(path.relative_to(self.place)) for path in self.place.rglob("*")
                      if not known & set(path.relative_to(self.place).parts))

    def run_document(self, document):
        mine = list(blocks(document))
        type(self).not_run += [block for block in mine if block.not_run]
        if all(block.not_run for block in mine):
            return
        server = Server(self.place)
        self.addCleanup(server.stop)
        self.prepare(server)
        before = self.left()
        script = self.place / "tmp.sh"
        script.write_text(script_of(document, server.addresses))
        environment = {**os.environ, "HOME": str(self.place / "home"), "TMPDIR": str(self.place / "tmp"),
                       "PATH": f"{self.place}/build/release:{os.environ['PATH']}"}
        environment = {name: value for name, value in environment.items() if not name.startswith("HOIST_")}
        done = subprocess.run(["bash", str(script)], cwd=self.place, env=environment, capture_output=True, text=True,
                              timeout=400)
        script.unlink()
        reached = re.findall(r"^@@ (\d+)$", done.stdout, re.MULTILINE)
        where = f"{document.relative_to(SOURCE)}, the block at line {reached[-1] if reached else '?'}"
        self.assertEqual(done.returncode, 0, f"{where} fails:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        self.assertEqual(self.left(), before, f"{document.name} leaves files behind")
        type(self).run_blocks += len(reached)

    def prepare(self, server):
        """What the documents take for granted: there are files, and something that failed."""
        task = server.post("/tasks", {"title": "Impossible", "description": "", "priority": "low"})
        until = time.monotonic() + 30
        letters = ["dead-letters", "--data", str(self.place / "hoist-data"), "--queue", "tasks", "--json"]
        while task["task_id"] not in subprocess.run([BINARY, *letters], capture_output=True, text=True).stdout:
            self.assertLess(time.monotonic(), until, "the task did not become a dead letter")
            time.sleep(0.05)


def add_test(document):
    name = "test_" + re.sub(r"\W", "_", str(document.relative_to(SOURCE).with_suffix("")))
    setattr(Documents, name, lambda self: self.run_document(document))


for each in DOCUMENTS:
    if any(True for _ in blocks(each)):
        add_test(each)


class InRunningText(unittest.TestCase):
    def help_of(self, words):
        return subprocess.run([BINARY, *words, "--help"], capture_output=True, text=True)

    def test_every_hoist_command_exists_with_the_options_that_are_named(self):
        checked = 0
        for document in DOCUMENTS:
            text = re.sub(r"^\s*```.*?^\s*```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
            for span in re.findall(r"`(hoist [^`]+)`", text):
                words = []
                for word in span.split()[1:]:
                    if not re.fullmatch(r"[a-z][a-z-]*", word):
                        break
                    if self.help_of([*words, word]).returncode != 0:
                        break
                    words.append(word)
                where = f"{document.relative_to(SOURCE)}: {span}"
                if not span.split()[1].startswith("-"):
                    self.assertTrue(words, f"{where}: there is no such command")
                help_text = self.help_of(words).stdout
                for option in re.findall(r"--[a-z][a-z-]*", span):
                    self.assertIn(option, help_text, f"{where}: there is no such option")
                checked += 1
        print(f"commands in running text that exist: {checked}")
        self.assertGreater(checked, 12)


class TheConvention(unittest.TestCase):
    """The test tests itself: a broken command in a document is found."""

    def test_a_failing_command_a_lost_variable_and_a_left_file_are_found(self):
        good = "echo fine"
        for bad in ("false", "hoist nosuch", 'echo "$NOBODY_SET_THIS"', "false | cat"):
            with tempfile.TemporaryDirectory() as folder:
                document = Path(folder, "d.md")
                document.write_text(f"```sh\n{good}\n```\n\n```sh\n{bad}\n{good}\n```\n")
                script = script_of(document, {})
                done = subprocess.run(["bash", "-c", script], capture_output=True, text=True,
                                      env={**os.environ, "PATH": f"{folder}:/usr/bin:/bin"})
                self.assertNotEqual(done.returncode, 0, bad)
                self.assertEqual(re.findall(r"@@ (\d+)", done.stdout), ["1", "5"])

    def test_a_block_that_is_not_run_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder, "d.md")
            document.write_text("<!-- not run: it formats the disk -->\n```sh\nmkfs\n```\n")
            self.assertEqual([block.not_run for block in blocks(document)], ["it formats the disk"])
            self.assertNotIn("mkfs", script_of(document, {}))


if __name__ == "__main__":
    if not shutil.which("jq") or not shutil.which("curl"):
        print("SKIPPED: jq and curl are not installed")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
