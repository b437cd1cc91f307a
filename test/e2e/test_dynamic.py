# SPDX-License-Identifier: Apache-2.0
"""Models compiled once for all sizes of dynamic dimensions give the answers of artifacts for each size alone."""
import json

import numpy as np
import pytest
from conftest import Symbol, dlc, for_models, model_named, on_device

# For each model the shapes with dims, and sizes to run at: small, odd and large ones.
CASES = {
    "digits": ({"data": "Nx1x8x8"}, [{"N": 1}, {"N": 7}, {"N": 40}]),
    "mlp": ({"data": "Nx784"}, [{"N": 1}, {"N": 33}]),
    "text_cnn": ({"data": "NxT"}, [{"N": 1, "T": 9}, {"N": 5, "T": 77}]),
    "lstm_lm": ({"data": "35xN", "lstm_state": "2xNx256", "lstm_state_cell": "2xNx256"}, [{"N": 1}, {"N": 6}]),
    "bert_encoder": ({"data": "Nx64", "token_types": "Nx64", "valid_length": "N"}, [{"N": 1}, {"N": 5}]),
    "translator": ({"source": "Nx7", "target": "Nx7"}, [{"N": 1}, {"N": 4}]),
    "ssd": ({"data": "Nx3x64x64"}, [{"N": 1}, {"N": 3}]),
    "unet": ({"data": "Nx3x48x48"}, [{"N": 1}, {"N": 3}]),
    "mobilenet_v2": ({"data": "Nx3xHxW"}, [{"N": 1, "H": 33, "W": 64}, {"N": 3, "H": 96, "W": 71}]),
    "squeezenet1_1": ({"data": "Nx3xHxW"}, [{"N": 2, "H": 224, "W": 240}]),
}
BOUNDS = {"squeezenet1_1": ["--dim", "H=224..336", "--dim", "W=224..336"]}
# Those that run on the emulated CUDA device too.
ON_DEVICE = ["digits", "text_cnn", "translator", "ssd", "unet"]


def fill(shape, sizes):
    return "x".join(str(sizes.get(extent, extent)) for extent in shape.split("x"))


def compile_model(model, shapes, path, *flags):
    inputs = ["--input=%s=%s" % pair for pair in shapes.items()]
    dlc("compile", model.symbol, "--params", model.params, *inputs, "-o", path, *flags)
    return path


def draw(model, shapes, draw):
    """Inputs like those of the model's reference case."""
    with np.load(model.io) as io:
        return {"in:" + name: draw.choice(io["in:" + name].flatten(), [int(extent) for extent in shape.split("x")])
                for name, shape in shapes.items()}


@for_models(*CASES)
def test_any_size(model, tmp_path):
    shapes, cases = CASES[model.name]
    flags = ["--target", "cpu,cuda"] if model.name in ON_DEVICE else []
    artifact = compile_model(model, shapes, tmp_path / "any.so", *BOUNDS.get(model.name, []), *flags)
    dlc("verify", artifact, "--io", model.io)
    for sizes in cases:
        special = {name: fill(shape, sizes) for name, shape in shapes.items()}
        one = compile_model(model, special, tmp_path / "one.so")
        np.savez(tmp_path / "io.npz", **draw(model, special, np.random.RandomState(1)))
        dlc("run", one, "--io", tmp_path / "io.npz", "--output", tmp_path / "out.npz")
        with np.load(tmp_path / "io.npz") as io, np.load(tmp_path / "out.npz") as out:
            np.savez(tmp_path / "want.npz", **io, **out)
        dlc("verify", artifact, "--io", tmp_path / "want.npz")
        if flags:
            on_device("verify", artifact, "--io", tmp_path / "want.npz", "--rtol", "1e-3", DLC_EMULATOR_LEAKS="1")
        facts = json.loads(dlc("inspect", one, "--json").stdout)
        assert [list(out.shape) for out in np.load(tmp_path / "out.npz").values()] == [
            output["shape"] for output in facts["outputs"]]


@pytest.fixture(name="digits", scope="module")
def compile_digits(tmp_path_factory):
    return compile_model(model_named("digits"), {"data": "Nx1x8x8"}, tmp_path_factory.mktemp("digits") / "any.so",
                         "--dim", "N=1..64", "--specialize", "data=5x1x8x8", "--target", "cpu,cuda")


def test_facts(digits):
    facts = json.loads(dlc("inspect", digits, "--json").stdout)
    assert facts["inputs"][0]["shape"] == ["N", 1, 8, 8]
    assert facts["dims"][0]["name"] == "N" and facts["dims"][0]["max"] == 64
    special = facts["specializations"][0]
    assert special["inputs"][0]["shape"] == [5, 1, 8, 8]


def test_bounds(digits, tmp_path):
    np.savez(tmp_path / "io.npz", **{"in:data": np.zeros((65, 1, 8, 8), np.float32)})
    run = dlc("run", digits, "--io", tmp_path / "io.npz", status=3)
    assert "input 'data': N is 65, more than its bound 64 (shape 65x1x8x8)" in run.stderr


