# SPDX-License-Identifier: Apache-2.0
"""The script that sums the suites counts each case once and never calls a broken run good."""
import subprocess
import sys

import pytest
from conftest import ROOT

LIT = """<testsuites><testsuite name="dlc"><testcase classname="a" name="x"/>
<testcase classname="a" name="y"><failure>expected CHECK</failure></testcase>
<testcase classname="a" name="z"><skipped message="missing feature"/></testcase></testsuite></testsuites>"""
GOOD = '<testsuite><testcase name="x" status="run"/></testsuite>'


def summarise(folder, *status, **files):
    for name, text in files.items():
        (folder / f"{name}.xml").write_text(text)
    for name in ("lit", "ctest", "pytest"):
        (folder / f"{name}.log").write_text(f"log of {name}")
    run = subprocess.run([sys.executable, ROOT / "test" / "summary.py", folder, *status],
                         capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


@pytest.mark.parametrize("status, files, last, code", [
    ((), {"lit": GOOD, "ctest": GOOD, "pytest": GOOD}, "3 passed, 0 failed, 0 skipped", 0),
    (("lit=1",), {"lit": LIT, "ctest": GOOD, "pytest": GOOD}, "3 passed, 1 failed, 1 skipped", 1),
    (("ctest=8",), {"lit": GOOD, "ctest": GOOD, "pytest": GOOD}, "3 passed, 1 failed, 0 skipped", 1),
    (("pytest=4",), {"lit": GOOD, "ctest": GOOD}, "2 passed, 1 failed, 0 skipped", 1),
])
def test_sum(tmp_path, status, files, last, code):
    returned, output = summarise(tmp_path, *status, **files)
    assert (output.splitlines()[-1], returned) == (last, code)


def test_failures_are_shown_in_full(tmp_path):
    assert "expected CHECK" in summarise(tmp_path, "lit=1", lit=LIT, ctest=GOOD, pytest=GOOD)[1]
