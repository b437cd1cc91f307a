# SPDX-License-Identifier: Apache-2.0
"""Each stage's text, compiled again, ends in the same artifact."""
import pytest
from conftest import dlc, for_models, model_named

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


@for_models("digits")
def test_every_dumped_stage_gives_the_same_artifact(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "model.so", "--dump-dir", tmp_path / "dump")
    texts = [path for path in (tmp_path / "dump").iterdir() if path.suffix != ".safetensors"]
    assert len(texts) == len(STAGES)
    for text in texts:
        dlc("compile", text, "-o", tmp_path / "again.so")
        assert (tmp_path / "again.so").read_bytes() == model.artifact.read_bytes()


@pytest.mark.parametrize("stage", ["graph", "plan"])
@for_models("digits")
def test_name_travels_with_the_text(model, stage, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--name", "mine", "-o", tmp_path / "model.so")
    dlc("compile", model.symbol, *model.flags, "--name", "mine", "--emit", stage, "-o", tmp_path / "model.mlir")
    dlc("compile", tmp_path / "model.mlir", "-o", tmp_path / "again.so")
    assert (tmp_path / "again.so").read_bytes() == (tmp_path / "model.so").read_bytes()


@for_models("digits")
def test_assembly_holds_the_embedded_test(model, tmp_path):
    flags = [*model.flags, "--embed-test", model.io]
    dlc("compile", model.symbol, *flags, "-o", tmp_path / "model.so")
    dlc("compile", model.symbol, *flags, "--emit", "asm", "-o", tmp_path / "model.s")
    dlc("compile", tmp_path / "model.s", "-o", tmp_path / "again.so")
    assert (tmp_path / "again.so").read_bytes() == (tmp_path / "model.so").read_bytes()
    dlc("verify", tmp_path / "again.so")


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("stage", STAGES)
@for_models("digits")
def test_cut_text_is_refused(model, stage, part, tmp_path):
    text = tmp_path / "model.txt"
    dlc("compile", model.symbol, *model.flags, "--emit", stage, "-o", text)
    text.write_bytes(text.read_bytes()[:int(part * text.stat().st_size)])
    assert "model.txt" in dlc("compile", text, "-o", tmp_path / "model.so", status=3).stderr
    assert not (tmp_path / "model.so").exists()


@pytest.mark.parametrize("stage", STAGES)
@for_models("digits")
def test_weights_that_do_not_fit_are_refused(model, stage, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--emit", stage, "-o", tmp_path / "model.txt")
    dlc("compile", model_named("mlp").symbol, *model_named("mlp").flags, "--emit", "graph", "-o", tmp_path / "other.txt")
    for flags in (["--params", tmp_path / "other.safetensors"], []):
        assert "DLC0702" in dlc("compile", tmp_path / "model.txt", *flags, "-o", tmp_path / "model.so", status=3).stderr
        (tmp_path / "model.safetensors").unlink(missing_ok=True)


@pytest.mark.parametrize("text", [
    "module {}", "func.func @other() { return }", "func.func private @main()", "# dlc assembly: x\n# dlc end\n",
    "func.func @main(%x: i32) -> i32 { return %x : i32 }", "module attributes {device.targets = []} {}"])
def test_text_without_a_model_is_refused(text, tmp_path):
    (tmp_path / "model.mlir").write_text(text)
    assert "DLC0701" in dlc("compile", tmp_path / "model.mlir", "-o", tmp_path / "model.so", status=3).stderr


@for_models("digits")
def test_stages_only_go_forward(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--emit", "plan", "-o", tmp_path / "model.mlir")
    message = dlc("compile", tmp_path / "model.mlir", "--emit", "graph", "-o", tmp_path / "x.mlir", status=3).stderr
    assert "'plan'" in message and "'graph'" in message


@pytest.mark.parametrize("stage", ["llvm", "asm"])
@for_models("digits")
def test_targets_of_generated_code_stay(model, stage, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--emit", stage, "-o", tmp_path / "model.txt")
    run = dlc("compile", tmp_path / "model.txt", "--cpu", "x86-64-v3", "-o", tmp_path / "model.so", status=3)
    assert "--cpu" in run.stderr and not (tmp_path / "model.so").exists()


@for_models("digits")
def test_edited_text_that_a_pass_cannot_lower_is_refused(model, tmp_path):
    text = tmp_path / "model.mlir"
    dlc("compile", model.symbol, *model.flags, "--emit", "kernels", "-o", text)
    edited = text.read_text().replace("affine_map<(d0, d1) -> (d0, d1)>", "affine_map<(d0, d1) -> (d0, d1 mod 7)>")
    assert edited != text.read_text()
    text.write_text(edited)
    message = dlc("compile", text, "-o", tmp_path / "model.so", status=3).stderr
    assert "DLC0701" in message and "linear in k" in message
    lines = message.splitlines()
    assert len(lines) == len(set(lines))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mlir", ".safetensors"]


@for_models("digits")
def test_memory_limit_counts_arena_and_weights(model, tmp_path):
    need = model.facts["arena_bytes"] + model.facts["weights_bytes"]
    flags = [*model.flags, "-o", tmp_path / "model.so"]
    dlc("compile", model.symbol, *flags, "--memory-limit", str(need))
    message = dlc("compile", model.symbol, *flags, "--memory-limit", str(need - 1), status=3).stderr
    assert "DLC0407" in message and "largest tensor" in message
