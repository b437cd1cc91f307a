# SPDX-License-Identifier: Apache-2.0
"""`dlc compile --report`: the page's data, and that a browser draws it."""
import json
import re
import subprocess
from html.parser import HTMLParser

import pytest
from conftest import dlc, for_models

BROWSER = "chromium-headless-shell"


def compile_with_report(model, tmp_path, *flags):
    page = tmp_path / "report.html"
    dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "model.so", "--report", page, *flags)
    return page


def data_of(page):
    return json.loads(re.search(r'id="data">(.*)</script>\n<script>', page.read_text(), re.DOTALL).group(1))


class Drawing(HTMLParser):
    """Counts the elements of a page by tag, within the element of each id that was opened last."""

    def __init__(self):
        super().__init__()
        self.place, self.counts, self.texts = None, {}, {}

    def handle_starttag(self, tag, attrs):
        self.place = dict(attrs).get("id", self.place)
        key = self.place, tag
        self.counts[key] = self.counts.get(key, 0) + 1

    def handle_data(self, data):
        self.texts[self.place] = self.texts.get(self.place, "") + data


def draw(page):
    """What the page's script makes of it."""
    run = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom",
                          page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    drawing = Drawing()
    drawing.feed(run.stdout)
    return drawing


@for_models("lenet")
def test_report_describes_the_artifact(model, tmp_path):
    data = data_of(compile_with_report(model, tmp_path))
    facts = json.loads(dlc("inspect", tmp_path / "model.so", "--json").stdout)
    assert data["artifact"] == facts | {"digests": data["artifact"]["digests"]}
    assert [step["kernel"] for step in data["steps"]] == [step["kernel"] for step in facts["steps"]]
    assert max(b["offset"] + b["bytes"] for b in data["buffers"]) <= facts["arena_bytes"]
    assert all(0 <= b["first"] <= b["last"] < len(data["steps"]) for b in data["buffers"])
    for step, _ in enumerate(data["steps"]):
        alive = [b for b in data["buffers"] if b["first"] <= step <= b["last"]]
        assert sum(b["bytes"] for b in alive) <= facts["arena_lower_bound_bytes"]
    categories = {remark["category"] for remark in data["remarks"]}
    assert {"fusion", "layout"} <= categories


@for_models("lenet")
def test_report_changes_nothing_and_is_the_same_each_time(model, tmp_path):
    pages = []
    for name in "ab":
        (tmp_path / name).mkdir()
        pages.append(compile_with_report(model, tmp_path / name, "--threads", "2").read_bytes())
        assert (tmp_path / name / "model.so").read_bytes() == model.artifact.read_bytes()
    assert pages[0] == pages[1]


@for_models("lenet")
def test_browser_draws_the_report(model, tmp_path):
    page = compile_with_report(model, tmp_path)
    data, drawing = data_of(page), draw(page)
    assert drawing.counts["arena", "rect"] == len(data["buffers"])
    assert drawing.counts["roofline", "circle"] == sum(step["flops"] > 0 for step in data["steps"])
    assert drawing.counts["kernels", "tr"] == len(data["steps"]) + 1
    assert "estimate" in drawing.texts["kernels-note"]
    assert data["steps"][0]["kernel"] in drawing.texts["kernels"]


@pytest.mark.parametrize("targets", ["cuda", "cpu,cuda"])
@for_models("lenet")
def test_report_of_code_for_gpus(model, targets, tmp_path):
    page = compile_with_report(model, tmp_path, "--target", targets, "--sm", "90")
    data, drawing = data_of(page), draw(page)
    for kernel in data["artifact"]["kernels"]:
        assert f"{kernel['cuda']['blocks']} x {kernel['cuda']['threads']}" in drawing.texts["kernels"]
        occupancy, = kernel["cuda"]["occupancy"]
        share = int(100 * occupancy["warps"] + 0.5)  # scripts round halves up
        assert f"sm_90 {share} %, {occupancy['registers']} registers" in drawing.texts["kernels"]
    choices = [remark["text"] for remark in data["remarks"] if "of a GPU" in remark["text"]]
    assert any(re.search(r"^\d+ x \d+ x \d+ in tiles of \d+x\d+x\d+, \d stages.* \(mma\), about \d+ cycles; "
                         r".*would take \d+\.\d % longer$", choice) for choice in choices), choices
    has_estimates = "cpu" in targets
    assert drawing.counts.get(("roofline", "circle"), 0) == has_estimates * sum(s["flops"] > 0 for s in data["steps"])
    assert ("of the roof" in drawing.texts["kernels"]) == has_estimates
    assert drawing.counts["arena", "rect"] == len(data["buffers"])
    steps = [{"dur": 2.5, "args": {"step": i}} for i, _ in enumerate(data["steps"])]
    (tmp_path / "trace.json").write_text(json.dumps({"traceEvents": steps, "otherData": {"target": "sm_90"}}))
    page = compile_with_report(model, tmp_path, "--target", targets, "--profile", tmp_path / "trace.json")
    data, drawing = data_of(page), draw(page)
    assert all(step["time_ns"] == 2500 for step in data["steps"])
    assert "2.5" in drawing.texts["kernels"] and "of the roof" not in drawing.texts["kernels"]
    assert "those of the profile" in drawing.texts["kernels-note"]


