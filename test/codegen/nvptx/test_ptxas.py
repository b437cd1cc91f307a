# SPDX-License-Identifier: Apache-2.0
"""The PTX of every model, as ptxas takes it for each chip: nothing is refused, and contractions stay in registers."""
import json
import re
import sys

import pytest
from conftest import BUILD, ROOT, Model, dlc, for_models

sys.path.insert(0, str(ROOT / "benchmarks" / "gpu"))
import estimate  # noqa: E402 (the benchmark knows chips too)
import ptxas  # noqa: E402
from chips import CHIPS  # noqa: E402

SMS = [80, 90, 100]


def emit(model, stage, *flags):
    return dlc("compile", model.symbol, *model.flags, "--target", "cuda", *flags, "--emit", stage, "-o", "-").stdout


def check(text, names, sm):
    usages = ptxas.assemble(ptxas.find(BUILD), text, sm)
    assert set(usages) == set(ptxas.entries(text))
    assert names <= set(usages)
    assert all(usage.registers for usage in usages.values())
    spilling = {name: usages[name] for name in names if usages[name].spill_bytes or usages[name].stack_bytes}
    assert not spilling, f"sm_{sm}: {spilling}"


@for_models("digits", *Model.NAMES)
def test_contractions_do_not_spill(model):
    names = ptxas.contractions(emit(model, "kernels"))
    assert names
    text = emit(model, "ptx")
    for sm in SMS:
        check(text, names, sm)


def uses_tensor_cores(part):
    """Whether the text of a kernel multiplies matrices of f32 and enough rows to fill their tiles."""
    loops = re.search(r"contract batch \[([\d, ]*)\] m (\d+)", part)
    rows = int(loops[2]) if loops else 0
    return rows >= 8 and not re.search(r"^ *: .*xf(16|64)>|^ *: .*xi\d", part, flags=re.M)


@pytest.mark.parametrize("precision, types", [("float32", ("tf32",)), ("bfloat16", ("bf16",))])
@for_models("resnet50_v1", "bert_encoder", "unet")
def test_contractions_use_tensor_cores(model, precision, types):
    parts = re.split(r"^ *kernel\.func @", emit(model, "kernels"), flags=re.M)[1:]
    names = {re.match(r"\w+", part)[0] for part in parts if uses_tensor_cores(part)}
    assert len(names) >= 4
    bodies = ptxas.entries(emit(model, "ptx", "--precision", precision))
    assert {name: estimate.mma_types(bodies[name]) for name in names} == dict.fromkeys(names, types)


@pytest.mark.parametrize("sm", SMS[1:])
@for_models("lenet", "bert_encoder", "resnet18_v1")
def test_code_for_one_chip(model, sm):
    """Tiles are chosen for the chip, so other kernels may come of it."""
    text = emit(model, "ptx", "--sm", sm)
    assert f".target sm_{sm}" in text
    check(text, ptxas.contractions(emit(model, "kernels")), sm)


@for_models("mlp")
def test_machine_code_for_each_chip(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "--sm", ",".join(map(str, SMS)),
        "-o", tmp_path / "model.so")
    images = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)["cuda_images"]
    assert [(image["kind"], image["sm"]) for image in images] == [("cubin", 100), ("cubin", 90), ("cubin", 80),
                                                                   ("ptx", 80)]


@for_models("lenet")
def test_occupancy_is_told(model, tmp_path):
    """The benchmark's model of a multiprocessor is another one than the compiler's."""
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "--sm", ",".join(map(str, SMS)),
        "-o", tmp_path / "model.so")
    text = emit(model, "ptx")
    usages = {sm: ptxas.assemble(ptxas.find(BUILD), text, sm) for sm in SMS}
    kernels = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)["kernels"]
    listing = dlc("inspect", tmp_path / "model.so", "--kernels").stdout
    for kernel in kernels:
        launch = kernel["cuda"]
        assert [told["sm"] for told in launch["occupancy"]] == SMS[::-1]
        for told in launch["occupancy"]:
            chip = next(chip for chip in CHIPS.values() if chip.sm == told["sm"])
            usage = usages[chip.sm][kernel["name"]]
            one = estimate.Launch(kernel["name"], launch["blocks"], launch["threads"], launch["shared_bytes"], 0, 0, [],
                                  registers=usage.registers, static_shared=usage.shared_bytes)
            assert told["registers"] == usage.registers and told["spill_bytes"] == usage.spill_bytes
            assert told["resident_blocks"] == estimate.resident_blocks(chip, one)[0]
            assert told["warps"] == pytest.approx(estimate.occupancy(chip, one)[0])
            assert re.search(rf"^{kernel['name']} .* sm_{chip.sm} +{100 * told['warps']:.0f} %", listing, flags=re.M)


LOG = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'dense_0' for 'sm_90'
ptxas info    : Function properties for dense_0
    96 bytes stack frame, 88 bytes spill stores, 92 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 96 bytes cumulative stack size, 512 bytes smem
ptxas info    : Compiling entry function 'copy_0' for 'sm_90'
ptxas info    : Function properties for copy_0
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 16 registers, used 0 barriers
"""


def test_spills_are_seen():
    assert ptxas.parse(LOG) == {"dense_0": ptxas.Usage(255, 96, 180, 512), "copy_0": ptxas.Usage(16, 0, 0, 0)}
