# SPDX-License-Identifier: Apache-2.0
"""The models that the benchmark knows: those of test/data/models, some in another batch size, and some of its own."""
import dataclasses

SQUARE = [256, 512, 1024, 2048]
ROWS = [1, 8, 128]
WIDTHS = [768, 3072]


@dataclasses.dataclass(frozen=True)
class Case:
    """A model to measure."""
    name: str
    source: str  # a folder of test/data/models, or a function of symbols.py
    shapes: dict = dataclasses.field(default_factory=dict)  # inputs whose shape is not the source's
    arguments: tuple = ()  # of the function
    stored: bool = True  # whether `source` is a folder
    gemm: bool = False


def gemm(rows, columns, depth):
    """`rows x depth` times a constant `depth x columns`."""
    name = f"gemm_{rows}" if rows == columns == depth else f"gemm_{rows}x{columns}x{depth}"
    return Case(name, "gemm", arguments=(rows, columns, depth), stored=False, gemm=True)


MODELS = [
    Case("resnet50_v1", "resnet50_v1"),
    Case("resnet18_v1", "resnet18_v1"),
    Case("vgg11", "vgg11"),
    Case("mobilenet_v2", "mobilenet_v2"),
    Case("squeezenet1_1", "squeezenet1_1"),
    Case("unet", "unet"),
    Case("bert_encoder", "bert_encoder"),
    Case("encoder_12x768", "encoder", arguments=(12, 768, 128), stored=False),
    Case("mlp", "mlp", {"data": (1, 784)}),
    Case("mlp_64", "mlp", {"data": (64, 784)}),
    Case("lenet", "lenet", {"data": (1, 1, 28, 28)}),
    Case("lenet_64", "lenet", {"data": (64, 1, 28, 28)}),
    Case("text_cnn", "text_cnn", {"data": (1, 56)}),
    Case("lstm_lm", "lstm_lm", {"data": (35, 1), "lstm_state": (2, 1, 256), "lstm_state_cell": (2, 1, 256)}),
]
GEMMS = [gemm(size, size, size) for size in SQUARE] + [
    gemm(rows, columns, depth) for rows in ROWS for columns in WIDTHS for depth in WIDTHS]
CASES = {case.name: case for case in MODELS + GEMMS}
GROUPS = {"models": [case.name for case in MODELS], "gemm": [case.name for case in GEMMS]}


def select(words):
    """The cases that `words`, names of models or groups, stand for; raises ValueError for an unknown one."""
    names = []
    for word in words:
        if word not in CASES and word not in GROUPS:
            raise ValueError(f"unknown model '{word}'; there are {', '.join([*GROUPS, *GROUPS['models']])} "
                             f"and gemm_256 to gemm_128x3072x3072")
        names += GROUPS.get(word, [word])
    return [CASES[name] for name in dict.fromkeys(names)]
