# SPDX-License-Identifier: Apache-2.0
"""Artifacts for CUDA devices: run on the emulated driver, which also finds races, faults and what nobody wrote."""
import json
import pathlib
import re
import sys

import numpy as np
import pytest
from conftest import DATA, Symbol, dlc, for_models, input_flags, on_device, run_operator, unpack_family

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from products import DEEP, save_random_product  # noqa: E402

CASES = sorted(path.name for path in (DATA / "ops").iterdir())
FAMILIES = sorted(path.stem for path in (DATA / "ranges").glob("*.npz"))
SMALL = ["digits", "mlp", "lenet", "unet", "text_cnn", "lstm_lm", "bert_encoder", "lstm_cells", "recommender", "tagger"]


@pytest.mark.parametrize("case", CASES)
def test_operators_agree_with_mxnet(case, tmp_path):
    folder = DATA / "ops" / case
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "--target", "cuda", "-o", tmp_path / "op.so")
    on_device("verify", tmp_path / "op.so", "--io", folder / "io.npz")


@pytest.mark.parametrize("family", FAMILIES)
def test_ranges_agree_with_mxnet(family, tmp_path):
    flags = unpack_family(family, tmp_path)
    dlc("compile", tmp_path / "ranges-symbol.json", *flags, "--target", "cuda", "-o", tmp_path / "ranges.so")
    on_device("verify", tmp_path / "ranges.so", "--io", tmp_path / "io.npz")


