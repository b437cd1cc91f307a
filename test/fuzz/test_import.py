# SPDX-License-Identifier: Apache-2.0
"""The importer under any symbol and parameters: no crash, no five seconds of silence, no two gigabytes.

Runs the reference cases and what is kept in corpus/import. DLC_FUZZ_SECONDS lets it look for more, for that long.
"""
import os
import subprocess

import numpy as np
from conftest import BUILD, DATA, ROOT

SECONDS = int(os.environ.get("DLC_FUZZ_SECONDS", "0"))
FUZZER = BUILD / "test" / "fuzz" / "FuzzImport"


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
    seeds, found = tmp_path / "seeds", tmp_path / "found"
    seeds.mkdir(), found.mkdir()
    make_seeds(seeds)
    make_dictionary(tmp_path / "names.dict")
    kept = ROOT / "test" / "fuzz" / "corpus" / "import"
    # MLIR's own containers are not instrumented.
    environment = {**os.environ, "ASAN_OPTIONS": "detect_container_overflow=0"}
    limit = f"-max_total_time={SECONDS}" if SECONDS else "-runs=0"
    run = subprocess.run([FUZZER, found, seeds, kept, f"-dict={tmp_path / 'names.dict'}", limit,
                          "-timeout=5", "-rss_limit_mb=2048", "-max_len=20000", "-seed=1", f"-artifact_prefix={tmp_path}/"],
                         capture_output=True, text=True, errors="replace", env=environment, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    assert "DONE" in run.stderr
