#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums the JUnit files that the test runners leave in a folder: prints each
failure in full and, as the last line, `N passed, N failed, N skipped`.

A runner that failed (`NAME=STATUS` on the command line) although its file
shows no failed test, or has no file, counts as one failure; its log is shown.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """`(kind, text)` of one <testcase>."""
    for tag, kind in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return kind, "\n".join(filter(None, (found.get("message"), found.text, case.findtext("system-out"))))
    return "passed", ""


def read(path, counts):
    """Adds the cases of `path` to `counts`; returns how many failed."""
    failed = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        kind, text = outcome(case)
        counts[kind] += 1
        if kind == "failed":
            failed += 1
            print(f"FAILED {case.get('classname', path.stem)}: {case.get('name')}\n{text}\n")
    return failed


def main():
    results = pathlib.Path(sys.argv[1])
    status = dict(argument.split("=") for argument in sys.argv[2:])
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for runner in ("lit", "ctest", "pytest"):
        path = results / f"{runner}.xml"
        failed = read(path, counts) if path.exists() else 0
        if (runner in status and not failed) or not path.exists():
            counts["failed"] += 1
            print(f"FAILED {runner} ended with status {status.get(runner, '0 and no results')}")
            print((results / f"{runner}.log").read_text(errors="replace"))
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
