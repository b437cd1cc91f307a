# SPDX-License-Identifier: Apache-2.0
"""Archives of model servers with any bytes: no crash, no five seconds of silence, no two gigabytes."""
import json
import zipfile

import numpy as np
from conftest import Symbol
from e2e import params
from fuzz.fuzzer import fuzz

SIGNATURE = {"inputs": [{"data_name": "data", "data_shape": [0, 3]}]}
MANIFESTS = {
    "MANIFEST.json": {"Model": {"Symbol": "a-symbol.json", "Parameters": "a-0001.params", "Signature": "signature.json"}},
    "MAR-INF/MANIFEST.json": {"specificationVersion": "1.0", "model": {"modelName": "a", "handler": "b.py:handle"}},
    "README": {}}


def make_model(path):
    """Writes a layer's symbol and returns its weights."""
    symbol = Symbol()
    inputs = [symbol("null", name) for name in ("data", "w", "b")]
    symbol.save(path, symbol("FullyConnected", "fc", *inputs, num_hidden=2))
    return {"arg:w": np.arange(6, dtype=np.float32).reshape(2, 3), "arg:b": np.ones(2, np.float32)}


def make_seeds(folder, model):
    """Small archives as programs write them, and their members as the fuzzer takes them."""
    weights = make_model(model)
    for i, (name, manifest) in enumerate(MANIFESTS.items()):
        members = {name: json.dumps(manifest).encode(), "signature.json": json.dumps(SIGNATURE).encode(),
                   "a-symbol.json": model.read_bytes(), "a-0000.params": b"old",
                   "a-0001.params": params.pack(weights, version=i), "b/c.txt": b""}
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(folder / f"{i}-{method}", "w", method) as archive:
                for member, content in members.items():
                    archive.writestr(member, content)
        parts = [part for member, content in members.items() for part in (member.encode(), content)]
        assert not any(b"\xff" in part for part in parts)
        (folder / f"{i}-members").write_bytes(b"\xff".join(parts))


def test_archives_survive(tmp_path):
    (tmp_path / "seeds").mkdir()
    make_seeds(tmp_path / "seeds", tmp_path / "model.json")
    fuzz("FuzzArchive", "archive", tmp_path, 20, "-max_len=4096")
