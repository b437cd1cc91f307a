# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the pytest suites: the programs under test and compiled models."""
import functools
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "test" / "data"
BUILD = pathlib.Path(os.environ.get("DLC_BUILD_DIR", ROOT / "build"))
LLVM_BIN = pathlib.Path("/usr/lib/llvm-22/bin")


def dlc(*arguments, status=0, **options):
    """Runs `dlc` and returns the finished process, whose exit status must be `status`."""
    command = [str(BUILD / "bin" / "dlc"), *map(str, arguments)]
    run = subprocess.run(command, text=True, capture_output=True, timeout=300, check=False, **options)
    assert run.returncode == status, f"{' '.join(command)}\nexit status {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run


def on_device(*arguments, device=0, status=0, **variables):
    """Runs `dlc` with emulated CUDA devices, on one of them."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "emulator"), **variables}
    return dlc(*arguments, "--device", f"cuda:{device}", status=status, env=environment)


def run_operator(tmp_path, operator, attributes, x, target="cpu", shape=None):
    """What a model of one operator makes of `x`, on the CPU or on an emulated device. `shape`: what `--input` says."""
    nodes = [{"op": "null", "name": "x", "inputs": []},
             {"op": operator, "name": "y", "attrs": attributes, "inputs": [[0, 0, 0]]}]
    (tmp_path / "model.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0, 0]],
                                                     "attrs": {"mxnet_version": ["int", 10901]}}))
    shape = shape or "x".join(map(str, x.shape))
    dlc("compile", tmp_path / "model.json", f"--input=x={shape}:{x.dtype}", "--target", target, "-o", tmp_path / "model.so")
    np.savez(tmp_path / "in.npz", x=x)
    execute = on_device if target == "cuda" else dlc
    execute("run", tmp_path / "model.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as got:
        return got[got.files[0]]


def input_flags(io):
    """`--input NAME=SHAPE:DTYPE` for each input and auxiliary state of the case."""
    for key in io.files:
        kind, _, name = key.partition(":")
        if kind in ("in", "aux"):
            shape = "x".join(map(str, io[key].shape))
            yield f"--input={name}={shape}:{io[key].dtype}"


def unpack_family(family, folder):
    """Writes the model of a family of operators' ranges to `ranges-symbol.json` and MXNet's answers to `io.npz` in `folder`.
    Returns what `dlc compile` needs besides."""
    with np.load(DATA / "ranges" / f"{family}.npz") as archive:
        (folder / "ranges-symbol.json").write_bytes(archive["symbol"].tobytes())
        np.savez(folder / "io.npz", **{key: archive[key] for key in archive.files if key != "symbol"})
        return list(input_flags(archive))


def unpack_counting(case, folder):
    """Writes the symbol and a file for each set of inputs and outputs; returns these paths."""
    with np.load(DATA / "counting" / f"{case}.npz") as archive:
        (folder / "model-symbol.json").write_bytes(archive["symbol"].tobytes())
        sets = {}
        for key in archive.files:
            number, _, name = key.partition("/")
            if name:
                sets.setdefault(number, {})[name] = archive[key]
    paths = []
    for number, arrays in sorted(sets.items()):
        paths.append(folder / f"{number}.npz")
        np.savez(paths[-1], **arrays)
    return paths


class Symbol:
    """A symbol in the making; a method call adds a node and returns its number."""

    def __init__(self):
        self.nodes = []

    def __call__(self, op, name, *inputs, **attributes):
        node = {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs]}
        if attributes:
            node["attrs"] = {key: str(value) for key, value in attributes.items()}
        self.nodes.append(node)
        return len(self.nodes) - 1

    def save(self, path, *heads):
        arguments = [i for i, node in enumerate(self.nodes) if node["op"] == "null"]
        path.write_text(json.dumps({
            "nodes": self.nodes, "arg_nodes": arguments, "node_row_ptr": list(range(len(self.nodes) + 1)),
            "heads": [[head, 0, 0] for head in heads], "attrs": {"mxnet_version": ["int", 10901]}}))


class Model:
    """A model of test/data/models, or the digits; weights and artifact are made when first asked for."""

    NAMES = sorted(path.name for path in (DATA / "models").iterdir())

    def __init__(self, name):
        self.name = name
        self.source = DATA / "models" / name
        self.symbol = self.source / "model-symbol.json"
        self.io = self.source / "io.npz"
        self.table = json.loads((self.source / "params.json").read_text())
        self.folder = BUILD / "test" / "models" / name
        self.folder.mkdir(parents=True, exist_ok=True)

    @functools.cached_property
    def params(self):
        """The file with the weights; kept from one test run to the next."""
        maker, table = ROOT / "test" / "e2e" / "params.py", self.source / "params.json"
        path = self.folder / "model.params"
        if not path.exists() or path.stat().st_mtime < max(maker.stat().st_mtime, table.stat().st_mtime):
            subprocess.run([sys.executable, maker, table, path], check=True)
        return path

    @property
    def flags(self):
        """What `dlc compile` needs besides the symbol: weights and input shapes."""
        shapes = ["--input=%s=%s" % (name, "x".join(map(str, shape)))
                  for name, shape in self.table["inputs"].items()]
        return ["--params", self.params, *shapes]

    @functools.cached_property
    def artifact(self):
        path = self.folder / "model.so"
        dlc("compile", self.symbol, *self.flags, "-o", path)
        return path

    @functools.cached_property
    def facts(self):
        """What `dlc inspect --json` says of the artifact."""
        return json.loads(dlc("inspect", self.artifact, "--json").stdout)


class Digits(Model):
    """The digits model, whose weights and test images are in the repository."""

    def __init__(self):
        self.name = "digits"
        self.source = DATA / "digits"
        self.symbol = self.source / "digits-symbol.json"
        self.params = self.source / "digits-0020.params"
        self.table = {"inputs": {"data": [360, 1, 8, 8]}, "params": {"arg:conv1_weight": [32, 16, 3, 3]}}
        self.folder = BUILD / "test" / "models" / "digits"
        self.folder.mkdir(parents=True, exist_ok=True)

    @functools.cached_property
    def io(self):
        """The images and MXNet's answers under the names that `dlc` knows."""
        with np.load(self.source / "test.npz") as test:
            arrays = {"in:data": test["data"], "out:softmax_output": test["softmax_output"]}
        path = self.folder / f"io.{os.getpid()}.npz"
        np.savez(path, **arrays)
        return path.replace(self.folder / "io.npz")


