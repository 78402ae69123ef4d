#!/usr/bin/env python3
"""The command line as people and scripts meet it: hints, lists, exit codes, completion, the manual page, and the
commands that an operator runs on the data of a server.

usage: cli_test.py HOIST_BINARY [test names]
"""
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path

BINARY = str(Path(sys.argv.pop(1)).resolve())


def hoist(*words, **environment):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


def typed_in_zsh(prepare, line):
    """What zsh makes of the line when the tabulator is pressed behind it."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "TERM": "xterm", "PATH": f"{Path(BINARY).parent}:{os.environ['PATH']}"}
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)

    def until(mark):
        seen = b""
        while mark not in seen:
            seen += os.read(terminal, 4096)
        return seen

    try:
        # The commands show their own words first, so what is waited for is spelled another way in them.
        os.write(terminal, f"{prepare}; PROMPT=; bindkey '^X' clear-screen; echo rea''dy\n".encode())
        until(b"ready\r\n")
        os.write(terminal, f"{line}\t\x01echo '\x05' d''one\n".encode())
        return until(b"done\r\n").decode().rsplit("\n", 2)[-2]
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


class WithoutAServer(unittest.TestCase):
    def test_alone_it_lists_the_commands(self):
        alone = hoist()
        self.assertEqual(alone.returncode, 2)
        for command in ("serve", "put", "ls", "rm", "retry", "projects", "task", "events", "dead-letters", "doctor"):
            self.assertRegex(alone.stdout, rf"(?m)^  {command}\b")
        self.assertIn("Exit codes:", alone.stdout)

    def test_an_unknown_command_is_named_and_the_nearest_suggested(self):
        for words, hint in ((["putt"], "There is no command putt. Did you mean put?"),
                            (["task", "lst"], "There is no command lst. Did you mean ls?"),
                            (["xyzzy"], "There is no command xyzzy. `hoist --help` lists all.")):
            got = hoist(*words)
            self.assertEqual((got.returncode, got.stdout), (2, ""))
            self.assertIn(hint, got.stderr)

    def test_files_are_not_taken_for_commands(self):
        self.assertEqual(hoist("put", "nowhere.jpg", HOIST_SERVER="http://127.0.0.1:1", HOIST_TOKEN="x").returncode, 6)

    def test_completion_knows_commands_and_options(self):
        script = hoist("completion", "bash").stdout
        for words, wanted in ((["pu"], "put"), (["put", "--give"], "--give-up-after"), (["task", "red"], "redrive"),
                              (["put", "x", "--proj"], "--project")):
            asked = f'COMP_WORDS=(hoist {" ".join(words)}); COMP_CWORD={len(words)}; _hoist; echo "${{COMPREPLY[@]}}"'
            got = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True)
            self.assertEqual(got.stdout.strip(), wanted, got.stderr)
        self.assertTrue(hoist("completion", "zsh").stdout.startswith("#compdef hoist\n"))
        self.assertRegex(hoist("completion", "fish").stdout, r"(?m)^complete -c hoist -n '__fish_use_subcommand' -a put ")
        self.assertEqual(hoist("completion", "tcsh").returncode, 2)

    def test_completion_is_well_formed(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            with tempfile.NamedTemporaryFile("w", suffix="." + shell) as file:
                file.write(hoist("completion", shell).stdout)
                file.flush()
                got = subprocess.run([*check, file.name], capture_output=True, text=True)
                self.assertEqual((got.returncode, got.stderr), (0, ""), shell)

    def test_zsh_completes_from_its_path_of_functions_and_when_sourced(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "_hoist").write_text(hoist("completion", "zsh").stdout)
            ready = "autoload -Uz compinit; compinit -u -D"
            for prepare in (f"fpath=({folder} $fpath); {ready}", f"{ready}; source {folder}/_hoist"):
                for line, wanted in (("hoist task red", "redrive"), ("hoist put x --proj", "--project"),
                                     ("hoist dead", "dead-letters")):
                    self.assertIn(wanted, typed_in_zsh(prepare, line))

    def test_fish_completes(self):
        with tempfile.NamedTemporaryFile("w", suffix=".fish") as file:
            file.write(hoist("completion", "fish").stdout)
            file.flush()
            for line, wanted in (("hoist task red", "redrive"), ("hoist put x --proj", "--project"),
                                 ("hoist dead", "dead-letters")):
                got = subprocess.run(["fish", "-c", f"source {file.name}; complete -C '{line}'"],
                                     capture_output=True, text=True)
                self.assertEqual(got.stdout.split("\t")[0], wanted, got.stderr)

    def test_the_manual_page_has_every_command(self):
        page = hoist("manual").stdout
        self.assertTrue(page.startswith(".TH HOIST 1"))
        for command in ("hoist put path", "hoist task redrive", "hoist events verify", "hoist dead\\-letters"):
            self.assertIn(f".SS {command}", page)
        if shutil.which("groff"):
            got = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=page, capture_output=True, text=True)
            self.assertEqual(got.stderr, "")


def locked_archive():
    """A ZIP archive that says of its file that it needs a password."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("plans.txt", "secret" * 20)
    data = bytearray(buffer.getvalue())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    return bytes(data)


class BesideAServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.place = Path(cls.folder.name)
        cls.data = cls.place / "data"
        cls.switch = cls.place / "works"
        handler = cls.place / "handler.sh"
        handler.write_text(f"#!/bin/sh\ntest -e {cls.switch} || exit 100\n")
        handler.chmod(0o755)
        cls.process = subprocess.Popen(
            [BINARY, "serve", "--data", cls.data, "--listen", "127.0.0.1:0", "--objects-listen", "127.0.0.1:0",
             "--set", "tasks.handler=command", "--set", f"tasks.command={handler}",
             "--set", "limits.requests_per_minute_per_user=100000"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while not (line := cls.process.stdout.readline()).startswith("ready"):
            assert line, "hoist serve ended"
        cls.token = json.loads((cls.data / "cli.json").read_text())["token"]

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait(30)
        cls.process.stdout.close()
        cls.folder.cleanup()

    def ok(self, *words):
        got = hoist(*words, "--data", self.data)
        self.assertEqual(got.returncode, 0, got.stderr)
        return got.stdout

    def until(self, words, wanted):
        end = time.monotonic() + 30
        while wanted not in (text := self.ok(*words)):
            self.assertLess(time.monotonic(), end, text)
            time.sleep(0.05)
        return text

    def test_dead_letters_are_shown_and_redriven_as_documented(self):
        task = json.loads(self.ok("task", "add", "Impossible", "--json"))["task_id"]
        shown = self.until(["dead-letters", "--queue", "tasks"], "1 attempts")
        self.assertRegex(shown, r"(?m)^\S+  \d{4}-\d\d-\d\dT[\d:]{8}Z  main  1 attempts")
        self.assertIn("No dead letters in processing.", self.ok("dead-letters"))
        self.assertIn("1 attempts", self.ok("dead-letters", "--queue", "tasks", "--tenant", "main"))
        unknown = hoist("dead-letters", "0190a000-0000-7000-8000-000000000000", "--queue", "tasks", "--redrive",
                        "--data", self.data)
        self.assertEqual(unknown.returncode, 5)
        self.assertIn("There is no dead letter of tasks", unknown.stderr)
        self.assertEqual(hoist("dead-letters", "--queue", "nosuch", "--data", self.data).returncode, 2)
        self.assertIn("would run again", self.ok("dead-letters", "--queue", "tasks", "--redrive", "--dry-run"))
        self.switch.touch()
        self.assertIn("1 will be tried again", self.ok("dead-letters", "--queue", "tasks", "--redrive"))
        self.until(["task", "show", task], "done")
        self.assertIn("No dead letters in tasks.", self.ok("dead-letters", "--queue", "tasks"))

    def test_redriving_an_unknown_task_says_so_and_fails(self):
        got = hoist("task", "redrive", "0190a000-0000-7000-8000-000000000000", "--data", self.data)
        self.assertEqual((got.returncode, got.stdout), (5, ""))
        self.assertIn("There is no dead letter of tasks with such an id.", got.stderr)

    def test_projects_folders_times_and_removal(self):
        self.assertIn("No projects.", self.ok("projects"))
        site = self.place / "site"
        for floor in ("floor-1", "floor-2"):
            (site / floor).mkdir(parents=True)
            (site / floor / "IMG_0001.txt").write_text(f"a note about {floor}")
        (site / ".DS_Store").write_text("x")
        self.ok("put", site, "--project", "site-b")
        listed = self.ok("ls", "--project", "site-b")
        self.assertEqual(sorted(re.findall(r"site/floor-\d/IMG_0001\.txt", listed)),
                         ["site/floor-1/IMG_0001.txt", "site/floor-2/IMG_0001.txt"])
        self.assertRegex(listed, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
        self.assertNotIn("DS_Store", listed)
        self.assertRegex(self.ok("projects"), r"(?m)^site-b\s+2\s+\S+ B\s+2\s+0\s+0\s+\S+Z$")
        uploads = [json.loads(line)["id"] for line in self.ok("ls", "--project", "site-b", "--json").splitlines()]
        self.assertEqual(self.ok("rm", *uploads).count("DELETED"), 2)
        self.assertEqual(self.ok("ls", "--project", "site-b"), "No uploads.\n")
        self.assertEqual(self.ok("ls", "--project", "site-b", "--status", "deleted").count("DELETED"), 2)
        gone = hoist("rm", "0190a000-0000-7000-8000-000000000000", "--data", self.data)
        self.assertEqual(gone.returncode, 5)

    def test_a_link_takes_what_the_tenant_takes_unless_types_are_named(self):
        self.assertIn("/send.html#", self.ok("ticket", "add", "--project", "site-c", "--name", "Crew"))

    def test_what_is_not_there_is_said(self):
        unknown = hoist("status", "nonsense", "--data", self.data)
        self.assertEqual(unknown.returncode, 5)
        self.assertIn('There is no upload and no batch with the id "nonsense".', unknown.stderr)
        self.assertIn("not in range 0 to 1000000000", hoist("ls", "--limit", "-1", "--data", self.data).stderr)
        self.assertEqual(self.ok("dead-letters", "--redrive", "--dry-run"), "No dead letters in processing.\n")

    def test_retry_gives_a_failed_file_to_the_workers_again(self):
        archive = self.place / "plans.zip"
        archive.write_bytes(locked_archive())
        self.assertEqual(hoist("put", archive, "--project", "locked", "--data", self.data).returncode, 1)
        failed = ["ls", "--project", "locked", "--status", "failed", "--json"]
        upload = json.loads(self.ok(*failed))["id"]
        self.ok("tenant", "set", "main", "--unscannable", "allow")
        self.assertIn("UPLOADED", self.ok("retry", upload))
        self.until(["ls", "--project", "locked"], "COMPLETED")
        self.assertEqual(self.ok("retry", upload).split()[1], "COMPLETED", "repeating it is harmless")
        gone = hoist("retry", "0190a000-0000-7000-8000-000000000000", "--data", self.data)
        self.assertEqual(gone.returncode, 5)
        self.ok("rm", upload)
        self.assertEqual(hoist("retry", upload, "--data", self.data).returncode, 7)

    def test_refusals_are_in_the_language_of_the_environment(self):
        unknown = "0190a000-0000-7000-8000-000000000000"
        got = hoist("rm", unknown, "--data", self.data, LC_ALL="es_PE.UTF-8")
        self.assertEqual(got.returncode, 5)
        self.assertIn("No existe tal archivo.", got.stderr)
        self.ok("tenant", "set", "main", "--language", "pt")
        end = time.monotonic() + 30
        while "Este arquivo" not in (text := hoist("rm", unknown, "--data", self.data, LC_ALL="C").stderr):
            self.assertLess(time.monotonic(), end, text)
            time.sleep(0.1)
        self.ok("tenant", "set", "main", "--language", "default")
        self.assertEqual(hoist("tenant", "set", "main", "--data", self.data).returncode, 2)

    def test_search_finds_names_and_folders(self):
        drawings = self.place / "Drawings"
        drawings.mkdir()
        for name in ("FACHADA-1.txt", "fachada-2.txt", "roof.txt"):
            (drawings / name).write_text(f"a note about {name}")
        self.ok("put", drawings, "--project", "search")
        self.assertEqual(self.ok("ls", "--project", "search", "--search", "Fachada").count("FACHADA"), 1)
        self.assertEqual(self.ok("ls", "--project", "search", "--search", "drawings", "--json").count("\n"), 3)
        self.assertEqual(hoist("ls", "--search", "x", "--data", self.data).returncode, 2)

    def test_nothing_to_send_is_told(self):
        (self.place / "empty").mkdir()
        got = hoist("put", self.place / "empty", "--data", self.data)
        self.assertEqual(got.returncode, 5)
        self.assertIn("There are no files", got.stderr)

    def test_answers_end_with_a_newline(self):
        import urllib.error
        import urllib.request
        api = json.loads((self.data / "cli.json").read_text())["api"]
        for path, token in (("/projects", self.token), ("/uploads", self.token), ("/uploads", "wrong")):
            request = urllib.request.Request(api + path, headers={"Authorization": f"Bearer {token}"})
            try:
                body = urllib.request.urlopen(request).read()
            except urllib.error.HTTPError as refused:
                body = refused.read()
            self.assertTrue(body.endswith(b"}\n"), body)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
