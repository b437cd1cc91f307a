#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a model of handwritten digits, runs it on 360 images and shows some
of them beside its answers: demo.py DLC DATA_DIR WORK_DIR
"""
import pathlib
import re
import subprocess
import sys

import numpy as np

SHADES = " .:-=+*#%@"
SHOWN = 6


def run(*command):
    command = list(map(str, command))
    print("$", *(re.sub(r"(^|=)/.*/", r"\1", word) for word in command), flush=True)
    subprocess.run(command, check=True)


def picture(image):
    """The 8x8 `image` (0 to its maximum) as eight lines, two characters a pixel."""
    levels = np.rint(image / image.max() * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[level] * 2 for level in row) for row in levels]


def show(images, answers, labels):
    """Prints the images side by side, each over its answer."""
    for lines in zip(*map(picture, images)):
        print("   ".join(lines))
    captions = [f"{answer}" if answer == label else f"{answer} (is {label})" for answer, label in zip(answers, labels)]
    print("   ".join(caption.center(16) for caption in captions), end="\n\n")


def main():
    dlc, data, work = map(pathlib.Path, sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    with np.load(data / "test.npz") as test:
        images, labels = test["data"], test["label"].astype(int)
    np.save(work / "images.npy", images)

    shape = "x".join(map(str, images.shape))
    run(dlc, "compile", data / "digits-symbol.json", "--input", f"data={shape}", "-o", work / "digits.so")
    run(dlc, "run", work / "digits.so", "--input", f"data={work / 'images.npy'}", "--output", work / "answers.npz")
    with np.load(work / "answers.npz") as outputs:
        answers = outputs["out:softmax_output"].argmax(axis=1)

    right = answers == labels
    some = np.concatenate([np.flatnonzero(right)[:SHOWN - 2], np.flatnonzero(~right)[:2]])
    print()
    for row in some.reshape(2, -1):
        show(images[row, 0], answers[row], labels[row])
    print(f"accuracy {right.mean():.3f} ({right.sum()} of {len(labels)})")


if __name__ == "__main__":
    main()
