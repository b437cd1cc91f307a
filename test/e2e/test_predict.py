# SPDX-License-Identifier: Apache-2.0
"""libdlc_predict.so: programs written against MXNet's C predict API run over compiled models."""
import concurrent.futures
import ctypes
import json
import os
import re
import stat
import subprocess
import time

import numpy as np
import pytest
from conftest import BUILD, DATA, ROOT, dlc, model_named

LIBRARY = BUILD / "lib" / "libdlc_predict.so"
INCLUDE = ROOT / "tools" / "predict" / "include" / "dlc"
HEADER = INCLUDE / "mxnet" / "c_predict_api.h"
DIGITS = DATA / "digits"
SYMBOL, PARAMS = DIGITS / "digits-symbol.json", DIGITS / "digits-0020.params"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with the host program, the images and a cache that the tests of this process share."""
    folder = tmp_path_factory.mktemp("predict")
    subprocess.run(["clang-22", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{INCLUDE}",
                    ROOT / "test" / "e2e" / "predict_host.c", "-o", folder / "host", f"-L{LIBRARY.parent}",
                    "-ldlc_predict", f"-Wl,-rpath,{LIBRARY.parent}", "-lpthread"], check=True)
    test = np.load(DIGITS / "test.npz")
    test["data"].astype("<f4").tofile(folder / "images.bin")
    return folder


def host(work, *command, symbol=SYMBOL, params=PARAMS, **environment):
    """Runs the host program; returns the finished process."""
    variables = {"PATH": os.environ["PATH"], "DLC_CACHE_DIR": str(work / "cache"), **environment}
    return subprocess.run([work / "host", symbol, params, work / "images.bin", *map(str, command)],
                          capture_output=True, check=False, timeout=300, env=variables)


def run(work, *command, **options):
    """What the host program wrote; it must succeed."""
    done = host(work, *command, **options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def floats(text):
    return np.frombuffer(text, "<f4")


def wanted():
    return np.load(DIGITS / "test.npz")["softmax_output"]


def check_answers(text, want=None):
    want = wanted() if want is None else want
    np.testing.assert_allclose(floats(text), want.ravel(), rtol=0, atol=1e-4 * abs(want).max() + 1e-5)


def entries(cache):
    return sorted((cache / "predict").iterdir())


# the interface

def test_exports_what_the_header_declares():
    declared = set(re.findall(r"\b(MX\w+)\(", re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)))
    table = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1] for line in table.splitlines() if line.split()[1] != "A"}
    assert exported == declared and len(declared) == 17


def test_needs_no_compiler_to_start():
    needed = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "LLVM" not in needed and "dlc_compiler" not in needed


def test_header_is_cplusplus_too():
    subprocess.run(["clang-22", "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-x", "c++",
                    HEADER], check=True)


# answers

@pytest.mark.parametrize("symbol", [SYMBOL, DIGITS / "legacy" / "v0_8-symbol.json"], ids=["new", "old"])
@pytest.mark.parametrize("params", [PARAMS, DIGITS / "legacy" / "v0.params"], ids=["new", "old"])
def test_gives_the_answers_of_mxnet(work, symbol, params):
    check_answers(run(work, "answers", symbol=symbol, params=params))


def test_steps_end_in_the_same_answers(work):
    check_answers(run(work, "steps"))


def test_reshape(work):
    want = wanted()
    check_answers(run(work, "reshape"), np.concatenate([want, want[5:6]]))


def test_partial_outputs(work):
    got = floats(run(work, "partial", "fc1", "softmax")).reshape(2, 360, 10)
    shifted = np.exp(got[0] - got[0].max(axis=1, keepdims=True))
    np.testing.assert_allclose(shifted / shifted.sum(axis=1, keepdims=True), wanted(), atol=1e-4)
    check_answers(got[1].tobytes())


def test_threads(work):
    check_answers(run(work, "threads"), wanted()[:8])


def test_monitor(work, tmp_path):
    """Every operator's outputs, with the values that they have as outputs of a model."""
    lines = [line.split() for line in run(work, "monitor").decode().splitlines()]
    seen = {kind: [line for line in lines if line[1] == kind] for kind in ("outputs", "all")}
    names = [line[0] for line in seen["outputs"]]
    nodes = json.loads(SYMBOL.read_text())["nodes"]
    assert [name for name in names if name.endswith("_output")] == [
        f"{node['name']}_output" for node in nodes if node["op"] != "null"]
    assert seen["all"][0][0] == "data" and [line[0] for line in seen["all"][1:]] == names
    # One by one, through dlc.
    np.savez(tmp_path / "in.npz", data=np.load(DIGITS / "test.npz")["data"][:2])
    dlc("compile", SYMBOL, "--input=data=2x1x8x8", "--outputs", ",".join(names), "-o", tmp_path / "all.so")
    dlc("run", tmp_path / "all.so", "--io", tmp_path / "in.npz", "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as values:
        for name, _, shape, total in seen["outputs"]:
            want = values[f"out:{name}"]
            assert shape == "x".join(map(str, want.shape))
            np.testing.assert_allclose(float(total), want.astype("f8").sum(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("version", ["legacy/v0", "legacy/v1", "digits-0020", "legacy/v3"])
def test_lists(work, version):
    """Names and sums of the arrays are those that the newest version has."""
    lines = [line.split() for line in run(work, "list", params=DIGITS / f"{version}.params").decode().splitlines()]
    assert len(lines) == 16
    facts = {name: (int(rank), int(size), float(total)) for name, rank, size, total in lines}
    assert facts["arg:conv1_weight"][:2] == (4, 4608) and facts["aux:bn0_moving_mean"][:2] == (1, 16)
    assert lines == [line.split() for line in run(work, "list").decode().splitlines()]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in (
    "lenet", "lstm_lm", "bert_encoder", "mobilenet_v2")])
def test_other_models(api, name):
    """Models with several inputs and outputs, through the calls that programs in Python make."""
    model = model_named(name)
    arrays = dict(np.load(model.io))
    inputs = {key[3:]: np.ascontiguousarray(value) for key, value in arrays.items() if key.startswith("in:")}
    outputs = [value for key, value in arrays.items() if key.startswith("out:")]
    handle = api.create(model.symbol.read_bytes(), model.params.read_bytes(),
                        {key: value.shape for key, value in inputs.items()})
    for key, value in inputs.items():
        api.call("MXPredSetInput", handle, key.encode(), value.ctypes.data_as(ctypes.c_void_p), value.size)
    api.call("MXPredForward", handle)
    for index, want in enumerate(outputs):
        got = np.zeros(want.shape, want.dtype)
        api.call("MXPredGetOutput", handle, index, got.ctypes.data_as(ctypes.c_void_p), got.size)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-3 * abs(want).max() + 1e-5)
    api.call("MXPredFree", handle)


