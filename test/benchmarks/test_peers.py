# SPDX-License-Identifier: Apache-2.0
"""What `./dev bench peers` computes and writes, without the peers."""
import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from conftest import ROOT

PEERS = ROOT / "benchmarks" / "peers"
sys.path.insert(0, str(PEERS))
import cases  # noqa: E402
import picture  # noqa: E402
import report  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def result(model="net", threads=1, errors=None, **times):
    return report.Result(model, threads, times, errors or dict.fromkeys(times, 0.0))


def test_ratios_are_of_the_best_peer_round_by_round():
    one = result(dlc=[1.0, 2.0, 1.0], onnxruntime=[3.0, 3.0, 3.0], mxnet=[2.0, 2.0, 9.0])
    assert one.best == "mxnet"  # by its median, not its best round
    assert one.ratios == [2.0, 1.0, 9.0]


def test_a_peer_with_wrong_outputs_is_shown_but_never_the_best():
    one = result(dlc=[1.0], openvino=[0.5], mxnet=[2.0], errors={"dlc": 0.0, "openvino": 0.1, "mxnet": 1e-6})
    assert one.best == "mxnet" and one.ratios == [2.0]
    assert "0.500 !" in report.table_row(one, ["dlc", "openvino", "mxnet"])
    assert report.remarks([one]) == ["! net, 1 thread: the outputs of openvino are off by 0.1 of the largest value"]


@pytest.mark.parametrize("error", [0.1, math.inf])
def test_wrong_outputs_of_ours_have_no_ratio(error):
    one = result(dlc=[1.0], mxnet=[2.0], errors={"dlc": error, "mxnet": 0.0})
    assert one.ratios == [] and report.mean_ratio([one]) is None
    assert report.table_row(one, ["dlc", "mxnet"]).split("|")[-4:-2] == [" -     ", " -           "]


def test_a_failure_is_told():
    one = report.Result("net", 2, {"dlc": [1.0]}, {"dlc": 0.0}, {"mxnet": "no memory"})
    assert "failed" in report.table_row(one, ["dlc", "mxnet"])
    assert report.remarks([one]) == ["! net, 2 threads: mxnet failed: no memory"]


def test_deviation_is_relative_to_the_largest_value():
    wanted = [np.float32([1, -10]), np.float32([0.5])]
    assert report.deviation([np.float32([1, -9]), np.float32([0.5])], wanted) == pytest.approx(0.1)
    assert report.deviation([np.float32([1, np.nan]), np.float32([0.5])], wanted) == math.inf
    assert report.deviation([np.float32([[1, -10]]), np.float32([0.5])], wanted) == math.inf
    assert report.deviation(wanted[:1], wanted) == math.inf


def test_means_and_spread():
    assert report.geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert report.geometric_mean([]) is None
    assert report.spread([5.0]) == (5.0, 5.0)
    assert report.spread([1.0, 2.0, 3.0, 4.0, 100.0]) == (2.0, 4.0)


def test_each_group_has_its_means():
    results = [result(dlc=[1.0], mxnet=[4.0]), result(threads=2, dlc=[1.0], mxnet=[1.0]),
               result("product", dlc=[1.0], mxnet=[3.0])]
    start = "geometric mean of best peer / dlc, "
    assert report.summary(results, {"models": ["net"], "gemm": ["product"], "others": ["absent"]}) == [
        f"{start}models, 1 thread: 4.000", f"{start}models, 2 threads: 1.000", f"{start}models, all: 2.000",
        f"{start}gemm, 1 thread: 3.000"]


@pytest.mark.parametrize("milliseconds, text", [(0.01234, "0.0123"), (1.5, "1.50"), (98.76, "98.8"), (1234.5, "1234")])
def test_times_keep_three_digits(milliseconds, text):
    assert report.time_text(milliseconds) == text


