# SPDX-License-Identifier: Apache-2.0
"""The importer under any symbol and parameters: no crash, no five seconds of silence, no two gigabytes.

Runs the reference cases and what is kept in corpus/import, then changes them for a minute.
"""
import numpy as np
from conftest import DATA
from fuzz.fuzzer import fuzz


def make_seeds(folder):
    """A file for each reference case: the shapes of its inputs and its symbol."""
    for case in sorted((DATA / "ops").iterdir()):
        with np.load(case / "io.npz") as io:
            shapes = [f"{key.partition(':')[2]}={'x'.join(map(str, io[key].shape))}"
                      for key in io.files if key.startswith(("in:", "aux:"))]
        (folder / case.name).write_text(" ".join(shapes) + "\n" + (case / "model-symbol.json").read_text())
    legacy = DATA / "digits" / "legacy"
    for symbol in sorted(legacy.glob("*-symbol.json")):
        (folder / symbol.name).write_text("data=2x1x8x8\n" + symbol.read_text())


def make_dictionary(path):
    """The operators' names."""
    names = [line.split()[0] for line in (DATA / "mxnet-operators.txt").read_text().splitlines() if line.strip()]
    path.write_text("".join(f'"{name}"\n' for name in names if name[0] != "#"))


def test_importer_survives(tmp_path):
    (tmp_path / "seeds").mkdir()
    make_seeds(tmp_path / "seeds")
    make_dictionary(tmp_path / "names.dict")
    fuzz("FuzzImport", "import", tmp_path, 60, f"-dict={tmp_path / 'names.dict'}", "-max_len=20000")
