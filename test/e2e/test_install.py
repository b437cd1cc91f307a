# SPDX-License-Identifier: Apache-2.0
"""An installed tree is enough: programs, headers and `find_package(dlc)`."""
import os
import subprocess

import numpy as np
import pytest
from conftest import BUILD, DATA, ROOT, dlc, for_models

PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
find_package(dlc REQUIRED)
add_executable(shared classify.c)
target_link_libraries(shared PRIVATE dlc::runtime)
add_executable(static classify.c)
target_link_libraries(static PRIVATE dlc::runtime_static)
add_executable(predict predict.c)
target_link_libraries(predict PRIVATE dlc::predict)
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """A fresh installation."""
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True, capture_output=True)
    return folder


@pytest.mark.xdist_group("install")
def test_only_public_headers_are_installed(prefix):
    headers = {str(path.relative_to(prefix)) for path in prefix.rglob("*.h")}
    assert {"include/dlc/model.h", "include/dlc/mxnet/c_predict_api.h"} <= headers
    assert all(header.startswith("include/dlc/") for header in headers), headers


@pytest.mark.xdist_group("install")
def test_installed_compiler_needs_no_build_tree(prefix, tmp_path):
    symbol = ROOT / "test" / "data" / "digits" / "digits-symbol.json"
    subprocess.run([prefix / "bin" / "dlc", "compile", symbol, "--input", "data=1x1x8x8", "-o", tmp_path / "digits.so"],
                   check=True, env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path)
    dlc("inspect", tmp_path / "digits.so")


@pytest.mark.xdist_group("install")
@pytest.mark.parametrize("program", ["shared", "static", "predict"])
def test_find_package(prefix, tmp_path, program):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    for name, folder in {"classify.c": "c", "predict.c": "predict"}.items():
        (tmp_path / name).write_bytes((ROOT / "examples" / folder / "classify.c").read_bytes())
    for command in (["cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
                     "-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22"],
                    ["ninja", "-C", tmp_path / "build", program]):
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "CCACHE_DISABLE": "1"})
    assert (tmp_path / "build" / program).exists()
    if program == "predict":
        classify_digits(tmp_path / "build" / program, tmp_path)


def classify_digits(program, folder):
    """Runs the example of the predict API from an empty cache; it must know most digits."""
    test = np.load(DATA / "digits" / "test.npz")
    test["data"].astype("<f4").tofile(folder / "images.f32")
    printed = subprocess.run([program, DATA / "digits" / "digits-symbol.json", DATA / "digits" / "digits-0020.params",
                              folder / "images.f32", "1", "8", "8"], capture_output=True, text=True, check=True,
                             env={"PATH": "/usr/bin:/bin", "DLC_CACHE_DIR": str(folder / "cache")}).stdout
    classes = [int(line.split()[3]) for line in printed.splitlines()]
    assert classes == test["softmax_output"].argmax(axis=1).tolist()
    assert len(list((folder / "cache" / "predict").iterdir())) == 1


@for_models("digits")
@pytest.mark.parametrize("example", ["classify-c", "classify-cpp"])
def test_examples_run(model, example):
    run = subprocess.run([BUILD / "bin" / example, model.artifact], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_example_of_the_predict_api(tmp_path):
    classify_digits(BUILD / "bin" / "classify-mxnet", tmp_path)
