# SPDX-License-Identifier: Apache-2.0
"""Runs libFuzzer's programs."""
import os
import subprocess

from conftest import BUILD, ROOT

# To look for longer than the tests do, and for other things.
SECONDS = os.environ.get("DLC_FUZZ_SECONDS")
SEED = os.environ.get("DLC_FUZZ_SEED", "1")


def fuzz(name, corpus, tmp_path, seconds, *flags):
    """Runs a program over the folder `seeds` of tmp_path and a kept corpus, then looks for `seconds` beyond them."""
    found = tmp_path / "found"
    found.mkdir()
    # What MLIR's context keeps looks like a leak after each input, and looking for those takes most of the time; at the
    # end they are still looked for.
    run = subprocess.run([BUILD / "test" / "fuzz" / name, found, tmp_path / "seeds",
                          ROOT / "test" / "fuzz" / "corpus" / corpus, f"-max_total_time={SECONDS or seconds}",
                          "-detect_leaks=0", "-timeout=5", "-rss_limit_mb=2048", f"-seed={SEED}",
                          f"-artifact_prefix={tmp_path}/", *flags],
                         capture_output=True, text=True, errors="replace", check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    assert "DONE" in run.stderr