def test_rows_line_up_with_the_head():
    names = ["dlc", "onnxruntime"]
    rows = [*report.table_head(names).splitlines(), report.table_row(result(dlc=[1.0], onnxruntime=[2.0]), names)]
    assert len({tuple(index for index, letter in enumerate(row) if letter == "|") for row in rows}) == 1


def test_json_holds_all_that_the_table_needs():
    before = [result(dlc=[1.0, 2.0], mxnet=[3.0, 4.0], errors={"dlc": 0.0, "mxnet": math.inf}),
              report.Result("other", 2, {"dlc": [1.0]}, {"dlc": 1e-7}, {"mxnet": "no memory"})]
    content = report.to_json(before, {"rounds": 2}, {})
    assert "Infinity" not in content  # which is no JSON
    after, facts = report.from_json(content)
    assert after == before and facts == {"rounds": 2}


def test_json_gives_the_figures():
    groups = {"models": ["net"], "gemm": []}
    content = json.loads(report.to_json([result(dlc=[1.0, 1.0], mxnet=[3.0, 5.0])], {}, groups))
    row, = content["results"]
    assert content["geometric_mean"] == {"models": pytest.approx(4.0), "gemm": None}
    assert row["ratio"] == 4.0 and row["best_peer"] == "mxnet" and row["ratio_quartiles"] == [3.5, 4.5]


def test_picture_is_svg_with_a_dot_for_each_peer():
    results = [result("a<b", dlc=[1.0], mxnet=[2.0], openvino=[0.5]),
               result("wrong", dlc=[1.0], mxnet=[2.0], errors={"dlc": 1.0, "mxnet": 0.0})]
    tree = ElementTree.fromstring(picture.draw(results))
    names = [title.text.partition(":")[0] for title in tree.iter(f"{SVG}title")]
    assert sorted(names) == ["mxnet", "openvino"]
    words = [element.text for element in tree.iter(f"{SVG}text")]
    assert "a<b, 1 thread" in words and "no comparison" in words


def test_picture_places_dots_by_ratio():
    scale = picture.Scale([0.5, 4.0])
    assert scale.x(0.5) < scale.x(1) < scale.x(2) < scale.x(4.0)
    assert scale.x(2) - scale.x(1) == pytest.approx(scale.x(4) - scale.x(2))
    assert picture.LEFT <= scale.x(0.5) and scale.x(4.0) <= picture.LEFT + picture.WIDTH


def test_models_are_named_once_and_exist():
    everything = [case.name for case in cases.select(["models", "gemm", "mlp"])]
    assert len(everything) == len(set(everything)) == len(cases.CASES)
    folders = ROOT / "test" / "data" / "models"
    assert all((folders / case.source).is_dir() for case in cases.CASES.values() if case.stored)


@pytest.mark.parametrize("words, needed", [
    ([], ["mxnet", "onnxruntime", "openvino"]),
    (["mlp", "--peers", "openvino"], ["mxnet", "openvino"]),
    (["gemm_256", "--peers", "openblas"], ["mxnet", "openblas"]),
    (["--from", "earlier.json"], []),
])
def test_only_what_is_needed_is_installed(words, needed):
    run = subprocess.run([sys.executable, PEERS / "peers.py", "--environments", *words], capture_output=True, text=True,
                         check=True)
    assert sorted(run.stdout.split()) == needed
    assert all((PEERS / f"{name}.txt").exists() for name in needed)


@pytest.mark.parametrize("words, message", [
    (["resnet51"], "peers: unknown model 'resnet51'; there are "),
    (["mlp", "--peers", "tvm"], "peers: unknown peer 'tvm'; there are onnxruntime, "),
    (["--from", "/missing.json"], "peers: /missing.json: No such file or directory"),
    (["--from", str(ROOT / "test" / "data" / "models" / "mlp" / "params.json")], "peers: "),
    (["mlp", "--rounds", "0"], "peers: rounds, seconds and threads must be above 0"),
])
def test_mistakes_are_one_line(words, message):
    run = subprocess.run([sys.executable, PEERS / "peers.py", *words], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith(message) and run.stderr.count("\n") == 1
