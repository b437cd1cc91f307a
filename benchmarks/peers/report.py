# SPDX-License-Identifier: Apache-2.0
"""What a measurement says: ratios, their mean, and the table, JSON and picture made of them. Measures nothing."""
import dataclasses
import json
import math
import statistics

OURS = "dlc"
TOLERANCE = 1e-3  # of the largest value: what `dlc verify --rtol 1e-3` allows


@dataclasses.dataclass
class Result:
    """One model at one number of threads."""
    model: str
    threads: int
    times: dict  # by name: the median in ms of each round; all lists are equally long
    errors: dict = dataclasses.field(default_factory=dict)  # by name: largest deviation from the reference, relative
    failures: dict = dataclasses.field(default_factory=dict)  # by name: why there are no times

    def agrees(self, name):
        """Whether `name`'s outputs are those of the reference."""
        return self.errors.get(name, math.inf) <= TOLERANCE

    def median(self, name):
        return statistics.median(self.times[name])

    def ratios_to(self, peer):
        """The peer's time over ours, round by round: what slows the machine for a while slows both."""
        return [theirs / ours for theirs, ours in zip(self.times[peer], self.times[OURS])]

    @property
    def comparable(self):
        """The peers whose outputs are right; none where ours are wrong or missing."""
        if OURS not in self.times or not self.agrees(OURS):
            return []
        return [name for name in self.times if name != OURS and self.agrees(name)]

    @property
    def best(self):
        """The fastest peer whose outputs are right; None if there is nothing to compare."""
        return min(self.comparable, key=lambda name: statistics.median(self.ratios_to(name)), default=None)

    @property
    def ratios(self):
        """The best peer's time over ours, round by round; empty if there is nothing to compare."""
        return self.ratios_to(self.best) if self.best else []


def deviation(got, wanted):
    """The largest difference of two lists of arrays, each relative to the largest value wanted."""
    if len(got) != len(wanted) or any(one.shape != other.shape for one, other in zip(got, wanted)):
        return math.inf
    worst = 0.0
    for one, other in zip(got, wanted):
        if not one.size:
            continue
        error = float(abs(one - other).max()) / max(float(abs(other).max()), 1e-30)
        worst = max(worst, math.inf if math.isnan(error) else error)
    return worst


def spread(values):
    """The first and the third quartile."""
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


def geometric_mean(values):
    """None of no values."""
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def mean_ratio(results):
    """The geometric mean over all results that have a ratio."""
    return geometric_mean([statistics.median(result.ratios) for result in results if result.ratios])


def time_text(milliseconds):
    """Three significant digits, never in exponents."""
    digits = 2 - math.floor(math.log10(milliseconds)) if milliseconds > 0 else 0
    return f"{milliseconds:.{max(digits, 0)}f}"


def cell(result, name):
    """A time; `!` marks outputs that are not the reference's, `-` what was not measured."""
    if name in result.failures:
        return "failed"
    if name not in result.times:
        return "-"
    return time_text(result.median(name)) + ("" if result.agrees(name) else " !")


def columns(names):
    """Titles and widths of the table."""
    return [("model", 20), ("threads", 7), *((name, max(len(name), 8)) for name in names),
            ("ratio", 5), ("quartiles", 11), ("best peer", 11)]


def table_head(names):
    titles = columns(names)
    return ("| " + " | ".join(f"{title:{width}}" for title, width in titles) + " |\n"
            "| " + " | ".join("-" * width for _, width in titles) + " |")


def table_row(result, names):
    """One line of the table."""
    ratio, quartiles = "-", "-"
    if result.ratios:
        ratio = f"{statistics.median(result.ratios):.2f}"
        quartiles = "-".join(f"{value:.2f}" for value in spread(result.ratios))
    values = [result.model, result.threads, *(cell(result, name) for name in names), ratio, quartiles,
              result.best or "-"]
    return "| " + " | ".join(f"{value:{width}}" for value, (_, width) in zip(values, columns(names))) + " |"


def remarks(results):
    """A line for each output that is wrong and each program that failed."""
    lines = []
    for result in results:
        where = f"{result.model}, {result.threads} thread{'s' * (result.threads != 1)}"
        lines += [f"! {where}: the outputs of {name} are off by {result.errors.get(name, math.inf):.2g} of the largest "
                  f"value" for name in result.times if not result.agrees(name)]
        lines += [f"! {where}: {name} failed: {reason}" for name, reason in result.failures.items()]
    return lines


def summary(results, groups):
    """The geometric means of each group (names of models by the group's name), over all and by number of threads."""
    lines = []
    for group, names in groups.items():
        members = [result for result in results if result.model in names]
        counts = sorted({result.threads for result in members})
        parts = [(f"{threads} thread{'s' * (threads != 1)}", [one for one in members if one.threads == threads])
                 for threads in counts] + [("all", members)] * (len(counts) > 1)
        lines += [f"geometric mean of best peer / dlc, {group}, {title}: {mean_ratio(part):.3f}"
                  for title, part in parts if mean_ratio(part) is not None]
    return lines


def to_json(results, facts, groups):
    """Everything that was measured; `facts` say with what."""
    def row(result):
        ratios = result.ratios
        first, third = spread(ratios) if ratios else (None, None)
        return {"model": result.model, "threads": result.threads,
                "median_ms": {name: result.median(name) for name in result.times},
                "rounds_ms": result.times,
                "deviation": {name: error if math.isfinite(error) else None for name, error in result.errors.items()},
                "agrees": {name: result.agrees(name) for name in result.times},
                "failures": result.failures, "best_peer": result.best,
                "ratio": statistics.median(ratios) if ratios else None, "ratio_quartiles": [first, third]}

    return json.dumps({**facts, "tolerance": TOLERANCE, "results": [row(result) for result in results],
                       "geometric_mean": {group: mean_ratio([result for result in results if result.model in names])
                                          for group, names in groups.items()}}, indent=1) + "\n"


def from_json(content):
    """`(results, facts)` of what to_json() wrote."""
    facts = json.loads(content)
    results = []
    for row in facts.pop("results"):
        errors = {name: math.inf if error is None else error for name, error in row["deviation"].items()}
        results.append(Result(row["model"], row["threads"], row["rounds_ms"], errors, row["failures"]))
    for key in ("tolerance", "geometric_mean"):
        facts.pop(key)
    return results, facts
