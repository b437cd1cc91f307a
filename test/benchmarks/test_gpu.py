# SPDX-License-Identifier: Apache-2.0
"""What `./dev bench gpu` predicts, and that it runs."""
import dataclasses
import json
import re
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT, dlc, for_models

GPU = ROOT / "benchmarks" / "gpu"
sys.path.insert(0, str(GPU))
import device  # noqa: E402
import estimate  # noqa: E402
from chips import CHIPS  # noqa: E402

A100, H100 = CHIPS["a100"], CHIPS["h100"]
NOTHING = dict.fromkeys(["instructions", "move", "floating", "half", "double", "integer", "convert", "special",
                         "matrixFlops", "sharedWavefronts", "globalLoadSectors", "globalStoreSectors", "asyncLoadSectors", "barriers"], 0)


def launch(blocks=108, threads=256, flops=0, size=0, **counts):
    """Of equal blocks, each with a thousand instructions unless given."""
    counts.setdefault("instructions", 1000 * blocks)
    counts.setdefault("largestBlock", counts["instructions"] / blocks)
    shape = {key: counts.pop(key) for key in ("types", "registers", "dynamic_shared") if key in counts}
    return estimate.Launch("kernel", blocks, threads, shape.pop("dynamic_shared", 0), flops, size,
                           [{**NOTHING, **counts}], **shape)


def terms(one):
    return estimate.terms(A100, one, *one.phases)


def test_chips_are_those_of_the_compiler():
    table = (ROOT / "codegen" / "nvptx" / "Targets.def").read_text()
    rows = [list(map(int, row.split(", "))) for row in re.findall(r"^GPU\((\d.*)\)", table, flags=re.M)]
    for chip in CHIPS.values():
        assert [chip.sm, chip.multiprocessors, chip.block_shared_kib, chip.shared_kib, chip.blocks, chip.threads,
                32 * chip.fp32, int(chip.mma["tf32"])] in [row[:8] for row in rows]


@pytest.mark.parametrize("name, kind, tflops", [
    ("a100", "tf32", 156), ("a100", "f16", 312), ("a100", "s8", 624), ("h100", "f16", 989.4 * 2 / 3 * 1.79 / 1.83)])
def test_rates_are_those_of_the_data_sheets(name, kind, tflops):
    chip = CHIPS[name]
    assert chip.mma[kind] * 2 * chip.multiprocessors * chip.ghz / 1e3 == pytest.approx(tflops, rel=0.01)


def test_a_sample_stands_for_its_launch():
    scaled = estimate.scaled({"kernel": "k", "grid": [10, 2, 1], "blocks": 5, "integer": 100, "largestBlock": 30})
    assert scaled == {"blocks": 20, "integer": 400, "largestBlock": 30}


def test_types_of_mma():
    text = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {}; mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {}"
    assert estimate.mma_types(text) == ("f16", "tf32")
    assert estimate.mma_types("fma.rn.f32 %f1, %f2, %f3, %f4;") == ()


@pytest.mark.parametrize("registers, shared, threads, blocks, limit", [
    (32, 0, 256, 8, "threads"), (64, 0, 256, 4, "registers"), (65, 0, 256, 3, "registers"),
    (255, 0, 128, 2, "registers"),
    (32, 64 << 10, 256, 2, "shared memory"), (32, (40 << 10) - 128, 256, 4, "shared memory"),
    (32, (40 << 10) - 1, 256, 4, "shared memory"), (32, 40 << 10, 256, 4, "shared memory"),
    (32, (40 << 10) + 1, 256, 3, "shared memory"), (32, 0, 32, 32, "blocks")])
def test_blocks_of_a_multiprocessor(registers, shared, threads, blocks, limit):
    one = launch(threads=threads, registers=registers, dynamic_shared=shared)
    assert estimate.resident_blocks(A100, one) == (blocks, limit)


def test_occupancy_is_a_share_of_the_warps():
    assert estimate.occupancy(A100, launch(registers=64)) == (0.5, "registers")


def test_time_is_that_of_the_busiest_resource():
    # 108 multiprocessors, each 2 warp instructions of float32 in a clock of 1 / 1.41 ns.
    one = launch(floating=108 * 2 * 1410, instructions=108 * 2 * 1410, size=2039 * 500)
    found = estimate.estimate(A100, one)
    assert found.terms["float"] == pytest.approx(1) and found.terms["issue"] == pytest.approx(0.5)
    assert found.terms["DRAM"] == pytest.approx(0.5) and found.bound == "float" and found.us == pytest.approx(1)


def test_phases_follow_each_other():
    # A microsecond of float32, then half of one of L2.
    first, second = launch(floating=108 * 2 * 1410), launch(globalLoadSectors=108 * 1410)
    both = dataclasses.replace(first, phases=first.phases + second.phases)
    found = [estimate.estimate(A100, one).us for one in (first, second, both)]
    assert found[1] > 0.1 and found[2] == pytest.approx(found[0] + found[1])


def test_work_that_does_not_divide_waits_for_the_last_block():
    whole = terms(launch(108, integer=1.08e6))["integer"]
    more = terms(launch(109, integer=1.09e6))["integer"]
    assert more == pytest.approx(2 * whole)


def test_small_blocks_find_room_beside_large_ones():
    """100 blocks with all the work, and 900 with a thousandth of it."""
    mixed = launch(1000, instructions=100e3 + 900, largestBlock=1000, integer=1.08e6)
    alone = launch(100, integer=1.08e6)
    assert terms(mixed)["integer"] == pytest.approx(terms(alone)["integer"], rel=0.02)


