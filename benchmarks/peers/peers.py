#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times compiled models beside other runtimes and prints the ratios.

Absolute times differ from machine to machine and from minute to minute, so
all sides run in turns, round by round, each in a process of its own, and what
counts is the median over the rounds of the best peer's time over ours (above
1: dlc is faster). docs/benchmarks.md explains the options and the output.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "test"))
from conftest import BUILD  # noqa: E402
import cases  # noqa: E402
import picture  # noqa: E402
import report  # noqa: E402
from report import OURS  # noqa: E402

PEERS = ["onnxruntime", "openvino", "mxnet", "openblas"]
STORE = pathlib.Path(os.environ.get("DLC_PEERS_DIR", BUILD / "peers"))
DLC = BUILD / "bin" / "dlc"


class Failure(Exception):
    """A side has no result; the text is one line."""


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "no message"


def interpreter(peer):
    return STORE / "env" / peer / "bin" / "python"


def environment(threads):
    """Of all that runs: the number of threads for those that read it there, and nothing that picks kernels by hand."""
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        variables.pop(name, None)
    return variables


def checked(command, **options):
    """Runs a program to its end; Failure with its last words if that is a bad one."""
    try:
        run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise Failure(f"{command[0]}: {error.strerror}") from None
    if run.returncode:
        raise Failure(last_line(run.stderr))
    return run.stdout


def is_current(path, *sources):
    return path.exists() and all(path.stat().st_mtime >= source.stat().st_mtime for source in sources)


def prepare(case):
    """The folder with the case's files, made if they aren't there, of another case, or older than what makes them."""
    folder = STORE / "models" / case.name
    stamp = folder / "complete"
    makers = [HERE / name for name in ("prepare.py", "onnx_export.py", "symbols.py")]
    if not is_current(stamp, *makers) or stamp.read_text() != repr(case):
        print(f"making the files of {case.name}", file=sys.stderr, flush=True)
        checked([interpreter("mxnet"), HERE / "prepare.py", case.name, folder])
        stamp.write_text(repr(case))
    return folder


def compile_ours(case, folder, flags):
    """The artifact of the case; compiled anew where the compiler, the model or the flags have changed."""
    place = BUILD / "peers" / "artifacts" / case.name
    artifact, stamp = place / "model.so", place / "flags"
    compiler = [path for path in (DLC, *(BUILD / "lib").glob("*.so*")) if path.is_file()]
    sources = [folder / "complete", *compiler]
    if is_current(artifact, *sources) and stamp.exists() and stamp.read_text() == shlex.join(flags):
        return artifact
    place.mkdir(parents=True, exist_ok=True)
    table = json.loads((folder / "params.json").read_text())
    shapes = [f"--input={name}={'x'.join(map(str, shape))}" for name, shape in table["inputs"].items()]
    checked([DLC, "compile", folder / "model-symbol.json", "--params", folder / "model.params", *shapes, *flags,
             "-o", artifact])
    stamp.write_text(shlex.join(flags))
    return artifact


class Worker:
    """A peer in its own process; see worker.py."""

    def __init__(self, peer, folder, threads, outputs):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [interpreter(peer), HERE / f"{peer}_worker.py", folder, str(threads), outputs], env=environment(threads),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise Failure(last_line(self.log.read()))
        return json.loads(line)

    def time_round(self, seconds):
        with contextlib.suppress(BrokenPipeError):
            print(seconds, file=self.process.stdin, flush=True)
        return statistics.median(self.answer())

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


class Ours:
    """`dlc bench` on an artifact, a process a round."""

    def __init__(self, artifact, io, threads):
        self.artifact, self.io, self.threads = artifact, io, threads

    def time_round(self, seconds):
        return json.loads(checked([DLC, "bench", self.artifact, "--io", self.io, "--threads", self.threads,
                                   "--seconds", seconds, "--json"]))["median_ms"]

    def close(self):
        pass


def load_arrays(path, prefix=""):
    """The arrays of a file in its order."""
    with np.load(path) as arrays:
        return [arrays[key] for key in arrays.files if key.startswith(prefix)]


def start(name, case, folder, threads, flags, scratch):
    """`(side, outputs of one run, facts)`."""
    outputs = scratch / f"{name}.npz"
    if name != OURS:
        worker = Worker(name, folder, threads, outputs)
        try:
            facts = worker.answer()
        except Failure:
            worker.close()
            raise
        return worker, load_arrays(outputs), facts
    artifact, io = compile_ours(case, folder, flags), folder / "io.npz"
    checked([DLC, "run", artifact, "--io", io, "--threads", threads, "--output", outputs])
    return Ours(artifact, io, threads), load_arrays(outputs), {}


