#!/usr/bin/env python3
"""Our own lints: layering, lengths, banned calls, tests outside every target.

usage: tidy.py [ROOT]   prints one line a finding, exits 1 if there is any.
"""
import re
import sys
from pathlib import Path

LINE_MAX = 110
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

# (pattern, where it is allowed, why it is banned elsewhere)
BANNED = [
    (r"\basio::detached\b|\bco_spawn\(", r"^src/base/async\.cpp$|^src/net/|_test\.cpp$",
     "roots are started by base/async.hpp spawn(), which owns their captures"),
    (r"system_clock::now", r"^src/base/time\.cpp$", "ask a Clock, so that tests can move it"),
    (r"\bsleep_for\b|\busleep\(|[^_]\bsleep\(",
     r"^src/base/async\.|^src/base/time|^src/bin/cli/|^tests/durability/|^bench/"
     r"|^src/events/concurrency_test\.cpp$",  # holds transactions open on purpose: that is what it tests
     "wait for a condition, not for time"),
    (r"\.detach\(\)", r"^$", "threads are joined"),
    (r"std::(mutex|lock_guard|scoped_lock|unique_lock|condition_variable)\b", r"^src/base/mutex\.hpp$|^bench/|^tests/durability/",
     "base/mutex.hpp has the ones that the compiler follows"),
    (r"\bstd::cout\b|\bprintf\(", r"^src/bin/|^tests/|^bench/|_test\.cpp$|^src/base/assert\.hpp$",
     "log through base/log.hpp"),
    (r"(?<!Scope::)(?<!Scope )\bsystem\(|\bpopen\(", r"^$", "no shell: start programs by argument list"),
    (r"\b(TODO|FIXME|XXX)\b", r"^$", "open an issue instead"),
]
CATCH_AWAIT = re.compile(r"catch\s*\([^)]*\)\s*\{[^{}]*co_await", re.S)
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"', re.M)


def sources(root):
    for top in ("src", "tests", "bench", "tools"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h", ".c") and "node_modules" not in path.parts:
                yield path


LIBRARY = re.compile(r"hoist_library\(\s*([\w/]+)(.*?)\)\s*$", re.S | re.M)
PROGRAM = re.compile(r"^add_executable\(", re.M)


def libraries(root):
    """Folder -> (its DEPS, its TEST_DEPS), read from the hoist_library() calls. A folder that holds only a
    program depends on what the program links."""
    listings = {listing.parent.relative_to(root / "src").as_posix(): re.sub(r"#.*", "", listing.read_text())
                for listing in sorted((root / "src").rglob("CMakeLists.txt"))}
    folders = {match.group(1): folder for folder, text in listings.items() for match in LIBRARY.finditer(text)}
    as_folders = lambda names: {folders.get(name, name.replace("adapters_", "adapters/")) for name in names}
    found = {}
    for folder, text in listings.items():
        for match in LIBRARY.finditer(text):
            body = match.group(2)
            deps = re.search(r"\bDEPS\b(.*?)(?=\b(?:SOURCES|LINK|TESTS|TEST_DEPS|DEPS)\b|$)", body, re.S)
            tests = re.search(r"\bTEST_DEPS\b(.*?)(?=\b(?:SOURCES|LINK|TESTS)\b|$)", body, re.S)
            found[folder] = (as_folders(deps.group(1).split() if deps else []),
                             as_folders(tests.group(1).split() if tests else []))
        if folder not in found and PROGRAM.search(text):
            found[folder] = (as_folders(re.findall(r"\bhoist::(\w+)", text)), set())
    return found


def is_test(path):
    """Tests and what only they include; these may use TEST_DEPS."""
    return path.stem in ("testing", "test_world") or path.stem.endswith(("_test", "_fixture", "_test_support"))


# What a folder may name in DEPS: the design's arrow, base <- model <- sql <- ports <- assembly <- { features, engines } <- hosts <- bin.
FEATURES = {"uploads", "processing", "tasks", "events", "tenants"}


def allowed_deps(folder, libs):
    low = {"base", "model"}
    if folder in ("base",): return set()
    if folder in ("model", "aws"): return {"base"}
    if folder in ("sql", "net"): return low
    if folder == "aws/client": return low | {"aws", "net"}
    if folder == "aws/function": return low | {"net"}
    if folder == "ports": return low | {"sql"}
    if folder == "assembly": return low | {"sql", "ports", "net"}
    if folder in FEATURES: return low | {"sql", "ports", "net", "aws", "assembly"}
    if folder == "s3api": return low | {"sql", "ports", "net", "aws"}
    if folder == "engines": return low | {"sql", "ports", "assembly"}
    if folder.startswith("engines/"):
        return low | {"sql", "ports", "assembly", "engines", "engines/files", "aws/client"} | {lib for lib in libs if lib.startswith("adapters/")}
    if folder.startswith("adapters/"): return low | {"sql", "ports", "net", "aws", "aws/client", "adapters/sql"}
    return None  # hosts and bin compose everything


def check_layers(root, findings):
    libs = libraries(root)
    reach = {}

    def closure(folder):
        if folder not in reach:
            reach[folder] = {folder}
            for dep in libs.get(folder, (set(), set()))[0]:
                reach[folder] |= closure(dep)
        return reach[folder]

    for folder, (deps, _) in libs.items():
        limit = allowed_deps(folder, libs)
        for dep in sorted(deps - limit) if limit is not None else []:
            findings.append(f"src/{folder}/CMakeLists.txt: {folder} may not depend on {dep}")
    for path in sources(root):
        relative = path.relative_to(root)
        if relative.parts[0] != "src":
            continue
        folder = owner(relative, libs)
        if folder is None:
            findings.append(f"{relative}: in no library")
            continue
        may_use = set(closure(folder))
        if is_test(path):
            for extra in libs[folder][1]:
                may_use |= closure(extra)
        text = path.read_text()
        for include in INCLUDE.findall(text):
            target = include_folder(include, libs)
            if target and target not in may_use:
                findings.append(f"{relative}: includes {include}, but {folder} does not depend on {target}")
            if "/detail/" in include and target != folder:
                findings.append(f"{relative}: {include} is for {target} alone")
        if re.search(r"#include <boost/beast", text) and folder != "net":
            findings.append(f"{relative}: Beast is included only in src/net")
        if re.search(r"#include <boost/beast", text) and path.suffix == ".hpp":
            findings.append(f"{relative}: Beast never appears in a header")


def owner(relative, libs):
    folder = relative.parent.relative_to("src")
    while folder.as_posix() != ".":
        if folder.as_posix() in libs:
            return folder.as_posix()
        folder = folder.parent
    return None


def include_folder(include, libs):
    folder = Path(include).parent
    while folder.as_posix() != ".":
        if folder.as_posix() in libs:
            return folder.as_posix()
        folder = folder.parent
    return None


def check_text(root, findings):
    for path in sources(root):
        relative = path.relative_to(root).as_posix()
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            findings.append(f"{relative}: {len(lines)} lines; split it (limit {FILE_LINES_MAX})")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX and "http" not in line and 'R"' not in line:
                findings.append(f"{relative}:{number}: {len(line)} columns (limit {LINE_MAX})")
            code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line.split("//")[0]) if "TODO" not in line else line
            for pattern, where, why in BANNED:
                if re.search(pattern, code) and not re.search(where, relative):
                    findings.append(f"{relative}:{number}: {line.strip()[:60]}: {why}")
        if CATCH_AWAIT.search(text):
            findings.append(f"{relative}: co_await inside catch")
        check_functions(relative, lines, findings)


