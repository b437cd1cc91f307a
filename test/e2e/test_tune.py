# SPDX-License-Identifier: Apache-2.0
"""`dlc compile --tune`: what it measures, what it keeps, and what the file does to later builds."""
import json
import os
import re

import pytest
from conftest import dlc, for_models


def tune(model, folder, *flags, seconds=2, name="tuned.so", **options):
    """Compiles with `--tune` and the cache in `folder`; returns the numbers of the summary and all of stderr."""
    run = dlc("compile", model.symbol, *model.flags, "--cpu", "native", f"--tune={seconds}", *flags,
              "-o", folder / name, env={**os.environ, "DLC_CACHE_DIR": "", "XDG_CACHE_HOME": str(folder)}, **options)
    found = re.search(r"tuned (\d+) kernels?: (\d+) measured, (\d+) from the cache, (\d+) not measured", run.stderr)
    assert found, run.stderr
    return [int(number) for number in found.groups()], run.stderr


def entries(path):
    return json.loads(path.read_text())["entries"]


@for_models("lenet")
def test_answers_hold_and_the_cache_is_used(model, tmp_path):
    (kernels, measured, known, skipped), _ = tune(model, tmp_path, seconds=20)
    assert kernels > 0 and measured == kernels and known == skipped == 0
    dlc("verify", tmp_path / "tuned.so", "--io", model.io)
    assert len(entries(tmp_path / "dlc" / "tune.json")) == kernels
    again, _ = tune(model, tmp_path, name="again.so")
    assert again == [kernels, 0, kernels, 0]
    assert (tmp_path / "again.so").read_bytes() == (tmp_path / "tuned.so").read_bytes()


@for_models("digits")
def test_an_entry_changes_the_code_where_the_file_is_named(model, tmp_path):
    tune(model, tmp_path, seconds=20)
    cache = tmp_path / "dlc" / "tune.json"
    data = json.loads(cache.read_text())
    for entry in data["entries"]:
        entry["schedules"] = [{"rows": 1, "columns": 16, "percent": 8} for _ in entry["schedules"]]
    cache.write_text(json.dumps(data))

    def compile_plan(name, *flags):
        dlc("compile", model.symbol, *model.flags, "--cpu", "native", *flags, "--emit", "plan", "-o", tmp_path / name,
            env={**os.environ, "DLC_CACHE_DIR": "", "XDG_CACHE_HOME": str(tmp_path)})
        return (tmp_path / name).read_text()

    assert "#kernel.schedule" not in compile_plan("plain")
    assert "rows = 1, columns = 16" in compile_plan("named", "--tune-cache", cache)
    # The text has it all: what comes out is what the way in one go gives.
    dlc("compile", tmp_path / "named", "--cpu", "native", "-o", tmp_path / "text.so")
    dlc("compile", model.symbol, *model.flags, "--cpu", "native", "--tune-cache", cache, "-o", tmp_path / "once.so",
        "--report", tmp_path / "report.html")
    assert (tmp_path / "text.so").read_bytes() == (tmp_path / "once.so").read_bytes()
    assert "tuned: 1x16 instead of" in (tmp_path / "report.html").read_text()
    assert "1.08 times as fast" in (tmp_path / "report.html").read_text()
    dlc("compile", model.symbol, *model.flags, "--cpu", "native", "-o", tmp_path / "plain.so")
    assert (tmp_path / "plain.so").read_bytes() != (tmp_path / "once.so").read_bytes()
    dlc("verify", tmp_path / "once.so", "--io", model.io)


@for_models("digits")
def test_entries_of_other_versions_stay(model, tmp_path):
    cache = tmp_path / "dlc" / "tune.json"
    cache.parent.mkdir()
    other = {"compiler": "dlc 99", "cpu": "z80", "target": "t", "kernel": "k", "schedules": [None], "new": [1, 2]}
    cache.write_text(json.dumps({"format": "dlc-tune", "version": 1, "entries": [other]}))
    (kernels, measured, _, _), _ = tune(model, tmp_path, seconds=20)
    assert measured == kernels
    assert other in entries(cache) and len(entries(cache)) == kernels + 1


@for_models("digits")
def test_a_damaged_cache_is_warned_of_once_and_left_alone(model, tmp_path):
    cache = tmp_path / "cache.json"
    cache.write_text("{")
    _, stderr = tune(model, tmp_path, "--tune-cache", cache, seconds=1)
    assert stderr.count("warning:") == 1 and "cache.json" in stderr
    assert cache.read_text() == "{"


@for_models("digits")
def test_time_that_is_over_leaves_kernels_out(model, tmp_path):
    (kernels, measured, _, skipped), _ = tune(model, tmp_path, seconds=0.1)
    assert measured + skipped == kernels and skipped > 0


@for_models("digits")
def test_quiet_says_nothing(model, tmp_path):
    run = dlc("compile", model.symbol, *model.flags, "--tune=0.5", "--tune-cache", tmp_path / "cache.json", "--quiet",
              "-o", tmp_path / "model.so")
    assert run.stderr == "" and (tmp_path / "cache.json").exists()


@pytest.mark.parametrize("flags, status, message", [
    (["--cpu", "armv8-a", "--tune"], 3, "can't run code for the CPUs of --cpu"),
    (["--tune=soon"], 2, "--tune"),
    (["--tune=0"], 2, "--tune"),
    (["--tune", "--emit", "kernels"], 3, "comes before it"),
])
@for_models("digits")
def test_mistakes(model, flags, status, message, tmp_path):
    run = dlc("compile", model.symbol, *model.flags, *flags, "-o", tmp_path / "model.so", status=status)
    assert message in run.stderr
    assert not (tmp_path / "model.so").exists()
