# SPDX-License-Identifier: Apache-2.0
"""The importer under any symbol and parameters: no crash, no five seconds of silence, no two gigabytes.

Runs the reference cases and what is kept in corpus/import, then changes them for a minute.
"""
import numpy as np
from conftest import DATA
from e2e import params
from fuzz.fuzzer import fuzz

MAX_LENGTH = 20000


def load_inputs(case):
    """The values of a reference case's inputs by the names that a container has for them."""
    with np.load(case / "io.npz") as io:
        return {key.replace("in:", "arg:", 1): io[key] for key in io.files if key.startswith(("in:", "aux:"))}


def make_seed(case, inputs, weights=b""):
    """A model as the fuzzer takes it: the shapes of inputs, the symbol of a reference case and a container."""
    shapes = (f"{name.partition(':')[2]}={'x'.join(map(str, values.shape))}" for name, values in inputs.items())
    symbol = (case / "model-symbol.json").read_bytes()
    return " ".join(shapes).encode() + b"\n" + symbol + (b"\0" + weights if weights else b"")


def make_seeds(folder):
    """Each reference case with shapes for its inputs, and with values for all but the first; those in every format."""
    written = 0
    for case in sorted((DATA / "ops").iterdir()):
        inputs = load_inputs(case)
        (folder / case.name).write_bytes(make_seed(case, inputs))
        first, *others = inputs or [""]
        values = {name if written & 4 else name.partition(":")[2]: inputs[name] for name in others}
        seed = make_seed(case, {first: inputs[first]}, params.pack(values, version=written % 4)) if values else b""
        if 0 < len(seed) <= MAX_LENGTH:
            (folder / f"{case.name}.params").write_bytes(seed)
            written += 1
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
    fuzz("FuzzImport", "import", tmp_path, 60, f"-dict={tmp_path / 'names.dict'}", f"-max_len={MAX_LENGTH}")