# the cache

def test_models_are_compiled_once(work, tmp_path):
    cache = tmp_path / "cache"
    check_answers(run(work, "answers", DLC_CACHE_DIR=str(cache)))
    (entry,) = entries(cache)
    before = entry.stat()
    # The loader tells which libraries are opened.
    again = host(work, "answers", DLC_CACHE_DIR=str(cache), LD_DEBUG="files")
    check_answers(again.stdout)
    assert b"libdlc_predict.so" in again.stderr and b"libdlc_compiler.so" not in again.stderr
    assert entries(cache) == [entry] and entry.stat().st_mtime_ns == before.st_mtime_ns
    # Other shapes, other weights and another CPU are other entries.
    run(work, "rounds", 10, DLC_CACHE_DIR=str(cache))
    assert len(entries(cache)) == 2
    changed = bytearray(PARAMS.read_bytes())
    changed[200] ^= 1
    (tmp_path / "changed.params").write_bytes(changed)
    run(work, "answers", params=tmp_path / "changed.params", DLC_CACHE_DIR=str(cache))
    assert len(entries(cache)) == 3
    check_answers(run(work, "answers", DLC_CACHE_DIR=str(cache), DLC_CPU="x86-64-v2"))
    assert len(entries(cache)) == 4


def spoil(entry, how):
    whole = entry.read_bytes()
    if how == "flipped":
        middle = len(whole) // 2
        entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 0xff]) + whole[middle + 1:])
    elif how == "not ours":
        entry.chmod(0o666)
    else:
        entry.write_bytes({"cut": whole[:-1], "half": whole[:len(whole) // 2], "empty": b"", "zeros": bytes(len(whole)),
                           "text": b"not an artifact"}[how])


@pytest.mark.parametrize("how", ["flipped", "cut", "half", "empty", "zeros", "text", "not ours"])
def test_damaged_entries_are_made_anew(work, tmp_path, how):
    cache = tmp_path / "cache"
    run(work, "signals", DLC_CACHE_DIR=str(cache))
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    spoil(entry, how)
    run(work, "signals", DLC_CACHE_DIR=str(cache))
    assert entries(cache) == [entry] and entry.read_bytes() == whole
    assert not stat.S_IMODE(entry.stat().st_mode) & 0o022


def test_without_a_place_for_the_cache(work, tmp_path):
    """A temporary file does, and is gone at once."""
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    for place in (tmp_path / "file" / "cache", "/proc/cache"):
        check_answers(run(work, "answers", DLC_CACHE_DIR=str(place), TMPDIR=str(tmp_path / "tmp")))
        assert not list((tmp_path / "tmp").iterdir())
    # In one process the model is compiled only once all the same.
    begin = time.monotonic()
    run(work, "rounds", 1000, DLC_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert time.monotonic() - begin < 30
    refused = host(work, "answers", DLC_CACHE_DIR="/proc/cache", TMPDIR="/proc/tmp")
    assert refused.returncode == 1 and b"can't be written" in refused.stderr


def test_default_places(work, tmp_path):
    home = {"DLC_CACHE_DIR": "", "HOME": str(tmp_path / "home")}
    run(work, "signals", **home)
    assert len(entries(tmp_path / "home" / ".cache" / "dlc")) == 1
    run(work, "signals", **home, XDG_CACHE_HOME=str(tmp_path / "xdg"))
    assert len(entries(tmp_path / "xdg" / "dlc")) == 1
    assert stat.S_IMODE((tmp_path / "xdg" / "dlc" / "predict").stat().st_mode) == 0o700


def test_processes_share_the_cache(work, tmp_path):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for text in pool.map(lambda _: run(work, "answers", DLC_CACHE_DIR=str(tmp_path)), range(6)):
            check_answers(text)
    assert len(entries(tmp_path)) == 1


def add_entry(work, cache, number, **environment):
    """Compiles the model with other weights; returns the new entry."""
    params = cache.parent / f"{number}.params"
    changed = bytearray(PARAMS.read_bytes())
    changed[200] ^= number
    params.write_bytes(changed)
    before = set(entries(cache)) if cache.exists() else set()
    run(work, "signals", params=params, DLC_CACHE_DIR=str(cache), **environment)
    (entry,) = set(entries(cache)) - before
    return entry


def test_entries_used_longest_ago_are_removed(work, tmp_path):
    cache = tmp_path / "cache"
    made = [add_entry(work, cache, number) for number in (1, 2, 3, 4)]
    for age, entry in enumerate(reversed(made)):
        os.utime(entry, (time.time() - 1000 * age - 10000,) * 2)
    written = made[0].stat().st_mtime_ns
    run(work, "signals", params=tmp_path / "1.params", DLC_CACHE_DIR=str(cache))
    assert made[0].stat().st_mtime_ns == written
    folder = cache / "predict"
    strange = [folder / "notes.txt", folder / f"{made[0].name}.tmp1", folder / f"x{made[1].name}"]
    unfinished = folder / f"{made[1].name}.tmp2"
    for file in (*strange, unfinished):
        file.write_bytes(b"0" * 1000)
    for file in (strange[0], strange[2], unfinished):
        os.utime(file, (time.time() - 4000,) * 2)
    # Room for three: the second and the third were used longest ago.
    size = sum(entry.stat().st_size for entry in made[:3]) + 1000
    kept = {made[0], made[3], *strange}
    new = add_entry(work, cache, 5, DLC_PREDICT_CACHE_SIZE=str(size))
    assert set(entries(cache)) == kept | {new}
    # Too little for any: the one that is in use stays.
    last = add_entry(work, cache, 6, DLC_PREDICT_CACHE_SIZE="1K")
    assert set(entries(cache)) == {last, *strange}
    refused = host(work, "signals", DLC_CACHE_DIR=str(cache), DLC_PREDICT_CACHE_SIZE="much")
    assert refused.returncode == 1 and b"DLC_PREDICT_CACHE_SIZE is 'much', but must be a size" in refused.stderr


def test_processes_prune_the_cache_together(work, tmp_path):
    """Whatever one removes, the others' models run; in the end all that is left is within the size."""
    cache = tmp_path / "cache"
    run(work, "signals", DLC_CACHE_DIR=str(cache))
    limit = 3 * entries(cache)[0].stat().st_size

    def answer(number):
        symbol = tmp_path / f"{number}.json"  # another model by its name, the same by what it computes
        symbol.write_text(SYMBOL.read_text() + "\n" * number)
        return run(work, "answers", symbol=symbol, DLC_CACHE_DIR=str(cache), DLC_PREDICT_CACHE_SIZE=str(limit))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for text in pool.map(answer, range(12)):
            check_answers(text)
    assert 1 <= len(entries(cache)) <= 3
    assert sum(entry.stat().st_size for entry in entries(cache)) <= limit


def test_signals_stay_the_programs(work, tmp_path):
    assert run(work, "signals", DLC_CACHE_DIR=str(tmp_path)) == b""
    assert len(entries(tmp_path)) == 1  # it was compiled


def test_ten_thousand_rounds(work):
    """Making, running and freeing predictors leaves nothing behind, and is fast once the model is there."""
    run(work, "rounds", 10)
    begin = time.monotonic()
    heap, resident = map(int, run(work, "rounds", 10000).split())
    assert heap < 4096, f"{heap} bytes more on the heap"
    assert resident < 1024, f"{resident} KiB more in memory"
    assert time.monotonic() - begin < 60


# mistakes, through ctypes

class Api:
    """The library in this process."""

    def __init__(self):
        self.lib = ctypes.CDLL(str(LIBRARY))
        self.lib.MXGetLastError.restype = ctypes.c_char_p

    def error(self):
        message = self.lib.MXGetLastError().decode()
        assert message and "\n" not in message
        return message

    def call(self, function, *arguments):
        assert getattr(self.lib, function)(*arguments) == 0, self.error()

    def refuse(self, function, *arguments):
        assert getattr(self.lib, function)(*arguments) == -1
        return self.error()

    @staticmethod
    def shapes(inputs):
        keys = (ctypes.c_char_p * len(inputs))(*(name.encode() for name in inputs))
        sizes = [size for shape in inputs.values() for size in shape]
        ends = np.cumsum([0, *(len(shape) for shape in inputs.values())])
        return [ctypes.c_uint32(len(inputs)), keys, (ctypes.c_uint32 * len(ends))(*ends.tolist()),
                (ctypes.c_uint32 * len(sizes))(*sizes)]

    def arguments(self, symbol, params, inputs, device=1):
        return [symbol, params, len(params), device, 0, *self.shapes(inputs)]

    def create(self, symbol, params, inputs):
        handle = ctypes.c_void_p()
        self.call("MXPredCreate", *self.arguments(symbol, params, inputs), ctypes.byref(handle))
        return handle

    def refuse_model(self, symbol=None, params=None, inputs=None, device=1):
        handle = ctypes.c_void_p(77)
        message = self.refuse("MXPredCreate", *self.arguments(
            SYMBOL.read_bytes() if symbol is None else symbol, PARAMS.read_bytes() if params is None else params,
            inputs or {"data": (1, 1, 8, 8)}, device), ctypes.byref(handle))
        assert handle.value == 77
        return message

    def answers(self, handle, name, data):
        data = np.ascontiguousarray(data)
        self.call("MXPredSetInput", handle, name.encode(), data.ctypes.data_as(ctypes.c_void_p), data.size)
        self.call("MXPredForward", handle)
        shape, rank, code = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_uint32(), ctypes.c_int()
        self.call("MXPredGetOutputShape", handle, 0, ctypes.byref(shape), ctypes.byref(rank))
        self.call("MXPredGetOutputType", handle, 0, ctypes.byref(code))
        result = np.zeros([shape[i] for i in range(rank.value)], ["f4", "f8", "f2"][code.value])
        self.call("MXPredGetOutput", handle, 0, result.ctypes.data_as(ctypes.c_void_p), result.size)
        return result


@pytest.fixture
def api(work, monkeypatch):
    monkeypatch.setenv("DLC_CACHE_DIR", str(work / "cache"))
    return Api()


def test_bad_models(api):
    assert "malformed JSON" in api.refuse_model(symbol=b"{")
    assert "symbol.json: not an MXNet symbol" in api.refuse_model(symbol=b"[]")
    assert "malformed JSON" in api.refuse_model(symbol=b'func.func @main() { return }')
    unknown = api.refuse_model(symbol=SYMBOL.read_bytes().replace(b'"Pooling"', b'"Pudding"'))
    assert "node 'pooling0' (Pudding)" in unknown and "(and 1 more problem)" in unknown
    whole = PARAMS.read_bytes()
    for length in (1, 8, 100, len(whole) - 1):
        assert "model.params: the file is cut off" in api.refuse_model(params=whole[:length])
    assert "0x112" in api.refuse_model(params=b"x" * 100)
    assert "no value" in api.refuse_model(params=whole[:16] + bytes(16))


def test_bad_shapes(api):
    assert "input 'data' has a size of 0" in api.refuse_model(inputs={"data": (0, 1, 8, 8)})
    assert "fc0" in api.refuse_model(inputs={"data": (1, 1, 9, 20)})
    assert "memory limit" in api.refuse_model(inputs={"data": (2 ** 31 - 1, 1, 8, 8)})
    assert "overflows" in api.refuse_model(inputs={"data": (2 ** 31, 1, 8, 8)})
    assert "overflows" in api.refuse_model(inputs={"data": (2 ** 32 - 1,) * 4})
    assert "its shape is not known" in api.refuse_model(inputs={"other": (1, 2)})
    assert "that is no shape" in api.refuse_model(inputs={"data": (1,) * 33})
    assert "its value in the parameters (10, 64)" in api.refuse_model(
        inputs={"data": (1, 1, 8, 8), "fc1_weight": (64, 10)})


def test_bad_arguments(api):
    good = api.arguments(SYMBOL.read_bytes(), PARAMS.read_bytes(), {"data": (1, 1, 8, 8)})
    out = ctypes.byref(ctypes.c_void_p())
    assert "dev_type is 2" in api.refuse_model(device=2)
    for place, name in ((0, "symbol_json_str"), (1, "param_bytes"), (6, "input_keys"), (7, "input_shape_indptr"),
                        (8, "is no shape")):
        assert name in api.refuse("MXPredCreate", *good[:place], None, *good[place + 1:], out)
    assert "out is null" in api.refuse("MXPredCreate", *good, None)
    assert "param_size is negative" in api.refuse("MXPredCreate", *good[:2], -1, *good[3:], out)
    assert "num_threads" in api.refuse("MXPredCreateMultiThread", *good, 0, out)
    keys = (ctypes.c_char_p * 1)(b"conv9")
    assert "no output 'conv9_output'" in api.refuse("MXPredCreatePartialOut", *good, 1, keys, out)
    codes = (ctypes.c_int * 1)(99)
    assert "dtype 99" in api.refuse("MXPredCreateEx", *good, 1, keys, codes, out)


def test_bad_calls(api):
    handle = api.create(SYMBOL.read_bytes(), PARAMS.read_bytes(), {"data": (1, 1, 8, 8)})
    data = (ctypes.c_float * 64)()
    assert "has 64 elements (float32 1x1x8x8), but size is 63" in api.refuse("MXPredSetInput", handle, b"data", data, 63)
    assert "data is null" in api.refuse("MXPredSetInput", handle, b"data", None, 64)
    assert "no input 'date'" in api.refuse("MXPredSetInput", handle, b"date", data, 64)
    assert "key is null" in api.refuse("MXPredSetInput", handle, None, data, 64)
    assert "'fc1_bias' is a parameter" in api.refuse("MXPredSetInput", handle, b"fc1_bias", data, 10)
    assert "has 10 elements" in api.refuse("MXPredGetOutput", handle, 0, data, 64)
    assert "no output 1: the model has 1" in api.refuse("MXPredGetOutput", handle, 1, data, 10)
    assert "no output 7" in api.refuse("MXPredGetOutputShape", handle, 7, ctypes.byref(ctypes.c_void_p()),
                                       ctypes.byref(ctypes.c_uint32()))
    assert "step_left is null" in api.refuse("MXPredPartialForward", handle, 0, None)
    out = ctypes.c_void_p()
    assert "fc0" in api.refuse("MXPredReshape", *api.shapes({"data": (1, 1, 20, 20)}), handle, ctypes.byref(out))
    api.call("MXPredFree", handle)
    for function, arguments in {"MXPredForward": [], "MXPredFree": [], "MXPredSetInput": [b"data", data, 64],
                                "MXPredGetOutput": [0, data, 10]}.items():
        assert "is not that of a predictor" in api.refuse(function, handle, *arguments)
    assert "is not that of a predictor" in api.refuse("MXPredForward", ctypes.c_void_p(16))
    api.call("MXPredFree", None)
    # What failed in another thread is not known here.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(api.lib.MXGetLastError).result() == b""


def test_bad_lists(api):
    out, length = ctypes.c_void_p(), ctypes.c_uint32()
    refuse = lambda text: api.refuse("MXNDListCreate", text, len(text), ctypes.byref(out), ctypes.byref(length))
    assert "nd_file_bytes: the file is cut off" in refuse(PARAMS.read_bytes()[:1000])
    assert "0x112" in refuse(b"P5 8 8 255\n" + bytes(64))
    whole = PARAMS.read_bytes()
    api.call("MXNDListCreate", whole, len(whole), ctypes.byref(out), ctypes.byref(length))
    pointers = [ctypes.byref(ctypes.c_void_p()) for _ in range(3)] + [ctypes.byref(length)]
    assert "no array 16: the list has 16" in api.refuse("MXNDListGet", out, 16, *pointers)
    api.call("MXNDListFree", out)
    assert "is not that of a list" in api.refuse("MXNDListGet", out, 0, *pointers)
    assert "is not that of a list" in api.refuse("MXNDListFree", out)


# element types, and parameters as inputs

@pytest.mark.parametrize("code, dtype, tolerance", [(1, "f8", 1e-5), (2, "f2", 2e-2)])
def test_element_types(api, code, dtype, tolerance):
    """A network without weights in another type: relu(x) in each."""
    symbol = (b'{"nodes": [{"op": "null", "name": "x", "inputs": []}, {"op": "relu", "name": "y", "inputs": [[0, 0]]}],'
              b' "arg_nodes": [0], "heads": [[1, 0]]}')
    handle, names, codes = ctypes.c_void_p(), (ctypes.c_char_p * 1)(b"x"), (ctypes.c_int * 1)(code)
    api.call("MXPredCreateEx", symbol, None, 0, 1, 0, *api.shapes({"x": (3, 5)}), 1, names, codes, ctypes.byref(handle))
    x = np.random.default_rng(1).normal(size=(3, 5)).astype(dtype)
    got = api.answers(handle, "x", x)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, np.maximum(x, 0), atol=tolerance)
    api.call("MXPredFree", handle)


def test_parameters_can_be_inputs(api):
    """One that is named starts with the file's value and can be set."""
    test = np.load(DIGITS / "test.npz")
    data = test["data"][:4].astype("f4")
    handle = api.create(SYMBOL.read_bytes(), PARAMS.read_bytes(), {"data": (4, 1, 8, 8), "fc1_bias": (10,)})
    np.testing.assert_allclose(api.answers(handle, "data", data), test["softmax_output"][:4], atol=1e-4)
    bias = np.zeros(10, "f4")
    bias[3] = 1000
    assert (api.answers(handle, "fc1_bias", bias).argmax(axis=1) == 3).all()
    # A reshaped predictor takes the values over.
    out = ctypes.c_void_p()
    api.call("MXPredReshape", *api.shapes({"data": (2, 1, 8, 8)}), handle, ctypes.byref(out))
    assert (api.answers(out, "data", data[:2]).argmax(axis=1) == 3).all()
    for each in (handle, out):
        api.call("MXPredFree", each)


def test_outputs_whose_shape_depends_on_values(api):
    """The shape of an output is the largest one before it is computed, then that which it has."""
    symbol = (b'{"nodes": [{"op": "null", "name": "x", "inputs": []}, {"op": "null", "name": "m", "inputs": []},'
              b' {"op": "_contrib_boolean_mask", "name": "mask", "inputs": [[0, 0], [1, 0]]}],'
              b' "arg_nodes": [0, 1], "heads": [[2, 0]]}')
    handle = ctypes.c_void_p()
    api.call("MXPredCreate", symbol, None, 0, 1, 0, *api.shapes({"x": (6, 2), "m": (6,)}), ctypes.byref(handle))
    shape, rank = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_uint32()
    api.call("MXPredGetOutputShape", handle, 0, ctypes.byref(shape), ctypes.byref(rank))
    assert [shape[i] for i in range(rank.value)] == [6, 2]
    x = np.arange(12, dtype="f4").reshape(6, 2)
    api.call("MXPredSetInput", handle, b"x", x.ctypes.data_as(ctypes.c_void_p), x.size)
    for mask in ([0, 1, 0, 0, 1, 1], [0] * 6, [1] * 6, [0, 0, 0, 1, 0, 0]):
        mask = np.array(mask, "f4")
        np.testing.assert_array_equal(api.answers(handle, "m", mask), x[mask != 0])
    api.call("MXPredFree", handle)