def measure(case, threads, names, arguments):
    """The Result of one case; and the facts that the sides told."""
    folder = prepare(case)
    result, sides, facts = report.Result(case.name, threads, {}), {}, {}
    wanted = load_arrays(folder / "io.npz", "out:")
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            try:
                sides[name], got, facts[name] = start(name, case, folder, threads, arguments.flags,
                                                      pathlib.Path(scratch))
                result.errors[name] = report.deviation(got, wanted)
                result.times[name] = []
            except Failure as failure:
                result.failures[name] = str(failure)
    try:
        for number in range(arguments.rounds):
            order = list(sides)
            turn = number % max(len(order), 1)
            for name in order[turn:] + order[:turn]:  # nobody always follows the same one
                try:
                    result.times[name].append(sides[name].time_round(arguments.seconds))
                except Failure as failure:
                    result.failures[name] = str(failure)
                    sides.pop(name).close()
                    del result.times[name]
    finally:
        for side in sides.values():
            side.close()
    return result, facts


def parse(words):
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["models"], metavar="MODEL",
                        help="models, or the groups 'models' and 'gemm' (default: models)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--seconds", type=float, default=0.5, metavar="S", help="of each side in each round")
    parser.add_argument("--peers", nargs="+", default=PEERS, metavar="PEER", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--flags", type=shlex.split, default=[], metavar="'FLAG..'", help="more flags for dlc compile")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="draw the ratios")
    parser.add_argument("--from", dest="files", type=pathlib.Path, nargs="+", metavar="FILE",
                        help="measure nothing: take what earlier calls wrote with --json")
    parser.add_argument("--environments", action="store_true", help="only name the environments that the call needs")
    parser.add_argument("--prepare", action="store_true", help="only make the models' files and compile")
    arguments = parser.parse_args(words)
    try:
        arguments.cases = cases.select(arguments.models)
    except ValueError as error:
        sys.exit(f"peers: {error}")
    for peer in arguments.peers:
        if peer not in PEERS:
            sys.exit(f"peers: unknown peer '{peer}'; there are {', '.join(PEERS)}")
    if min([arguments.rounds, *arguments.threads]) < 1 or arguments.seconds <= 0:
        sys.exit("peers: rounds, seconds and threads must be above 0")
    return arguments


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def prepare_all(arguments):
    """Makes and compiles everything, so that nothing but measuring is left; the exit status."""
    status = 0
    for case in arguments.cases:
        try:
            compile_ours(case, prepare(case), arguments.flags)
        except Failure as failure:
            print(f"peers: {case.name}: {failure}", file=sys.stderr)
            status = 1
    return status


def shown_peers(arguments):
    """The peers that these models can be measured beside."""
    gemm = any(case.gemm for case in arguments.cases)
    return [name for name in arguments.peers if name != "openblas" or gemm]


def environments(arguments):
    """The environments to install: MXNet's makes the models' files."""
    return [] if arguments.files else list(dict.fromkeys(["mxnet", *shown_peers(arguments)]))


def measure_all(arguments, shown):
    """Measures every case, printing a row after each; `(results, facts)`."""
    facts = {"processor": processor(), "rounds": arguments.rounds, "seconds": arguments.seconds,
             "flags": arguments.flags, "versions": {}}
    results = []
    for case in arguments.cases:
        names = [name for name in shown if name != "openblas" or case.gemm]
        for threads in arguments.threads:
            try:
                result, told = measure(case, threads, names, arguments)
            except Failure as failure:
                sys.exit(f"peers: {case.name}: {failure}")
            results.append(result)
            facts["versions"].update({name: fact for name, fact in told.items() if fact})
            print(report.table_row(result, shown), flush=True)
    return results, facts


def collect(arguments):
    """What earlier measurements wrote, in the order of the models; `(results, facts)` with the first one's facts."""
    results, every = [], []
    for path in arguments.files:
        try:
            found, facts = report.from_json(path.read_text())
        except (OSError, ValueError, KeyError) as error:
            sys.exit(f"peers: {path}: {getattr(error, 'strerror', None) or 'not what --json writes'}")
        results += found
        every.append(facts)
    order = list(cases.CASES)
    results.sort(key=lambda result: (order.index(result.model), result.threads))
    for fact in every[1:]:
        every[0]["versions"].update(fact["versions"])
    return results, every[0]


def main():
    arguments = parse(sys.argv[1:])
    if arguments.environments:
        print("\n".join(environments(arguments)))
        return 0
    if arguments.prepare:
        return prepare_all(arguments)
    if arguments.files:
        results, facts = collect(arguments)
        shown = [OURS, *(name for name in PEERS if any(name in result.times for result in results))]
        print(report.table_head(shown))
        print("\n".join(report.table_row(result, shown) for result in results))
    else:
        shown = [OURS, *shown_peers(arguments)]
        print(report.table_head(shown), flush=True)
        results, facts = measure_all(arguments, shown)
    print("\n".join(["", *report.summary(results, cases.GROUPS), *report.remarks(results)]))
    if arguments.json:
        arguments.json.write_text(report.to_json(results, facts, cases.GROUPS))
    if arguments.svg:
        arguments.svg.write_text(picture.draw(results))
    wrong = any(result.failures or not all(map(result.agrees, result.times)) for result in results)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
