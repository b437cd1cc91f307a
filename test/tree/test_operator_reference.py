# SPDX-License-Identifier: Apache-2.0
"""docs/mxnet.md says what the importer's table says, and MXNet has no operator of which nothing is known."""
import re
import subprocess

from conftest import BUILD, DATA, ROOT

PROGRAM = BUILD / "bin" / "operator-reference"


def test_reference_is_up_to_date():
    text = subprocess.run([PROGRAM], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "mxnet.md").read_text() == text, "run ./dev docs"


def test_every_operator_is_imported_or_refused_with_a_reason():
    run = subprocess.run([PROGRAM, DATA / "mxnet-operators.txt"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    imported, total = map(int, re.search(r"(\d+) of (\d+) operators", run.stdout).groups())
    assert imported >= 0.9 * total
