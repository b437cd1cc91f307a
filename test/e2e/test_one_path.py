# SPDX-License-Identifier: Apache-2.0
"""`dlc compile PATH`: one path is enough, whatever a model was saved as."""
import json
import shutil
import struct
import zipfile

import pytest
from conftest import DATA, dlc, for_models

DIGITS = DATA / "digits"
SIGNATURE = {"inputs": [{"data_name": "data", "data_shape": [0, 1, 8, 8]}],
             "outputs": [{"data_name": "softmax", "data_shape": [0, 10]}]}
# As the two generations of model servers write it.
MANIFESTS = {
    "digits.model": ("MANIFEST.json", {"Model-Archive-Version": 0.1, "Model": {
        "Symbol": "digits-symbol.json", "Parameters": "digits-0020.params", "Signature": "signature.json",
        "Service": "mxnet_vision_service.py", "Model-Format": "MXNet-Symbolic"}}),
    "digits.mar": ("MAR-INF/MANIFEST.json", {"specificationVersion": "1.0", "model": {
        "modelName": "digits", "handler": "service.py:handle"}})}


@pytest.fixture
def folder(tmp_path):
    """A folder with the digits model and no more."""
    target = tmp_path / "saved"
    target.mkdir()
    for name in ("digits-symbol.json", "digits-0020.params"):
        shutil.copy(DIGITS / name, target)
    return target


def pack(folder, name, compression=zipfile.ZIP_DEFLATED):
    where, manifest = MANIFESTS[name]
    (folder / "signature.json").write_text(json.dumps(SIGNATURE))
    with zipfile.ZipFile(folder.parent / name, "w", compression) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
        archive.writestr(where, json.dumps(manifest))
        archive.writestr("service.py", "# handles requests\n")
    return folder.parent / name


def check(model, path, tmp_path, *flags):
    artifact = tmp_path / "digits.so"
    dlc("compile", path, "--input=data=360x1x8x8", *flags, "-o", artifact)
    dlc("verify", artifact, "--io", model.io)


@for_models("digits")
def test_prefix_and_folder(model, folder, tmp_path):
    for path in (folder / "digits", folder, f"{folder}/", folder / "digits-symbol.json"):
        check(model, path, tmp_path)


@for_models("digits")
def test_epoch(model, folder, tmp_path):
    """The newest epoch unless told: here it is cut off, so that a wrong choice shows."""
    whole = (folder / "digits-0020.params").read_bytes()
    (folder / "digits-0021.params").write_bytes(whole[:1000])
    for path in (folder / "digits", folder, folder / "digits-symbol.json"):
        check(model, path, tmp_path, "--epoch", "20")
        run = dlc("compile", path, "--input=data=1x1x8x8", "-o", tmp_path / "x.so", status=3)
        assert "digits-0021.params: the file is cut off" in run.stderr
        run = dlc("compile", path, "--input=data=1x1x8x8", "--epoch=4", "-o", tmp_path / "x.so", status=3)
        assert "has no weights of epoch 4" in run.stderr and len(run.stderr.splitlines()) == 1
    dlc("check", folder, "--epoch=20", "--params", DIGITS / "digits-0020.params", status=2)


@for_models("digits")
@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_archive(model, folder, tmp_path, name, compression):
    path = pack(folder, name, compression)
    check(model, path, tmp_path)
    # The signature's shape, with a batch of one, without any flag.
    dlc("compile", path, "-o", tmp_path / "one.so")
    facts = json.loads(dlc("inspect", tmp_path / "one.so", "--json").stdout)
    assert [(tensor["name"], tensor["shape"]) for tensor in facts["inputs"]] == [("data", [1, 1, 8, 8])]
    assert "no problems" in dlc("check", path).stdout
    assert json.loads(dlc("inspect", path, "--json").stdout)["inputs"][0]["shape"] == [1, 1, 8, 8]


def refuse(path, tmp_path):
    run = dlc("compile", path, "-o", tmp_path / "x.so", status=3)
    assert len(run.stderr.splitlines()) == 1 and run.stderr.startswith(f"error: {path}"), run.stderr
    assert not (tmp_path / "x.so").exists()
    return run.stderr


def test_damaged_archives(folder, tmp_path):
    path = pack(folder, "digits.mar")
    whole = path.read_bytes()
    for length in (0, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "is not a zip archive, or is cut off" in refuse(path, tmp_path)
    path.write_bytes(whole.replace(b"PK\1\2", b"PK\1\3", 1))
    assert "malformed zip directory" in refuse(path, tmp_path)
    # In the symbol's deflated bytes.
    path.write_bytes(whole[:3000] + bytes(100) + whole[3100:])
    assert "the file is damaged" in refuse(path, tmp_path)


@pytest.mark.parametrize("size", [0xfffffff0, 10_000_000])
def test_sizes_are_not_believed(folder, tmp_path, size):
    """A member that claims to be larger than it is costs no memory and ends in a message."""
    path = pack(folder, "digits.mar")
    bytes_ = bytearray(path.read_bytes())
    entry = bytes_.index(b"PK\1\2")
    while bytes_[entry + 46:].find(b"digits-0020.params") != 0:
        entry = bytes_.index(b"PK\1\2", entry + 1)
    bytes_[entry + 24:entry + 28] = struct.pack("<I", size)
    path.write_bytes(bytes_)
    assert "member 'digits-0020.params' does not inflate" in refuse(path, tmp_path)


def test_names_that_lead_out(folder, tmp_path):
    path = pack(folder, "digits.mar")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped", "text")
    assert "'../../escaped', which leads out of it" in refuse(path, tmp_path)


def test_incomplete_archives(folder, tmp_path):
    for name in ("digits-0020.params", "digits-symbol.json"):
        (folder / name).unlink()
        assert name in refuse(pack(folder, "digits.model"), tmp_path)


def test_nothing_there(tmp_path):
    assert "No such file" in refuse(tmp_path / "missing", tmp_path)
    (tmp_path / "empty").mkdir()
    assert "holds no model" in refuse(tmp_path / "empty", tmp_path)
