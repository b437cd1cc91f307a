# SPDX-License-Identifier: Apache-2.0
"""`dlc run`, `verify`, `bench` and `inspect` on an artifact written by hand (affine.c): flags, messages, statuses."""
import json
import os
import resource
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from conftest import BUILD, dlc

GOOD = BUILD / "test" / "tools" / "affine13.so"
BAD = BUILD / "test" / "tools" / "affine14.so"
CUDA_ONLY = BUILD / "test" / "tools" / "affinecuda.so"
X = np.arange(6, dtype=np.float32).reshape(2, 3)
SHIFT = np.array([1], np.float32)


def savez(path, **arrays):
    np.savez(path, **{key.replace("__", ":"): value for key, value in arrays.items()})
    return path


@pytest.fixture
def io(tmp_path):
    return savez(tmp_path / "io.npz", in__data=X, in__shift=SHIFT, out__affine_output=2 * X + 1)


def refuse(*arguments, message, status=3):
    """`dlc` must fail with one line of error that holds `message`."""
    lines = dlc(*arguments, status=status).stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ") and message in lines[0], lines


# run

def test_run_writes_outputs(tmp_path, io):
    dlc("run", GOOD, "--io", io, "--output", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as outputs:
        assert list(outputs) == ["out:affine_output"]
        np.testing.assert_array_equal(outputs["out:affine_output"], 2 * X + 1)


def test_run_takes_npy_files(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "shift.npy", SHIFT)
    dlc("run", GOOD, "--input", f"data={tmp_path}/x.npy", "--input", f"shift={tmp_path}/shift.npy", "--output",
        tmp_path / "out.npz", "--threads", "1", "--device", "cpu:0")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npz")["out:affine_output"], 2 * X + 1)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("keys", [("data", "shift"), ("in:data", "aux:shift"), ("aux:data", "shift")])
def test_run_takes_every_form_of_key(tmp_path, save, keys):
    save(tmp_path / "io.npz", **{keys[0]: np.asfortranarray(X), keys[1]: SHIFT})
    printed = dlc("run", GOOD, "--io", tmp_path / "io.npz").stdout
    assert printed == "affine_output: float32 2x3, 1 to 11, mean 6\n"


def test_run_without_inputs_is_random_by_seed(tmp_path):
    def outputs(seed):
        dlc("run", GOOD, "--seed", seed, "--output", tmp_path / "out.npz")
        return np.load(tmp_path / "out.npz")["out:affine_output"]
    np.testing.assert_array_equal(outputs(1), outputs(1))
    assert (outputs(1) != outputs(2)).all()
    assert 0 <= outputs(1).min() and outputs(1).max() < 3


def test_same_outputs_give_the_same_file(tmp_path, io):
    for name in ("a.npz", "b.npz"):
        dlc("run", GOOD, "--io", io, "--output", tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_known_variables_are_ignored(tmp_path):
    io = savez(tmp_path / "io.npz", data=X, shift=SHIFT, label=np.zeros(7), grad__data=X, out__other=X)
    dlc("run", GOOD, "--io", io)


def test_unknown_names_are_an_error(tmp_path):
    io = savez(tmp_path / "io.npz", data=X, shift=SHIFT, in__what=X)
    refuse("run", GOOD, "--io", io, message="'in:what', but the model has no such variable; its inputs are data, shift")
    np.save(tmp_path / "x.npy", X)
    refuse("run", GOOD, "--input", f"what={tmp_path}/x.npy", message="there is no input 'what'")


@pytest.mark.parametrize("data, message", [
    (X.astype(np.float64), "input 'data' is float64 2x3, but the model takes float32 2x3"),
    (X.reshape(3, 2), "input 'data' is float32 3x2, but the model takes float32 2x3"),
    (X.reshape(6), "is float32 6,"),
    (np.array(["a"]), "elements of type '<U1'")])
def test_inputs_must_fit(tmp_path, data, message):
    refuse("run", GOOD, "--io", savez(tmp_path / "io.npz", data=data, shift=SHIFT), message=message)


def test_all_missing_inputs_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    refuse("run", GOOD, "--io", tmp_path / "empty.npz",
           message="no value is given for input 'data' (float32 2x3), 'shift' (float32 1)")


def test_damaged_inputs(tmp_path, io):
    whole = io.read_bytes()
    cut = tmp_path / "cut.npz"
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        refuse("run", GOOD, "--io", cut, message="cut.npz: ")
    refuse("run", GOOD, "--io", tmp_path / "missing.npz", message="can't be read: No such file")


def test_profile_is_a_trace(tmp_path, io):
    dlc("run", GOOD, "--io", io, "--profile", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "X"]


def test_missing_device():
    refuse("run", GOOD, "--device", "cuda:77", message="cuda:77: there is no ")
    for device in ("cpu:1", "tpu:0", "cuda:99999999999"):
        refuse("run", GOOD, "--device", device, message=f"needs device '{device}'")


# CUDA devices

@pytest.fixture(params=[{}, {"DLC_EMULATOR_ASYNC": "1"}, {"DLC_CUDA_GRAPHS": "0"}], ids=["graphs", "late", "steps"])
def cuda(request):
    """The environment of a machine with two devices, which leave nothing unsaid."""
    return {"env": {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "emulator"), "DLC_EMULATOR_DEVICES": "2",
                    "DLC_EMULATOR_LEAKS": "1", **request.param}}


@pytest.mark.parametrize("artifact", [GOOD, CUDA_ONLY])
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_runs(tmp_path, io, cuda, artifact, device):
    run = dlc("run", artifact, "--io", io, "--output", tmp_path / "out.npz", "--device", device, **cuda)
    assert run.stderr == ""
    with np.load(tmp_path / "out.npz") as outputs:
        np.testing.assert_array_equal(outputs["out:affine_output"], 2 * X + 1)
    run = dlc("verify", artifact, "--io", io, "--device", device, **cuda)
    assert run.stdout.startswith("ok") and run.stderr == ""
    run = dlc("verify", artifact, "--device", device, **cuda)
    assert run.stdout.startswith("ok") and run.stderr == ""


def test_cuda_bench(io, cuda):
    flags = ["bench", GOOD, "--io", io, "--seconds", "0", "--device", "cuda:1"]
    run = dlc(*flags, "--json", **cuda)
    figures = json.loads(run.stdout)
    assert figures["runs"] == 3 and figures["device"] == "cuda:1" and figures["target"] == "sm_90"
    assert figures["median_ms"] > 0 and "peak_gflops" not in figures and run.stderr == ""
    assert "(3 runs, cuda:1, sm_90)" in dlc(*flags, **cuda).stdout


def test_cuda_profile(tmp_path, io, cuda):
    run = dlc("run", GOOD, "--io", io, "--device", "cuda:0", "--profile", tmp_path / "trace.json", **cuda)
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace["otherData"]["target"] == "sm_90" and run.stderr == ""
    [event] = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert event["name"] == "affine" and event["args"]["nodes"] == "affine0, shift0" and event["dur"] > 0


def test_cuda_is_missing(cuda):
    cuda["env"]["DLC_EMULATOR_DEVICES"] = "1"
    run = dlc("run", GOOD, "--device", "cuda:1", status=3, **cuda)
    assert run.stderr.endswith(": cuda:1: there is no such device: the last one is cuda:0\n")
    refuse("run", CUDA_ONLY, message="was compiled for CUDA devices only; run it on cuda:0, or compile it with")


# outputs that can't be written

def test_unwritable_outputs(tmp_path, io):
    refuse("run", GOOD, "--io", io, "--output", tmp_path / "missing" / "out.npz", message="can't be written: No such")
    refuse("run", GOOD, "--io", io, "--output", tmp_path, message="can't be written: Is a directory")
    # Through a link: a defect that removes or replaces its target must not reach the machine's device.
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    refuse("run", GOOD, "--io", io, "--output", full, message="can't be written: No space left")
    refuse("run", GOOD, "--io", io, "--profile", full, message="full: No space left")
    assert full.is_symlink() and full.is_char_device()
    refuse("run", GOOD, "--io", io, "--profile", tmp_path, message="Is a directory")


def test_a_full_disk_leaves_no_file(tmp_path, io):
    """A limit on the size of files stands for a full disk."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = sorted(tmp_path.iterdir())
    (tmp_path / "old.npz").write_bytes(b"old")
    run = dlc("run", GOOD, "--io", io, "--output", tmp_path / "old.npz", status=3, preexec_fn=limit)
    assert "can't be written" in run.stderr
    assert (tmp_path / "old.npz").read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "old.npz"])


# verify

def test_verify_compares(io):
    assert dlc("verify", GOOD, "--io", io).stdout.startswith("ok")


def test_verify_shows_where_values_differ(tmp_path):
    want = 2 * X + 1
    want[1, 2] += 0.5
    io = savez(tmp_path / "io.npz", data=X, shift=SHIFT, out__affine_output=want)
    report = dlc("verify", GOOD, "--io", io, status=1).stdout
    assert report.startswith("DIFFER  affine_output") and "at [1, 2]: 11, wanted 11.5" in report
    dlc("verify", GOOD, "--io", io, "--rtol", "0.1")
    dlc("verify", GOOD, "--io", io, "--atol", "0.51")


@pytest.mark.parametrize("want", [(2 * X + 1).reshape(3, 2), (2 * X + 1).astype(np.int64), np.full_like(X, np.nan)])
def test_verify_notices_other_types_and_nans(tmp_path, want):
    io = savez(tmp_path / "io.npz", data=X, shift=SHIFT, out__affine_output=want)
    assert "DIFFER" in dlc("verify", GOOD, "--io", io, status=1).stdout


def test_verify_uses_the_embedded_test():
    dlc("verify", GOOD)
    report = dlc("verify", BAD, status=1).stdout
    assert "at [1, 2]: 13, wanted 14" in report
    dlc("verify", BAD, "--rtol", "0.1")


def test_verify_needs_something_to_compare(tmp_path):
    refuse("verify", GOOD, "--io", savez(tmp_path / "io.npz", data=X, shift=SHIFT), message="nothing to compare")
    io = savez(tmp_path / "io2.npz", data=X, shift=SHIFT, out__other=X)
    refuse("verify", GOOD, "--io", io, message="'out:other', but the model's outputs are affine_output")


# bench

def test_bench(io):
    figures = json.loads(dlc("bench", GOOD, "--io", io, "--seconds", "0", "--threads", "1", "--json").stdout)
    assert figures["runs"] == 3 and figures["threads"] == 1 and figures["device"] == "cpu:0"
    assert figures["min_ms"] <= figures["median_ms"] <= figures["p90_ms"] <= figures["p99_ms"]
    assert "median" in dlc("bench", GOOD, "--seconds", "0.01").stdout


# inspect

def test_inspect():
    facts = json.loads(dlc("inspect", GOOD, "--json").stdout)
    assert facts["inputs"][0] == {"name": "data", "dtype": "float32", "shape": [2, 3]}
    printed = dlc("inspect", GOOD, "--kernels").stdout
    assert "affine_output: float32 2x3" in printed and "affine0, shift0" in printed
    assert "cuda      machine code for sm_90, 5 kB\n" in printed
    assert "cuda      PTX for sm_80 and newer, 700 B\n" in printed
    assert "1 x 6 + 65.54 kB" in printed


def test_inspect_reads_other_machines_artifacts(tmp_path):
    image = bytearray(GOOD.read_bytes())
    image[18:20] = (183).to_bytes(2, "little")  # AArch64
    (tmp_path / "arm.so").write_bytes(image)
    dlc("inspect", tmp_path / "arm.so")
    refuse("run", tmp_path / "arm.so", message="is compiled for AArch64, but this machine is x86-64")


# files that are no artifacts

@pytest.mark.parametrize("command", ["run", "verify", "bench", "inspect"])
def test_other_files(tmp_path, command):
    whole, cut = GOOD.read_bytes(), tmp_path / "cut.so"
    for length in (4, 63, 64, 200, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        refuse(command, cut, message="cut.so: is ")
    refuse(command, tmp_path / "missing.so", message="can't be read: No such file")
    # A folder may be a model's, which only `inspect` takes.
    is_directory = "holds no model" if command == "inspect" else "can't be read: Is a directory"
    refuse(command, tmp_path, message=is_directory)


def test_other_libraries():
    library = subprocess.run(["clang-22", "-print-file-name=libz.so"], capture_output=True, text=True, check=True)
    path = os.path.realpath(library.stdout.strip())
    refuse("inspect", path, message="is not an artifact of dlc")
    refuse("run", path, message="dlc_model_v1")


def test_a_bare_file_name(tmp_path):
    shutil.copy(GOOD, tmp_path / "model.so")
    dlc("run", "model.so", cwd=tmp_path)


# the command line

@pytest.mark.parametrize("arguments", [
    [], ["walk"], ["run"], ["run", GOOD, "--what"], ["run", GOOD, "--threads", "many"], ["run", GOOD, "--threads", "0"],
    ["run", GOOD, "--input", "data"], ["run", GOOD, "--device", "?"], ["run", GOOD, "more"], ["run", GOOD, "--io"],
    ["verify", GOOD, "--rtol", "x"], ["verify", GOOD, "--atol", "-1"], ["bench", GOOD, "--seconds", "-1"],
    ["run", GOOD, "--seed", "x"]])
def test_wrong_command_lines(arguments):
    refuse(*arguments, message="--help", status=2)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help(arguments):
    assert "dlc" in dlc(*arguments).stdout


def test_starts_without_llvm(io):
    run = dlc("run", GOOD, "--io", io, env={**os.environ, "LD_DEBUG": "files"})
    assert "LLVM" not in run.stderr
