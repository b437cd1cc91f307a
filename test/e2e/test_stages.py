# SPDX-License-Identifier: Apache-2.0
"""Each stage's text, compiled again, ends in the same artifact."""
import pytest
from conftest import dlc, for_models

STAGES = ["graph", "kernels", "plan", "llvm", "asm"]
MODELS = ["digits", "lenet", "bert_encoder"]


@pytest.mark.parametrize("stage", STAGES)
@for_models(*MODELS)
def test_text_of_a_stage_gives_the_same_artifact(model, stage, tmp_path):
    text = tmp_path / "model.txt"
    dlc("compile", model.symbol, *model.flags, "--emit", stage, "-o", text)
    dlc("compile", text, "-o", tmp_path / "model.so")
    assert (tmp_path / "model.so").read_bytes() == model.artifact.read_bytes()


@pytest.mark.parametrize("stage", STAGES)
@for_models("digits")
def test_text_is_the_same_each_time(model, stage, tmp_path):
    for name in ("a", "b"):
        dlc("compile", model.symbol, *model.flags, "--emit", stage, "-o", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@for_models("digits")
def test_dump_dir_holds_every_stage(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "model.so", "--dump-dir", tmp_path / "dump")
    dumped = " ".join(path.name for path in (tmp_path / "dump").iterdir())
    assert all(stage in dumped for stage in STAGES)


@for_models("digits")
def test_text_shows_the_models_names(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--emit", "graph", "-o", tmp_path / "graph.mlir")
    text = (tmp_path / "graph.mlir").read_text()
    assert 'loc("' in text and '"softmax_output"' in text and '"data"' in text
