# SPDX-License-Identifier: Apache-2.0
"""The digits model in every version of MXNet's files, old ones too, gives the same answers."""
import pytest
from conftest import DATA, dlc, for_models

DIGITS = DATA / "digits"
SYMBOLS = ["legacy/v0_8-symbol.json", "legacy/v0_9-symbol.json", "digits-symbol.json"]
PARAMS = ["legacy/v0.params", "legacy/v1.params", "digits-0020.params", "legacy/v3.params"]


@for_models("digits")
@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_gives_the_same_answers(model, tmp_path, symbol, params):
    dlc("compile", DIGITS / symbol, "--params", DIGITS / params, "--input=data=360x1x8x8", "-o", tmp_path / "digits.so")
    dlc("verify", tmp_path / "digits.so", "--io", model.io)
    (tmp_path / "digits.so").unlink()


@for_models("digits")
def test_versions_end_in_the_same_code(model, tmp_path):
    """What old files leave out is completed before anything is decided."""
    texts = set()
    for number, symbol in enumerate(SYMBOLS):
        stage = tmp_path / f"{number}.mlir"
        dlc("compile", DIGITS / symbol, "--params", model.params, "--input=data=1x1x8x8", "--emit", "kernels", "-o", stage)
        text = stage.read_text()
        # The names of variables that only training knows differ; files before 0.9 also lack some.
        texts.add("\n".join(line for line in text.splitlines() if "graph.variables" not in line))
    assert len(texts) == 1