@for_models("lenet")
def test_report_shows_measured_times(model, tmp_path):
    dlc("run", model.artifact, "--io", model.io, "--profile", tmp_path / "trace.json", "--threads", "1")
    page = compile_with_report(model, tmp_path, "--profile", tmp_path / "trace.json")
    data, drawing = data_of(page), draw(page)
    assert set(data["machine"]["bandwidth_gbs"]) == {"L1", "L2", "L3", "memory"}
    assert all(speed > 0 for speed in data["machine"]["bandwidth_gbs"].values())
    assert data["target"] == data["profile"]["otherData"]["target"] in model.facts["targets"]
    assert all(step["share"] > 0 and step["explained"] > 0 for step in data["steps"])
    assert len(data["profile"]["traceEvents"]) >= len(data["steps"])
    assert "those of the profile" in drawing.texts["kernels-note"]


@for_models("lenet", "lstm_lm", "mobilenet_v2", "bert_encoder", "unet")
def test_slow_kernels_have_reasons(model, tmp_path):
    """Where an estimate is below 40 % of its roof, the instructions say why; times beyond it are called unexplained."""
    data = data_of(compile_with_report(model, tmp_path))
    slow = [step for step in data["steps"] if step["share"] < 0.4]
    assert all(step["reasons"] for step in slow), [step for step in slow if not step["reasons"]]
    assert slow, "no kernel to explain"
    events = [{"dur": 3 * step["time_ns"] / 1000, "args": {"step": i}} for i, step in enumerate(data["steps"])]
    (tmp_path / "trace.json").write_text(json.dumps({"traceEvents": events}))
    again = data_of(compile_with_report(model, tmp_path, "--profile", tmp_path / "trace.json"))
    assert all(step["explained"] == pytest.approx(1 / 3) for step in again["steps"])
    assert [step["reasons"] for step in again["steps"]] == [step["reasons"] for step in data["steps"]]


@pytest.mark.parametrize("trace", ['{"traceEvents": 1}', '{"traceEvents": [1, {"args": 2}, {"args": {"step": "x"}}]}',
                                   '{"traceEvents": [{"args": {"step": 1e9}}], "otherData": []}'])
@for_models("lenet")
def test_odd_trace_tells_nothing(model, trace, tmp_path):
    (tmp_path / "trace.json").write_text(trace)
    data = data_of(compile_with_report(model, tmp_path, "--profile", tmp_path / "trace.json"))
    assert not any("explained" in step for step in data["steps"])


@pytest.mark.parametrize("trace", ["", "{", "[]", "{}", '{"traceEvents": '])
@for_models("lenet")
def test_bad_trace_is_refused(model, trace, tmp_path):
    (tmp_path / "trace.json").write_text(trace)
    run = dlc("compile", model.symbol, *model.flags, "-o", tmp_path / "model.so", "--report", tmp_path / "report.html",
              "--profile", tmp_path / "trace.json", status=3)
    assert "trace.json" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]


@for_models("lenet")
def test_names_cannot_leave_the_data(model, tmp_path):
    page = compile_with_report(model, tmp_path, "--name", "x</script><b>")
    assert page.read_text().count("</script>") == 2
    assert data_of(page)["artifact"]["name"] == "x</script><b>"


@for_models("lenet")
def test_report_that_cannot_be_written(model, tmp_path):
    for target in ("missing/report.html", "/dev/full"):
        run = dlc("compile", model.symbol, *model.flags, "-o", "model.so", "--report", target, status=3, cwd=tmp_path)
        assert "DLC0601" in run.stderr and list(tmp_path.iterdir()) == []
    run = dlc("compile", model.symbol, *model.flags, "-o", "x.mlir", "--emit", "plan", "--report", "r.html", status=3, cwd=tmp_path)
    assert "--report" in run.stderr and list(tmp_path.iterdir()) == []
