#!/usr/bin/env python3
"""Validates api/openapi.yaml: with our own rules for what code generators refuse, and with two validators of others,
which are fetched from their registries. What cannot be fetched is SKIPPED and counted.

usage: description_test.py OPENAPI_YAML
"""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

DESCRIPTION = Path(sys.argv.pop(1)).resolve()
VALIDATOR = "openapi-spec-validator==0.7.1"
REDOCLY = "@redocly/cli@1.34.5"
FETCH_S = 200


def nodes(node, path=()):
    yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from nodes(child, (*path, key))


class OurRules(unittest.TestCase):
    def setUp(self):
        self.all = [(path, node) for path, node in nodes(yaml.safe_load(DESCRIPTION.read_text()))]

    def found(self, wrong):
        return ["/".join(map(str, path)) for path, node in self.all
                if not {"example", "examples"} & set(path) and wrong(path, node)]

    def test_no_comma_of_a_sentence_became_a_property(self):
        self.assertEqual(self.found(lambda path, node: node is None), [])

    def test_references_end_at_components_and_not_inside_of_them(self):
        inside = self.found(lambda path, node: path[-1:] == ("$ref",) and node.count("/") > 3)
        self.assertEqual(inside, [])

    def test_constants_that_are_not_text_are_enumerations(self):
        self.assertEqual(self.found(lambda path, node: path[-1:] == ("const",) and not isinstance(node, str)), [])

    def test_free_objects_say_so(self):
        def closed(path, node):
            return (isinstance(node, dict) and node.get("type") == "object" and path[-2:-1] == ("properties",)
                    and not {"properties", "additionalProperties", "oneOf", "$ref"} & set(node))
        self.assertEqual(self.found(closed), [])


class TheirValidators(unittest.TestCase):
    skipped = 0

    @classmethod
    def tearDownClass(cls):
        print(f"validators skipped: {cls.skipped} of 2")

    def fetched(self, *command):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S)
        except (subprocess.TimeoutExpired, FileNotFoundError) as problem:
            done = None
            reason = str(problem)
        if done and done.returncode == 0:
            return
        type(self).skipped += 1
        reason = done.stderr.strip().splitlines()[-1:] if done else reason
        print(f"SKIPPED: {command[0]} cannot fetch the validator: {reason}")
        self.skipTest("the registry cannot be reached")

    def test_openapi_spec_validator(self):
        with tempfile.TemporaryDirectory() as folder:
            self.fetched(sys.executable, "-m", "venv", folder)
            self.fetched(f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check", VALIDATOR)
            done = subprocess.run([f"{folder}/bin/openapi-spec-validator", DESCRIPTION], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_redocly(self):
        with tempfile.TemporaryDirectory() as folder:
            self.fetched(shutil.which("npm") or "npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                         "--ignore-scripts", REDOCLY)
            done = subprocess.run([f"{folder}/node_modules/.bin/redocly", "lint", "--format=json", DESCRIPTION],
                                  cwd=folder, capture_output=True, text=True,
                                  env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "REDOCLY_TELEMETRY": "off"})
            answer = json.loads(done.stdout[done.stdout.index("{"):])
            errors = [f"{p['ruleId']}: {p['message']}" for p in answer["problems"] if p["severity"] == "error"]
            self.assertEqual(errors, [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