def check_functions(relative, lines, findings):
    """A function body at namespace or class level: from a line ending in '{' to its '}'."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^(?!namespace|class|struct|enum|extern|union|TEST|constexpr|static|\}|//|#)\S.*\)[^;]*\{$", line):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start > FUNCTION_LINES_MAX:
                findings.append(f"{relative}:{start}: function of {number - start} lines (limit {FUNCTION_LINES_MAX})")
            start = None


def check_tests_are_built(root, findings):
    listed = [p for top in ("src", "tests", "bench", "tools") for p in (root / top).rglob("CMakeLists.txt")
              if "node_modules" not in p.parts]
    listings = "\n".join(p.read_text() for p in listed + sorted((root / "cmake").glob("*.cmake")))
    for path in sources(root):
        if path.suffix == ".cpp" and not re.search(rf"\b{re.escape(path.name)}\b", listings):
            findings.append(f"{path.relative_to(root)}: in no target")


def check_folders_are_described(root, findings):
    page = root / "ARCHITECTURE.md"
    text = page.read_text() if page.exists() else ""
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if f"src/{folder.name}" not in text:
            findings.append(f"src/{folder.name}: not described in ARCHITECTURE.md")


LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
SENTENCE = re.compile(r"[A-Z][^\n]* [^\n]*\.$")
# What users of uploads read is said here; what only an operator or a programmer reads is not.
SPOKEN = ("src/uploads/*.cpp", "src/processing/pipeline.cpp", "src/adapters/vips/slugs.cpp", "src/tasks/rows.cpp",
          "src/tasks/service.cpp", "src/tasks/routes.cpp", "src/events/routes*.cpp", "src/events/export.cpp",
          "src/events/checkpoints.cpp", "src/dead_letters/*.cpp", "src/tenants/api_keys.cpp", "src/tenants/service.cpp",
          "src/tenants/authenticator.cpp", "src/tenants/tenant_table.cpp", "src/tenants/access_gate.cpp",
          "src/adapters/sql/idempotency.cpp", "src/adapters/sql/event_index.cpp", "src/net/message.cpp",
          "src/net/refused_batch.cpp", "src/net/body_budget.cpp", "src/base/json.cpp")
UNSPOKEN = re.compile(r"is charged|The count of|An upload is in an unknown state|The note beside|is not being processed"
                      r"|A message must be|Another worker has|The stored file has another|The stored file is not what"
                      r"|The token has ended|The upload has moved on")


def literals(text):
    for match in LITERALS.finditer(re.sub(r"//[^\n]*", "", text)):
        yield "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', match.group()))


def check_sentences(root, findings):
    """Every sentence for users has its row in the table of languages."""
    form = lambda text: re.sub(r"\{[^}]*\}", "{}", text)
    table = root / "src/model/sentences.cpp"
    known = {form(text) for text in literals(table.read_text())} if table.exists() else set()
    for pattern in SPOKEN:
        for path in sorted(root.glob(pattern)):
            if is_test(path):
                continue
            for text in literals(path.read_text()):
                if SENTENCE.match(text) and form(text) not in known and not UNSPOKEN.search(text):
                    findings.append(f"{path.relative_to(root)}: not in model/sentences.cpp: {text}")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    findings = []
    for check in (check_layers, check_text, check_tests_are_built, check_folders_are_described,
                  check_sentences):
        check(root, findings)
    print("\n".join(findings + [f"tidy: {len(findings)} finding(s) in {sum(1 for _ in sources(root))} files"]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