@for_models(*SMALL)
def test_models_agree_with_mxnet(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cuda", "-o", tmp_path / "model.so")
    on_device("verify", tmp_path / "model.so", "--io", model.io, "--rtol", "1e-3", DLC_EMULATOR_LEAKS="1")


@for_models("squeezenet1_1")
def test_squeezenet_agrees_with_the_cpu(model, tmp_path):
    """At 64x64, for which there is no answer of MXNet's; its last pooling is for larger images."""
    dlc("compile", model.symbol, "--params", model.params, "--input", "data=1x3x64x64",
        "--outputs", "squeezenet0_relu25_fwd_output", "--target", "cpu,cuda",
        "-o", tmp_path / "model.so")
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "in.npz", **{"in:data": rng.standard_normal((1, 3, 64, 64)).astype("float32")})
    dlc("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "want.npz")
    with np.load(tmp_path / "in.npz") as given, np.load(tmp_path / "want.npz") as want:
        np.savez(tmp_path / "io.npz", **given, **want)
    on_device("verify", tmp_path / "model.so", "--io", tmp_path / "io.npz")


@pytest.mark.parametrize("axis", [0, 1])
def test_more_tensors_than_a_kernel_takes(axis, tmp_path):
    symbol, given = Symbol(), {f"x{i}": np.full((1, 1 + i % 2), i, "float32") for i in range(600)}
    if axis == 0:
        given = {name: np.broadcast_to(x[:, :1], (1, 2)) for name, x in given.items()}
    parts = [symbol("null", name) for name in given]
    symbol.save(tmp_path / "m-symbol.json", symbol("Concat", "y", *parts, num_args=len(parts), dim=axis))
    inputs = [f"--input={name}={'x'.join(map(str, x.shape))}" for name, x in given.items()]
    dlc("compile", tmp_path / "m-symbol.json", *inputs, "--target", "cpu,cuda", "-o", tmp_path / "m.so")
    np.savez(tmp_path / "io.npz", **given, **{"out:y_output": np.concatenate(list(given.values()), axis)})
    dlc("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")
    on_device("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")


@for_models("lenet")
def test_one_file_for_both(model, tmp_path):
    dlc("compile", model.symbol, *model.flags, "--target", "cpu,cuda", "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", model.io)
    for device in 0, 1:
        on_device("verify", tmp_path / "model.so", "--io", model.io, device=device, DLC_EMULATOR_DEVICES="2")


@for_models("mlp")
def test_ptx_is_the_same_each_time(model):
    texts = {dlc("compile", model.symbol, *model.flags, "--target", "cuda", "--emit", "ptx", "-o", "-",
                 "--threads", threads).stdout for threads in (1, 2)}
    assert len(texts) == 1
    text = texts.pop()
    assert ".target sm_80" in text and text.count(".visible .entry") == 4


@pytest.mark.parametrize("sm", [80, 86, 89, 90, 100, 120])
def test_every_chip_has_code(sm, tmp_path):
    folder = DATA / "ops" / "FC"
    with np.load(folder / "io.npz") as io:
        flags = list(input_flags(io))
    dlc("compile", folder / "model-symbol.json", *flags, "--target", "cuda", "--sm", sm, "-o", tmp_path / "op.so")
    assert f"machine code for sm_{sm}," in dlc("inspect", tmp_path / "op.so").stdout


@pytest.mark.parametrize("stage", ["plan", "llvm", "asm"])
@for_models("lenet")
def test_stages_end_in_the_same_bytes(model, stage, tmp_path):
    target = ["--target", "cpu,cuda", "--sm", "80,90"]
    dlc("compile", model.symbol, *model.flags, *target, "-o", tmp_path / "whole.so")
    dlc("compile", model.symbol, *model.flags, *target, "--emit", stage, "-o", tmp_path / "text.mlir")
    dlc("compile", tmp_path / "text.mlir", *(target if stage == "plan" else []), "-o", tmp_path / "parts.so")
    assert (tmp_path / "whole.so").read_bytes() == (tmp_path / "parts.so").read_bytes()


@pytest.mark.parametrize("flags, message", [
    (["--target", "gpu"], "target 'gpu': use --target cpu, cuda or both"),
    (["--target", "cuda", "--sm", "42"], "compute capability 42: use one of 80"),
    (["--target", "cuda", "--sm", "eighty"], "'eighty' is no compute capability"),
    (["--sm", "80"], "--sm is for GPUs: give --target cuda"),
    (["--emit", "ptx"], "--emit=ptx needs code for GPUs: give --target cuda"),
    (["--precision", "tf32"], "--precision=tf32 is for GPUs: give --target cuda"),
    (["--target", "cuda", "--precision", "half"], "--precision 'half' is not one of float32"),
])
def test_bad_flags(flags, message, tmp_path):
    folder = DATA / "ops" / CASES[0]
    with np.load(folder / "io.npz") as io:
        shapes = list(input_flags(io))
    run = dlc("compile", folder / "model-symbol.json", *shapes, *flags, "-o", tmp_path / "op.so", status=3)
    assert message in run.stderr
    assert not (tmp_path / "op.so").exists()
    assert re.fullmatch(r"error: [^\n]+\n", run.stderr)


@pytest.mark.parametrize("flag, text", [("--sm", ","), ("--sm", "80,,90"), ("--target", "cpu,"), ("--outputs", ",m")])
def test_lists_have_no_empty_items(flag, text, tmp_path):
    run = dlc("compile", DATA / "ops" / CASES[0] / "model-symbol.json", flag, text, "-o", tmp_path / "op.so", status=2)
    assert run.stderr == f"error: {flag}: '{text}' has an empty item (see `dlc compile --help`)\n"


@for_models("mlp")
def test_the_model_may_follow_any_flag(model, tmp_path):
    """Of flags that take lists or may be repeated, each takes one argument."""
    *_, shape = model.flags
    flags = [*model.flags, "--target", "cpu", "--target", "cuda", "--sm", "80,90", "--cpu", "x86-64-v3"]
    made = []
    for order in (flags, ["--cpu", "x86-64-v3", *flags[:-2]], ["--sm", "80,90", *flags[:-4], *flags[-2:]],
                  [*flags[2:], *flags[:2]], [*flags[3:], *flags[:2], shape]):
        made.append(tmp_path / f"{len(made)}.so")
        dlc("compile", "-o", made[-1], *order, model.symbol)
    assert len({path.read_bytes() for path in made}) == 1
    image = tmp_path / "in.npy"
    np.save(image, np.zeros([int(extent) for extent in shape.split("=")[-1].split("x")], "float32"))
    dlc("run", "--input", f"{shape.split('=')[1]}={image}", made[0])


@pytest.mark.parametrize("precision, error", [("tf32", 2e-3), ("float16", 2e-3), ("bfloat16", 2e-2)])
@for_models("bert_encoder")
def test_lower_precisions(model, precision, error, tmp_path):
    """Each is as near as its mantissa lets it, and not nearer, as f32 would be, which CPUs' code in the file is."""
    dlc("compile", model.symbol, *model.flags, "--target", "cpu,cuda", "--precision", precision,
        "-o", tmp_path / "model.so")
    dlc("verify", tmp_path / "model.so", "--io", model.io)
    on_device("verify", tmp_path / "model.so", "--io", model.io, "--rtol", str(error), "--atol", "1e-3")
    on_device("verify", tmp_path / "model.so", "--io", model.io, status=1)


@pytest.mark.parametrize("precision", ["float32", "tf32", "float16", "bfloat16"])
def test_products_of_nan_are_nan(precision, tmp_path):
    """Of a GPU's own NaN too, all of whose bits are set. In float32 those of infinity are, too: of its parts one is 0."""
    symbol = Symbol()
    symbol.save(tmp_path / "m-symbol.json", symbol("dot", "product", symbol("null", "x"), symbol("null", "y")))
    x, y = np.ones((16, 32), "float32"), np.ones((32, 16), "float32")
    x.view("uint32")[3, 5], x[7, 9] = 0x7fffffff, np.inf
    want = np.full((16, 16), 32, "float32")
    want[3], want[7] = np.nan, np.nan if precision == "float32" else np.inf
    np.savez(tmp_path / "io.npz", **{"in:x": x, "in:y": y, "out:product_output": want})
    dlc("compile", tmp_path / "m-symbol.json", "--input=x=16x32", "--input=y=32x16", "--target", "cuda", "--gemm", "generated",
        "--precision", precision, "-o", tmp_path / "m.so")
    on_device("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")


@pytest.mark.parametrize("targets, precision, error", [
    ("cuda", "float32", 1e-3), ("cpu,cuda", "float32", 1e-3), ("cuda", "tf32", 0.5), ("cuda", "bfloat16", 2)])
@pytest.mark.parametrize("seed", range(6))
def test_blocks_share_a_depth(seed, targets, precision, error, tmp_path):
    """In two launches, of which the CPU's code in the same file knows nothing."""
    flags, io = save_random_product(seed, "float32", tmp_path, DEEP)
    dlc("compile", tmp_path / "model-symbol.json", *flags, "--target", targets, "--precision", precision,
        "--gemm", "generated", "-o", tmp_path / "model.so")
    kernels = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)["kernels"]
    assert 2 in [kernel["cuda"]["phases"] for kernel in kernels]
    tolerance = ["--io", io, "--rtol", "1e-3", "--atol", str(error)]
    on_device("verify", tmp_path / "model.so", *tolerance)
    if targets == "cpu,cuda":
        assert {kernel["phases"] for kernel in kernels} == {1}
        dlc("verify", tmp_path / "model.so", *tolerance)