@functools.cache
def model_named(name):
    return Digits() if name == "digits" else Model(name)


def for_models(*names):
    """Runs a test for each of these models; all tests of a model share a process, and so its artifact."""
    return pytest.mark.parametrize(
        "model", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names], indirect=True)


@pytest.fixture
def model(request):
    return model_named(request.param)


@pytest.fixture(name="host", scope="session")
def compile_host(tmp_path_factory):
    """The program that runs an artifact on the CPU and on an emulated device, and compares what they compute."""
    program = tmp_path_factory.mktemp("host") / "sizes_host"
    subprocess.run(["clang-22", "-std=c11", "-Wall", "-Werror", f"-I{ROOT / 'runtime' / 'include'}",
                    ROOT / "test" / "e2e" / "sizes_host.c", f"-L{BUILD / 'lib'}", "-ldlcrt", "-lm",
                    f"-Wl,-rpath,{BUILD / 'lib'}", "-o", program], check=True)
    return program


def run_host(host, artifact, sizes, **variables):
    """Runs an artifact at some sizes of its dims, twice at each, with the program `host`."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "emulator"), "DLC_EMULATOR_LEAKS": "1", **variables}
    run = subprocess.run([host, artifact, *(",".join(map(str, one)) for one in sizes)], text=True, capture_output=True,
                         timeout=300, check=False, env=environment)
    assert run.stdout == "same\n" and not run.stderr, run.stdout + run.stderr
