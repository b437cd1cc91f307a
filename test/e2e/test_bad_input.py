# SPDX-License-Identifier: Apache-2.0
"""Bad input ends with a message and exit status 3 and leaves no file behind."""
import json

import pytest
from conftest import DATA, dlc, for_models


@pytest.fixture
def symbol():
    """The digits model's symbol as a dict to spoil."""
    return json.loads((DATA / "digits" / "digits-symbol.json").read_text())


def first(symbol, operator):
    return next(node for node in symbol["nodes"] if node["op"] == operator)


def refuse(tmp_path, symbol, *flags, params=None):
    """Compiles `symbol` (a dict or text), which must fail; returns the message."""
    text = symbol if isinstance(symbol, str) else json.dumps(symbol)
    (tmp_path / "bad-symbol.json").write_text(text)
    params = params or DATA / "digits" / "digits-0020.params"
    run = dlc("compile", tmp_path / "bad-symbol.json", "--params", params, "-o", tmp_path / "bad.so",
              *(flags or ["--input=data=1x1x8x8"]), status=3)
    assert [path.name for path in tmp_path.iterdir() if path.suffix not in (".json", ".params")] == []
    assert all(line.startswith("error: ") for line in run.stderr.splitlines() if line), run.stderr
    return run.stderr


@pytest.mark.parametrize("length", [0, 1, 100, 1000, 3000, 5000])
def test_truncated_symbol(tmp_path, length):
    text = (DATA / "digits" / "digits-symbol.json").read_text()[:length]
    assert "bad-symbol.json" in refuse(tmp_path, text)


MALFORMED = {"list": "[]", "null": "null", "empty": "{}", "nodes": '{"nodes": 3}',
             "head": '{"nodes": [], "arg_nodes": [], "heads": [[0, 0, 0]]}',
             "deep list": "[" * 100000, "deep object": '{"a":' * 100000}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_symbol(tmp_path, text):
    refuse(tmp_path, text)


@pytest.mark.parametrize("length", [0, 7, 8, 24, 30, 60, 1000, 56000, 56560])
def test_truncated_params(tmp_path, length):
    params = tmp_path / "cut.params"
    params.write_bytes((DATA / "digits" / "digits-0020.params").read_bytes()[:length])
    symbol = (DATA / "digits" / "digits-symbol.json").read_text()
    assert "cut.params" in refuse(tmp_path, symbol, params=params)


def test_cycle(tmp_path, symbol):
    operators = [index for index, node in enumerate(symbol["nodes"]) if node["op"] != "null"]
    symbol["nodes"][operators[0]]["inputs"][0] = [operators[1], 0, 0]
    assert symbol["nodes"][operators[0]]["name"] in refuse(tmp_path, symbol)


def test_input_names_a_missing_node(tmp_path, symbol):
    first(symbol, "FullyConnected")["inputs"][0] = [999, 0, 0]
    assert "999" in refuse(tmp_path, symbol)


def test_unknown_operators_are_all_listed_with_a_suggestion(tmp_path, symbol):
    first(symbol, "Convolution")["op"] = "Convolutoin"
    first(symbol, "Pooling")["op"] = "Poling"
    message = refuse(tmp_path, symbol)
    assert all(word in message for word in ("Convolutoin", "'Convolution'", "Poling", "'Pooling'"))


def test_bad_attribute_value(tmp_path, symbol):
    conv = first(symbol, "Convolution")
    conv["attrs"]["kernel"] = "(3, three)"
    message = refuse(tmp_path, symbol)
    assert conv["name"] in message and "kernel" in message and "three" in message


def test_unknown_attribute(tmp_path, symbol):
    first(symbol, "Convolution")["attrs"]["kernle"] = "(3, 3)"
    assert "kernle" in refuse(tmp_path, symbol)


def test_shape_mismatch_names_both_shapes(tmp_path, symbol):
    message = refuse(tmp_path, symbol, "--input=data=1x3x8x8")
    assert first(symbol, "Convolution")["name"] in message


def test_missing_parameters_are_all_listed(tmp_path, symbol):
    renamed = [node for node in symbol["nodes"] if node["name"].endswith("_weight")]
    for weight in renamed:
        weight["name"] += "_gone"
    message = refuse(tmp_path, symbol)
    assert all(weight["name"] in message for weight in renamed)


def test_sizes_that_overflow(tmp_path, symbol):
    refuse(tmp_path, symbol, "--input=data=4611686018427387904x1x8x8")


def test_memory_limit_names_the_largest_tensor(tmp_path, symbol):
    message = refuse(tmp_path, symbol, "--input=data=100000x1x8x8", "--memory-limit", "1MB")
    assert "limit" in message


def test_unknown_output(tmp_path, symbol):
    assert "nothing_output" in refuse(tmp_path, symbol, "--input=data=1x1x8x8", "--outputs", "nothing_output")


def test_unknown_input(tmp_path, symbol):
    assert "nothing" in refuse(tmp_path, symbol, "--input=data=1x1x8x8", "--input=nothing=1x2")


@pytest.mark.parametrize("output", ["missing/model.so", "/dev/full", "."])
@for_models("digits")
def test_output_that_cannot_be_written(model, tmp_path, output):
    run = dlc("compile", model.symbol, *model.flags, "-o", output, status=3, cwd=tmp_path)
    assert "error: " in run.stderr and list(tmp_path.iterdir()) == []


def test_missing_files(tmp_path):
    assert "none-symbol.json" in dlc("compile", "none-symbol.json", "-o", "x.so", status=3, cwd=tmp_path).stderr
    assert "none.so" in dlc("run", "none.so", status=3, cwd=tmp_path).stderr


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["compile"], ["compile", "x.json", "--input"],
                                       ["compile", "x.json", "-o", "x.so", "--input", "data"],
                                       ["compile", "x.json", "-o", "x.so", "--input", "data=axb"],
                                       ["compile", "x.json", "-o", "x.so", "--emit", "nothing"]])
def test_wrong_command_line(tmp_path, arguments):
    dlc(*arguments, status=2, cwd=tmp_path)


def test_check_lists_every_problem(tmp_path, symbol):
    first(symbol, "Convolution")["op"] = "Convolutoin"
    first(symbol, "FullyConnected")["attrs"]["num_hidden"] = "many"
    (tmp_path / "bad-symbol.json").write_text(json.dumps(symbol))
    run = dlc("check", tmp_path / "bad-symbol.json", "--params", DATA / "digits" / "digits-0020.params", status=1)
    assert "Convolutoin" in run.stdout + run.stderr and "many" in run.stdout + run.stderr


@pytest.mark.parametrize("keep", [0, 10, 64, 1000, 0.5, 0.9])
@for_models("digits")
def test_cut_artifact(model, tmp_path, keep):
    image = model.artifact.read_bytes()
    (tmp_path / "cut.so").write_bytes(image[:int(keep if keep > 1 else keep * len(image))])
    for command in ("run", "inspect", "bench"):
        assert "cut.so" in dlc(command, tmp_path / "cut.so", status=3).stderr


def test_artifact_of_another_make():
    assert dlc("run", "/bin/true", status=3).stderr.startswith("error: ")
