#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the tests themselves: a pass's lit tests must fail when it does nothing.

  mutate.py LIT BUILD_TEST_DIR SOURCE_DIR [PASS...]   checks each pass (default: all)
  mutate.py --opt PASS ARGS...                        dlc-opt without that pass, for lit

The tests of a pass are the .mlir files under test/ whose name is the pass's
flag, or that flag and a suffix.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def without(flag, arguments):
    """dlc-opt's `arguments` without the pass `flag`, alone or in a pipeline's text."""
    alone = re.compile(rf"--?{re.escape(flag)}(=.*)?$")
    return [shorter(argument, flag) if re.match("--?pass-pipeline=", argument) else argument
            for argument in arguments if not alone.match(argument)]


def shorter(pipeline, flag):
    """The text of `pipeline` without `flag` and without the nests that it leaves empty."""
    step = re.compile(rf"(?<=[(,])(?:{re.escape(flag)}(?:\{{[^}}]*\}})?|[\w.]+\(\))(?:,|(?=\)))")
    while (text := re.sub(r",\)", ")", step.sub("", pipeline))) != pipeline:
        pipeline = text
    return pipeline


def run_opt(flag, arguments):
    os.execvp("dlc-opt", ["dlc-opt", *without(flag, arguments)])


def declared_passes(source):
    """The flags of all passes in the Passes.td files."""
    for path in sorted(source.glob("*/*/Passes.td")):
        yield from re.findall(r'Pass<\s*"([^"]+)"', path.read_text())


def tests_of(flag, passes, tests):
    """Those of the files `tests` whose longest matching flag is `flag`."""
    def owner(path):
        return max((p for p in passes if path.stem == p or path.stem.startswith(p + "-")), key=len, default=None)
    return [path for path in tests if owner(path) == flag]


def survivors(lit, build, source, flag, files):
    """The tests that pass although `flag` does nothing."""
    paths = [str(build / path.relative_to(source / "test")) for path in files]
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run([sys.executable, lit, "-q", "--param", f"mutate={flag}", "-o", report.name, *paths],
                       stdout=subprocess.DEVNULL, check=False)
        return [test["name"] for test in json.load(report)["tests"] if test["code"] == "PASS"]


def check(lit, build, source, wanted):
    passes = list(declared_passes(source))
    unknown = [flag for flag in wanted if flag not in passes]
    if unknown:
        sys.exit(f"mutate: no such pass: {', '.join(unknown)}")
    tests = sorted((source / "test").glob("**/*.mlir"))
    passed = failed = 0
    for flag in wanted or passes:
        files = tests_of(flag, passes, tests)
        if not files:
            failed += 1
            print(f"FAILED {flag}: has no test in test/")
            continue
        useless = survivors(lit, build, source, flag, files)
        for name in useless:
            print(f"FAILED {name}: passes although {flag} does nothing")
        failed += len(useless)
        passed += len(files) - len(useless)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--opt"]:
        run_opt(sys.argv[2], sys.argv[3:])
    else:
        lit, build, source, *wanted = sys.argv[1:]
        check(lit, pathlib.Path(build), pathlib.Path(source), wanted)
