#!/usr/bin/env python3
"""Packs the program of a Lambda function with the libraries that it was linked with.

usage: lambda_zip.py PROGRAM OUT.zip     prints what is in it and how large it is

Lambda's image has an older C library than Debian, and none of the others. So the zip brings its own loader and
libraries, down to libc, and `bootstrap` starts the program with them. The same files give the same bytes: entries are
sorted, and have the first time that a zip can say.
"""
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

BOOTSTRAP = """#!/bin/sh
# Authorities are where Lambda's image has them, not where Debian's OpenSSL looks.
: "${SSL_CERT_FILE:=/etc/pki/tls/certs/ca-bundle.crt}"
export SSL_CERT_FILE
here=${LAMBDA_TASK_ROOT:-$(dirname "$0")}
exec "$here/lib/loader" --library-path "$here/lib" --argv0 bootstrap "$here/bin/hoist"
"""
FIRST_TIME = (1980, 1, 1, 0, 0, 0)
BYTES_MAX = 50 << 20  # what Lambda takes in one piece
GOAL_BYTES = 15 << 20


def libraries(program):
    """Name -> path of everything that the loader would map, the loader itself as `loader`."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in listed.splitlines():
        if "not found" in line:
            sys.exit(f"lambda_zip: {line.strip()}")
        if named := re.match(r"\s*(\S+) => (/\S+)", line):
            found[named[1]] = named[2]
        elif loader := re.match(r"\s*(/\S*ld-linux\S*)", line):
            found["loader"] = loader[1]
    return found


def stripped(path, folder):
    """Its bytes without symbols, which are most of a program and nothing to a function."""
    out = Path(folder) / "stripped"
    subprocess.run(["strip", "--strip-unneeded", "-o", out, path], check=True)
    return out.read_bytes()


def add(archive, name, data, mode):
    entry = zipfile.ZipInfo(name, FIRST_TIME)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=9)


def main():
    program, out = sys.argv[1], Path(sys.argv[2])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        entries = {"bootstrap": BOOTSTRAP.encode(), "bin/hoist": stripped(program, folder)}
        for name, path in libraries(program).items():
            entries[f"lib/{name}"] = Path(path).read_bytes() if name == "loader" else stripped(path, folder)
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(entries):
            add(archive, name, entries[name], 0o755)
    size = out.stat().st_size
    print(f"{out}: {size / (1 << 20):.1f} MB, {len(entries)} files, the goal is {GOAL_BYTES >> 20} MB")
    for name in sorted(entries, key=lambda name: -len(entries[name]))[:5]:
        print(f"  {len(entries[name]) / (1 << 20):6.1f} MB unpacked  {name}")
    if size > BYTES_MAX:
        sys.exit(f"lambda_zip: Lambda takes {BYTES_MAX >> 20} MB at once")


if __name__ == "__main__":
    main()
