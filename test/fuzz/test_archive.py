# SPDX-License-Identifier: Apache-2.0
"""Archives of model servers with any bytes: no crash, no five seconds of silence, no two gigabytes."""
import json
import zipfile

from fuzz.fuzzer import fuzz

SIGNATURE = {"inputs": [{"data_name": "data", "data_shape": [0, 1, 8, 8]}]}
MANIFESTS = {
    "MANIFEST.json": {"Model": {"Symbol": "a-symbol.json", "Parameters": "a-0001.params", "Signature": "signature.json"}},
    "MAR-INF/MANIFEST.json": {"specificationVersion": "1.0", "model": {"modelName": "a", "handler": "b.py:handle"}},
    "README": {}}


def make_seeds(folder):
    """Small archives as programs write them, and their members as the fuzzer takes them."""
    for i, (name, manifest) in enumerate(MANIFESTS.items()):
        members = {name: json.dumps(manifest), "signature.json": json.dumps(SIGNATURE), "a-symbol.json": "{}" * 100,
                   "a-0000.params": "old", "a-0001.params": "new", "b/c.txt": ""}
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(folder / f"{i}-{method}", "w", method) as archive:
                for member, text in members.items():
                    archive.writestr(member, text)
        (folder / f"{i}-members").write_text("\0".join(part for item in members.items() for part in item))


def test_archives_survive(tmp_path):
    (tmp_path / "seeds").mkdir()
    make_seeds(tmp_path / "seeds")
    fuzz("FuzzArchive", "archive", tmp_path, 20, "-max_len=4096")
