# SPDX-License-Identifier: Apache-2.0
"""`dlc verify --bisect`: the reference interpreter agrees with MXNet, and every pass and artifact with it.

What it says of a broken pass is tested where passes can be broken, in test/compiler/bisect.
"""
import pathlib

import numpy as np
import pytest
from conftest import DATA, dlc, for_models

CASES = sorted(path.name for path in (DATA / "ops").iterdir())


@pytest.mark.parametrize("first", range(0, len(CASES), 12))
def test_interpreter_knows_every_operator(first):
    for name in CASES[first:first + 12]:
        case = DATA / "ops" / name
        run = dlc("verify", "--bisect", case / "model-symbol.json", "--io", case / "io.npz")
        assert "the archive" in run.stdout and "nothing is wrong" in run.stdout, f"{name}\n{run.stdout}"


@for_models("digits", "residual_v2", "lstm_lm", "bert_encoder", "detector")
def test_models_are_right_at_every_step(model):
    run = dlc("verify", "--bisect", model.symbol, "--params", model.params, "--io", model.io, "--rtol", "1e-3")
    lines = run.stdout.splitlines()
    assert {line.split()[1] for line in lines[:-1]} == {"the", "-O0", "-O3"}
    assert lines[-1] == "nothing is wrong: every pass keeps the model's values"


@for_models("digits")
def test_wrong_archive(model, tmp_path):
    with np.load(model.io) as io:
        arrays = dict(io)
    arrays["out:softmax_output"] = arrays["out:softmax_output"][:, ::-1]
    np.savez(tmp_path / "io.npz", **arrays)
    run = dlc("verify", "--bisect", model.symbol, "--params", model.params, "--io", tmp_path / "io.npz", status=1)
    assert run.stdout.startswith("DIFFER  the archive")
    assert "wrong since the import, or the archive" in run.stdout


@for_models("digits")
def test_bad_input(model, tmp_path):
    flags = ["verify", "--bisect", model.symbol, "--params", model.params]
    assert "needs values" in dlc(*flags, status=3).stderr
    np.savez(tmp_path / "io.npz", **{"in:other": np.zeros(3, np.float32)})
    assert "other" in dlc(*flags, "--io", tmp_path / "io.npz", status=3).stderr
    cut = tmp_path / "cut.npz"
    cut.write_bytes(pathlib.Path(model.io).read_bytes()[:1000])
    assert str(cut) in dlc(*flags, "--io", cut, status=3).stderr
    assert "--bisect" in dlc("verify", model.symbol, "--params", model.params, status=2).stderr