@pytest.mark.parametrize("shape, axes", [
    ((70, 100), (1, 0)), ((8, 9), (1, 0)), ((33, 1, 65), (2, 1, 0)), ((2, 24, 13, 11), (0, 2, 3, 1)),
    ((2, 13, 11, 24), (0, 3, 1, 2)), ((3, 40, 5, 8), (2, 0, 3, 1)), ((7, 3, 300), (0, 2, 1)),
])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "float64"])
def test_transpositions(shape, axes, dtype, tmp_path):
    """Tiles of all shapes, most of which reach beyond an edge; shared memory has two bytes a bank of the smallest types."""
    x = np.random.RandomState(0).randint(0, 200, shape).astype(dtype)
    got = run_operator(tmp_path, "transpose", {"axes": str(axes)}, x, "cuda")
    np.testing.assert_array_equal(got, x.transpose(axes))


@pytest.mark.parametrize("shape, dtype, instruction", [
    ((300, 512), "float32", "ld.global.v4.b32"), ((400, 1024), "float16", "ld.global.v4.b32"),
    ((300, 510), "float32", "ld.global.v2.b32"), ((300, 511), "float32", "ld.global.b32"),
    ((300, 512), "float64", "ld.global.v2.b64"), ((10, 512), "float32", "ld.global.b32"),
])
def test_wide_accesses(shape, dtype, instruction, tmp_path):
    """As wide as extents let them be, where there are elements enough."""
    x = np.random.RandomState(0).randn(*shape).astype(dtype)
    got = run_operator(tmp_path, "relu", {}, x, "cuda")
    np.testing.assert_array_equal(got, np.maximum(x, 0))
    ptx = dlc("compile", tmp_path / "model.json", f"--input=x={'x'.join(map(str, shape))}:{dtype}", "--target", "cuda",
              "--emit", "ptx", "-o", "-").stdout
    assert set(re.findall(r"ld\.global\S*", ptx)) == {instruction}
    assert instruction.replace("ld", "st") in ptx


