# SPDX-License-Identifier: Apache-2.0
"""Every pass over the graph keeps a model's values.

Each pass runs on imported models, after those that come before it in the
pipeline; then the rest of the pipeline makes an artifact, whose outputs are
compared with MXNet's. Weights are put into the text, so that passes that fold
them have them.
"""
import json
import re
import struct
import subprocess

import pytest
from conftest import BUILD, ROOT, dlc, model_named

FLAGS = re.findall(r'Pass<\s*"([^"]+)"', (ROOT / "passes" / "graph" / "Passes.td").read_text())
# The order of compiler/Pipeline.cpp; a layout or a group is made only once, so
# the kernels are what is compiled further.
ORDER = ["graph-split-rnn", "graph-fold-constants", "graph-fold-batch-norm", "graph-simplify", "graph-split-deconv",
         "graph-fuse-attention", "graph-propagate-strides", "graph-choose-winograd", "graph-assign-layouts", "graph-form-groups"]
MODELS = ["digits", "dense_net", "residual_v1", "residual_v2", "unet", "lstm_cells", "lstm_lm", "detector", "rcnn", "translator",
          "bert_encoder", "segmenter"]


def inline_weights(text, weights):
    """`text` with the tensors of the safetensors file `weights` as resources in it."""
    image = weights.read_bytes()
    (length,) = struct.unpack_from("<Q", image)
    data = image[8 + length:]
    rows = []
    for name, tensor in json.loads(image[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            rows.append(f'      "{name}": "0x40000000{data[begin:end].hex()}"')
    return text + "\n{-#\n  dialect_resources: {\n    builtin: {\n" + ",\n".join(rows) + "\n    }\n  }\n#-}\n"


def graph_text(model, folder):
    """The imported graph of `model`, weights included."""
    dlc("compile", model.symbol, *model.flags, "--emit", "graph", "-O0", "-o", folder / "graph.mlir")
    return inline_weights((folder / "graph.mlir").read_text(), folder / "graph.safetensors")


def opt(text, *flags):
    run = subprocess.run([BUILD / "bin" / "dlc-opt", *flags, "-"], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_every_pass_is_in_the_order():
    # These models have no narrow floats; test_types.py compares what becomes of them.
    assert sorted([*ORDER, "graph-widen-floats"]) == sorted(FLAGS)


@pytest.mark.parametrize("flag", ORDER)
def test_pass_keeps_values(flag, tmp_path):
    changed = []
    place = ORDER.index(flag)
    rest = [f"--{later}" for later in (*ORDER[place + 1:], "lower-to-kernels")]
    for name in MODELS:
        model = model_named(name)
        before = opt(graph_text(model, tmp_path), *(f"--{earlier}" for earlier in ORDER[:place]))
        after = opt(before, f"--{flag}")
        if after != before:
            changed.append(name)
            (tmp_path / "after.mlir").write_text(opt(after, *rest))
            dlc("compile", tmp_path / "after.mlir", "-o", tmp_path / "after.so")
            dlc("verify", tmp_path / "after.so", "--io", model.io, "--rtol", "1e-3")
    assert changed, "no model has anything for this pass to do"
