#!/usr/bin/env python3
"""Writes a C++ file that holds the page's files and the API description.

usage: embed.py OUT.cpp WEB_DIR OPENAPI.yaml
"""
import gzip
import hashlib
import json
import sys
from pathlib import Path

import yaml

from api_page import Page

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
         ".png": "image/png", ".webmanifest": "application/manifest+json"}


def literal(data):
    """Adjacent octal-escaped literals: no byte can be misread and no line is too long."""
    out = []
    for start in range(0, len(data), 2000):
        chunk = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}"
                        for b in data[start:start + 2000])
        out.append(f'    "{chunk}"')
    return "\n".join(out) or '    ""'


def main():
    out, web, openapi = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    api = yaml.safe_load(openapi.read_text())
    files = [("/" + p.relative_to(web).as_posix(), TYPES[p.suffix], p.read_bytes())
             for p in sorted(web.rglob("*")) if p.suffix in TYPES]
    files = [(path, kind, data.replace(b"<!-- api -->", Page(api).render().encode())) for path, kind, data in files]
    files.append(("/openapi.json", "application/json",
                  json.dumps(api, default=str, separators=(",", ":")).encode()))
    # The compiler need not take more than 64 KB, but ours does.
    lines = ['#pragma clang diagnostic ignored "-Woverlength-strings"', '#include "hosts/assets.hpp"', "", "namespace hoist::hosts {", "namespace {", ""]
    entries = []
    for i, (path, kind, data) in enumerate(files):
        packed = gzip.compress(data, mtime=0)
        lines += [f"constexpr char data_{i}[] =", literal(data) + ";", f"constexpr char packed_{i}[] =", literal(packed) + ";"]
        tag = hashlib.sha256(data).hexdigest()[:32]
        entries.append(f'    {{"{path}", "{kind}", "\\"{tag}\\"", {{data_{i}, {len(data)}}}, {{packed_{i}, {len(packed)}}}}},')
    lines += ["", "constexpr Asset assets[] = {", *entries]
    lines += ["};", "", "}  // namespace", "", "std::span<Asset const> all_assets() { return assets; }", "",
              "}  // namespace hoist::hosts", ""]
    out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
