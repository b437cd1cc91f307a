# SPDX-License-Identifier: Apache-2.0
"""Branches of models that run beside each other on CUDA devices: the answers are the CPU's, whatever the order in which the
emulated device runs what doesn't wait."""
import json
import re

import pytest
from conftest import Symbol, dlc, for_models, on_device, run_host


def convolution(s, name, x, filters, kernel):
    conv = s("Convolution", name, x, s("null", f"{name}_w"), no_bias=True, num_filter=filters, kernel=(kernel, kernel),
             pad=(kernel // 2, kernel // 2))
    return s("relu", f"{name}_relu", conv)


def inception(s, x):
    """Four branches joined, twice."""
    for m in "ab":
        pool = s("Pooling", f"{m}pool", x, kernel=(3, 3), pad=(1, 1), pool_type="max")
        branches = [convolution(s, f"{m}1", x, 24, 1), convolution(s, f"{m}3", convolution(s, f"{m}3r", x, 16, 1), 24, 3),
                    convolution(s, f"{m}5", convolution(s, f"{m}5r", x, 16, 1), 16, 5), convolution(s, f"{m}p", pool, 16, 1)]
        x = s("Concat", f"{m}join", *branches, num_args=4, dim=1)
    return [s("softmax", "p", s("mean", "mean", x, axis=(2, 3)))]


def shortcut(s, x):
    """A convolution beside two others; results are their sum and itself."""
    long = convolution(s, "second", convolution(s, "first", x, 40, 3), 40, 3)
    short = convolution(s, "short", x, 40, 3)
    return [s("elemwise_add", "sum", long, short), short]


def towers(s, x):
    """Two answers with nothing in common but the input, and one of both."""
    parts = []
    for name in "ab":
        deep = x
        for i in range(3):
            deep = s("FullyConnected", f"{name}{i}", deep, s("null", f"{name}{i}_w"), s("null", f"{name}{i}_b"), num_hidden=96,
                     flatten=False)
            deep = s("tanh", f"{name}{i}_tanh", deep)
        parts.append(deep)
    return [*parts, s("elemwise_mul", "both", *parts)]


# For each the shapes with N for the batch.
CASES = {
    "inception": (inception, {"x": "Nx48x10x10", "a1_w": "24x48x1x1", "a3r_w": "16x48x1x1", "a3_w": "24x16x3x3",
                              "a5r_w": "16x48x1x1", "a5_w": "16x16x5x5", "ap_w": "16x48x1x1", "b1_w": "24x80x1x1",
                              "b3r_w": "16x80x1x1", "b3_w": "24x16x3x3", "b5r_w": "16x80x1x1", "b5_w": "16x16x5x5",
                              "bp_w": "16x80x1x1"}),
    "shortcut": (shortcut, {"x": "Nx32x8x8", "first_w": "40x32x3x3", "second_w": "40x40x3x3", "short_w": "40x32x3x3"}),
    "towers": (towers, {"x": "Nx64x80", **{f"{t}{i}_w": f"96x{96 if i else 80}" for t in "ab" for i in range(3)},
                        **{f"{t}{i}_b": "96" for t in "ab" for i in range(3)}}),
}
# Early, late, and as threads of streams happen to run.
MACHINES = [{}, {"DLC_EMULATOR_ASYNC": "1"}, {"DLC_CUDA_GRAPHS": "0"}, {"DLC_CUDA_GRAPHS": "0", "DLC_EMULATOR_ASYNC": "1"},
            *({"DLC_EMULATOR_ORDER": str(seed)} for seed in range(1, 4))]


def save_case(case, batch, folder):
    """Writes the model of a case. Returns what `dlc compile` needs."""
    make, shapes = CASES[case]
    symbol = Symbol()
    symbol.save(folder / "m-symbol.json", *make(symbol, symbol("null", "x")))
    inputs = [f"--input={name}={shape.replace('N', batch, 1) if name == 'x' else shape}" for name, shape in shapes.items()]
    return [folder / "m-symbol.json", *inputs, "--target", "cpu,cuda"]


def compile_case(case, batch, folder, *flags):
    dlc("compile", *save_case(case, batch, folder), "-o", folder / "m.so", *flags)
    return json.loads(dlc("inspect", folder / "m.so", "--json").stdout)


@pytest.mark.parametrize("case", CASES)
def test_branches_run_beside_each_other(case, host, tmp_path):
    facts = compile_case(case, "1", tmp_path)
    assert facts["queues"] > 1 and facts["waits"] > 0
    assert {step["queue"] for step in facts["steps"]} == set(range(facts["queues"]))
    for machine in MACHINES:
        run_host(host, tmp_path / "m.so", [(0,)], **machine)


@pytest.mark.parametrize("case", CASES)
def test_branches_of_any_batch(case, host, tmp_path):
    facts = compile_case(case, "N", tmp_path)
    assert facts["queues"] > 1
    for machine in MACHINES:
        run_host(host, tmp_path / "m.so", [(1,), (3,), (2,)], **machine)


@pytest.mark.parametrize("stage", ["kernels", "plan", "llvm"])
def test_text_of_a_stage_gives_the_same_queues(stage, tmp_path):
    compile_case("inception", "1", tmp_path, "--name", "m")
    want = (tmp_path / "m.so").read_bytes()
    dlc("compile", *save_case("inception", "1", tmp_path), "--name", "m", "--emit", stage, "-o", tmp_path / "text")
    dlc("compile", tmp_path / "text", *([] if stage == "llvm" else ["--target", "cpu,cuda"]), "-o", tmp_path / "m.so")
    assert (tmp_path / "m.so").read_bytes() == want


def test_report_shows_queues(tmp_path):
    facts = compile_case("inception", "1", tmp_path, "--report", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    data = json.loads(re.search(r'id="data">(.*)</script>\n<script>', page, re.DOTALL).group(1))
    assert data["artifact"]["queues"] == facts["queues"]
    assert [step["queue"] for step in data["artifact"]["steps"]] == [step["queue"] for step in facts["steps"]]
    reason, = (remark["text"] for remark in data["remarks"] if remark["category"] == "queues")
    assert reason.startswith(f"{facts['queues']} queues take "), reason


@for_models("lstm_lm", "text_cnn", "bert_encoder")
def test_models_run_on_queues(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "model.so")
    assert json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)["queues"] > 1
    assert re.search(r"steps, on \d queues of CUDA devices with \d+ waits\n", dlc("inspect", tmp_path / "model.so").stdout)
    for machine in MACHINES:
        on_device("verify", tmp_path / "model.so", "--io", model.io, "--rtol", "1e-3", **machine)


def test_what_is_not_optimised_is_on_one_queue(tmp_path):
    facts = compile_case("inception", "1", tmp_path, "-O0")
    assert facts["queues"] == 1 and "queue" not in facts["steps"][0]
    assert "queues" not in dlc("inspect", tmp_path / "m.so").stdout