def test_specialized(digits, tmp_path):
    """Weights are stored once, and the special program gives the answers of the general one."""
    model = model_named("digits")
    plain = compile_model(model, {"data": "Nx1x8x8"}, tmp_path / "plain.so", "--target", "cpu,cuda")
    weights = [json.loads(dlc("inspect", path, "--json").stdout)["weights_bytes"] for path in (digits, plain)]
    assert weights[0] == weights[1]
    with np.load(model.io) as io:
        np.savez(tmp_path / "io.npz", **{"in:data": io["in:data"][:5], "out:softmax_output": io["out:softmax_output"][:5]})
    for path in (digits, plain):
        dlc("verify", path, "--io", tmp_path / "io.npz")
    on_device("verify", digits, "--io", tmp_path / "io.npz", "--rtol", "1e-3")


@pytest.mark.parametrize("flags, what", [
    (["--dim", "M=1..4"], "bounds 'M', which no --input names"),
    (["--dim", "N=1..4", "--specialize", "data=5x1x8x8"], "N is 5, more than its bound 4"),
    (["--specialize", "data=5x2x8x8"], "has the extent 1, not 2"),
    (["--specialize", "nodata=5x1x8x8"], "no --input 'nodata'"),
    (["--tune=1"], "can't be tuned yet"),
])
def test_flags(flags, what, tmp_path):
    model = model_named("digits")
    run = dlc("compile", model.symbol, "--params", model.params, "--input=data=Nx1x8x8", *flags, "-o", tmp_path / "x.so",
              status=3)
    assert what in run.stderr
    assert not (tmp_path / "x.so").exists()


def test_fixed_by_bounds(tmp_path):
    """A dimension of one size isn't dynamic."""
    artifact = compile_model(model_named("digits"), {"data": "Nx1x8x8"}, tmp_path / "x.so", "--dim", "N=3..3")
    facts = json.loads(dlc("inspect", artifact, "--json").stdout)
    assert facts["inputs"][0]["shape"] == [3, 1, 8, 8]


def test_check(tmp_path):
    """A model is checked at some size, also where its dimensions have one size only."""
    model = model_named("digits")
    for bounds in ([], ["--dim", "N=3..3"], ["--dim", "N=1..4"]):
        dlc("check", model.symbol, "--params", model.params, "--input=data=Nx1x8x8", *bounds)
        run = dlc("check", model.symbol, "--params", model.params, "--input=data=Nx2x8x8", *bounds, status=1)
        assert "node 'conv0' (Convolution)" in run.stdout


def test_impossible(tmp_path):
    """Weights fix the size of what is flattened: the message says which dimension and why."""
    model = model_named("digits")
    run = dlc("compile", model.symbol, "--params", model.params, "--input=data=Nx1xHx8", "-o", tmp_path / "x.so", status=3)
    assert "error: " in run.stderr and len(run.stderr.strip().splitlines()) >= 1


def test_text_needs_the_model(tmp_path):
    """The plan's text doesn't have all sizes of its kernels; the code's text has."""
    model = model_named("digits")
    compile_model(model, {"data": "Nx1x8x8"}, tmp_path / "plan.mlir", "--emit=plan")
    run = dlc("compile", tmp_path / "plan.mlir", "--params", tmp_path / "plan.safetensors", "-o", tmp_path / "x.so",
              status=3)
    assert "has dynamic dimensions" in run.stderr
    compile_model(model, {"data": "Nx1x8x8"}, tmp_path / "code.mlir", "--emit=llvm", "--target", "cpu,cuda")
    dlc("compile", tmp_path / "code.mlir", "--params", tmp_path / "code.safetensors", "-o", tmp_path / "x.so")
    dlc("verify", tmp_path / "x.so", "--io", model.io)
    on_device("verify", tmp_path / "x.so", "--io", model.io, "--rtol", "1e-3")


def test_mean_over_a_dynamic_plane(tmp_path):
    """A constant that depends on the size: one divided by the plane."""
    symbol = Symbol()
    symbol.save(tmp_path / "m-symbol.json", symbol("mean", "m", symbol("null", "x"), axis=(2, 3)))
    dlc("compile", tmp_path / "m-symbol.json", "--input=x=2x3xHxW", "-o", tmp_path / "m.so")
    for height, width in ((1, 1), (5, 7), (64, 31)):
        x = np.random.RandomState(0).rand(2, 3, height, width).astype(np.float32)
        np.savez(tmp_path / "io.npz", **{"in:x": x, "out:m_output": x.mean((2, 3))})
        dlc("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_sizes_far_from_those_compared(target, tmp_path):
    """Quotients by 31 and by 32 are the same for small sizes."""
    symbol = Symbol()
    symbol.save(tmp_path / "m-symbol.json", symbol("sum", "m", symbol("null", "x")))
    dlc("compile", tmp_path / "m-symbol.json", "--input=x=N", "--target", target, "-o", tmp_path / "m.so")
    run = on_device if target == "cuda" else dlc
    for size in (5, 1000, 5000, 70000):
        x = np.random.RandomState(size).rand(size).astype(np.float32)
        np.savez(tmp_path / "io.npz", **{"in:x": x, "out:m_output": x.sum(dtype=np.float64, keepdims=True).astype(np.float32)})
        run("verify", tmp_path / "m.so", "--io", tmp_path / "io.npz")