def normalized(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


# Operator, attributes, shape of its input, what numpy says, and how often the kernel is launched.
LONG = [
    ("sum", {}, (300, 700), lambda x: x.sum().reshape(1), 2),
    ("sum", {"axis": 0}, (9000, 37), lambda x: x.sum(0), 2),
    ("max", {"axis": (0, 2)}, (30, 3, 3000), lambda x: x.max((0, 2)), 2),
    ("norm", {"axis": 1, "keepdims": True}, (3, 90001), lambda x: np.sqrt((x * x).sum(1, keepdims=True)), 2),
    ("softmax", {"axis": -1}, (2, 70001), lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True), 3),
    ("LayerNorm", {"axis": -1}, (3, 50000), lambda x: normalized(x, -1), 3),
    ("InstanceNorm", {"eps": 1e-5}, (1, 5, 200, 150), lambda x: normalized(x, (2, 3)), 3),
    ("argmax", {"axis": 1}, (3, 60000), lambda x: x.argmax(1), 3),
    ("argmin", {"axis": 1}, (200, 300), lambda x: x.argmin(1), 1),
    ("mean", {"axis": 1}, (2, 1500, 100), lambda x: x.mean(1), 1),
    ("cumsum", {"axis": 1}, (3, 70001), lambda x: x.cumsum(1), 5),
    ("cumsum", {"axis": 1}, (2, 5000, 30), lambda x: x.cumsum(1), 4),
    ("cumsum", {"axis": 0}, (600, 3, 5), lambda x: x.cumsum(0), 1),
]


@pytest.mark.parametrize("targets, dims", [("cuda", ""), ("cpu,cuda", ""), ("cuda", "N")])
@pytest.mark.parametrize("operator, attributes, shape, reference, launches", LONG)
def test_blocks_share_long_rows(operator, attributes, shape, reference, launches, targets, dims, tmp_path):
    """In a launch for what each row is reduced to and one for the rest, where one block or thread would take longer."""
    symbol, x = Symbol(), np.random.RandomState(0).rand(*shape).astype(np.float32)
    given, inputs = {"x": x}, [symbol("null", "x")]
    if operator.endswith("Norm"):
        for name, value in (("gamma", 1), ("beta", 0)):
            given[name] = np.full(shape[int(attributes.get("axis", 1))], value, np.float32)
            inputs.append(symbol("null", name))
    symbol.save(tmp_path / "m-symbol.json", symbol(operator, "m", *inputs, **attributes))
    want = reference(x.astype(np.float64)).astype(np.float32)
    np.savez(tmp_path / "io.npz", **{f"in:{name}": value for name, value in given.items()}, **{"out:m_output": want})
    flags = [f"--input={name}={'x'.join(map(str, value.shape))}" for name, value in given.items()]
    if dims:
        flags[0] = "--input=x=" + "x".join([dims, *map(str, shape[1:])])
    dlc("compile", tmp_path / "m-symbol.json", *flags, "--target", targets, "-o", tmp_path / "m.so")
    kernels = json.loads(dlc("inspect", tmp_path / "m.so", "--json").stdout)["kernels"]
    if not dims:
        assert max(kernel["cuda"]["phases"] for kernel in kernels) == launches
    on_device("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz", "--rtol", "1e-4")