def test_few_warps_leave_schedulers_idle():
    few, many = launch(threads=64, floating=1e6), launch(threads=128, floating=1e6)
    assert terms(few)["float"] == pytest.approx(2 * terms(many)["float"])


def test_conflicts_cost_time():
    one, two = launch(sharedWavefronts=1e6), launch(sharedWavefronts=2e6)
    assert terms(two)["L1"] == pytest.approx(2 * terms(one)["L1"])


def test_copies_to_shared_memory_pass_once():
    loads = launch(globalLoadSectors=4e6, sharedWavefronts=1e6)
    copies = launch(globalLoadSectors=4e6, sharedWavefronts=1e6, asyncLoadSectors=4e6)
    assert terms(loads)["L1"] == pytest.approx(2 * terms(copies)["L1"])
    assert terms(loads)["L2"] == terms(copies)["L2"]


def test_other_blocks_work_while_one_waits():
    alone = launch(216, registers=255, threads=256, barriers=216 * 8 * 100)
    together = launch(216, registers=64, threads=256, barriers=216 * 8 * 100)
    assert terms(alone)["barrier"] == pytest.approx(2 * terms(together)["barrier"])


def test_roofline_is_of_what_computes():
    flops = 2 * 108 * 512 * 1410
    assert estimate.roofline(A100, launch(flops=flops, types=("tf32",))) == (pytest.approx(1), "tensor")
    assert estimate.roofline(A100, launch(flops=flops)) == (pytest.approx(8), "float")
    assert estimate.roofline(A100, launch(flops=flops, size=2039 * 20000)) == (pytest.approx(20), "DRAM")


def test_three_products_make_up_one():
    flops = 2 * 108 * 512 * 1410
    one = dataclasses.replace(launch(flops=flops, matrixFlops=3 * flops, types=("tf32",)), products=3)
    assert estimate.roofline(A100, one) == (pytest.approx(3), "tensor")
    assert estimate.estimate(A100, one).ratio == pytest.approx(1)


def test_memory_is_read_again_where_l2_is_too_small():
    sectors = 4 * 2039e3 / 32  # four microseconds
    fits = launch(size=19 << 20, globalLoadSectors=1e3 * sectors)
    assert estimate.most_dram(A100, fits) == pytest.approx((19 << 20) / 2039e3)
    assert estimate.most_dram(A100, dataclasses.replace(fits, bytes=21 << 20)) == pytest.approx(4000)


def test_a_kernel_at_its_roofline():
    one = launch(flops=2 * 108 * 512 * 1410, matrixFlops=2 * 108 * 512 * 1410, types=("tf32",))
    assert estimate.estimate(A100, one).ratio == pytest.approx(1)
    slow = dataclasses.replace(one, phases=[{**one.phases[0], "sharedWavefronts": 108 * 2820}])
    assert estimate.estimate(A100, slow).ratio == pytest.approx(0.5)


def bench(*arguments, status=0):
    run = subprocess.run([sys.executable, GPU / "gpu.py", *map(str, arguments)], text=True, capture_output=True,
                         check=False, timeout=300)
    assert run.returncode == status, run.stderr
    return run


@for_models("mlp")
def test_kernels_of_a_model(model, tmp_path):
    text = bench(model.name, "--no-device", "--json", tmp_path / "all.json", "--sample", 0).stdout
    bench(model.name, "--no-device", "--json", tmp_path / "some.json", "--chip", "a100")
    whole, sample = (json.loads((tmp_path / name).read_text())[0]["kernels"] for name in ("all.json", "some.json"))
    assert [one["launch"]["kernel"] for one in whole] == ["dense_0", "dense_1", "dense_2", "softmax_0"]
    assert [one["launch"]["is_contraction"] for one in whole] == [True, True, True, False]
    for one in whole:
        name = one["launch"]["kernel"]
        assert re.search(rf"^\| {name} ", text, flags=re.M)
        assert one["us"] >= max(one["terms"].values()) >= one["roof_us"] > 0
        assert one["launch"]["registers"] and 0 < one["occupancy"] <= 1
    # Each product once, and its sums.
    dense = whole[0]["launch"]
    assert estimate.total(dense["phases"])["floating"] * 32 >= dense["flops"] / 2
    for one, other in zip(whole, sample):
        counts = [estimate.total(each["launch"]["phases"]) for each in (one, other)]
        instructions = [each["instructions"] / each["warps"] for each in counts]
        assert instructions[1] == pytest.approx(instructions[0], rel=0.5)
    assert "contractions: " in text


@for_models("mlp")
def test_an_artifact(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "own.so")
    assert "| dense_0 " in bench(tmp_path / "own.so", "--no-device").stdout
    assert "holds no PTX" in bench(model.artifact, status=1).stderr
    assert "gpu: nothing: 'nothing' is no artifact" in bench("nothing", status=1).stderr


def test_the_device_is_asked():
    assert device.capability(device.emulated(DLC_EMULATOR_SM=80)) == 80
    assert device.capability(device.emulated(DLC_EMULATOR_DEVICES=0)) is None


@for_models("lstm_lm")
def test_times_of_a_device(model, tmp_path):
    """Of the emulated one, whose times say nothing: each kernel has one."""
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "model.so")
    kernels = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)["kernels"]
    times = device.times(BUILD / "bin" / "dlc", tmp_path / "model.so", tmp_path / "trace.json",
                         device.emulated(DLC_EMULATOR_SAMPLE=1))
    assert set(times) == {kernel["name"] for kernel in kernels}
    assert all(time > 0 for time in times.values())
