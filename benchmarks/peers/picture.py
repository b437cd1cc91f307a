# SPDX-License-Identifier: Apache-2.0
"""The picture of a measurement: an SVG with a line for each model, a dot for each peer."""
import html
import math
import statistics

from report import OURS, mean_ratio, spread

COLOURS = {"onnxruntime": "#4269d0", "openvino": "#efb118", "mxnet": "#6cc5b0", "openblas": "#ff725c"}
ROW, LEFT, WIDTH, RIGHT, TOP, BOTTOM = 22, 210, 620, 70, 82, 50
STEPS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 30, 50]


class Scale:
    """Ratios on a logarithmic axis."""

    def __init__(self, ratios):
        self.low = min([0.8, *ratios]) / 1.1
        self.high = max([1.6, *ratios]) * 1.1

    def x(self, ratio):
        return LEFT + WIDTH * math.log(ratio / self.low) / math.log(self.high / self.low)

    @property
    def steps(self):
        return [step for step in STEPS if self.low <= step <= self.high]


def text(x, y, content, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{html.escape(content)}</text>'


def peers_of(result):
    """The peers with a right answer and the medians of their times over ours."""
    return {name: statistics.median(result.ratios_to(name)) for name in result.comparable}


def draw_row(result, y, scale):
    label = f"{result.model}, {result.threads} thread{'s' * (result.threads != 1)}"
    parts = [text(LEFT - 10, y + 4, label, "end")]
    ratios = peers_of(result)
    if not ratios:
        return parts + [text(LEFT + 6, y + 4, "no comparison", extra=' fill="#b00"')]
    middle = statistics.median(result.ratios)
    first, third = (scale.x(value) for value in spread(result.ratios))
    parts.append(f'<line x1="{scale.x(1):.1f}" x2="{scale.x(middle):.1f}" y1="{y}" y2="{y}" '
                 f'stroke="{"#2a9d4a" if middle >= 1 else "#c0392b"}" stroke-width="9" stroke-opacity="0.35"/>')
    parts.append(f'<line x1="{first:.1f}" x2="{third:.1f}" y1="{y}" y2="{y}" stroke="#333" stroke-width="2"/>')
    for name, ratio in ratios.items():
        parts.append(f'<circle cx="{scale.x(ratio):.1f}" cy="{y}" r="4.5" fill="{COLOURS[name]}" stroke="#fff">'
                     f'<title>{name}: {result.median(name):.4g} ms, dlc {result.median(OURS):.4g} ms</title></circle>')
    return parts + [text(LEFT + WIDTH + 10, y + 4, f"{middle:.2f}", extra=' font-weight="bold"')]


def draw_axis(scale, bottom):
    parts = []
    for step in scale.steps:
        x = scale.x(step)
        colour, width = ("#333", 1.5) if step == 1 else ("#ddd", 1)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="{colour}" '
                     f'stroke-width="{width}"/>')
        parts.append(text(x, bottom + 16, f"{step:g}", "middle"))
    return parts


def draw_legend(names):
    parts, x = [], LEFT
    for name in names:
        parts.append(f'<circle cx="{x + 5}" cy="42" r="4.5" fill="{COLOURS[name]}"/>')
        parts.append(text(x + 15, 46, name))
        x += 32 + 7 * len(name)
    return parts


def draw(results):
    """The SVG's text."""
    names = [name for name in COLOURS if any(name in result.times for result in results)]
    scale = Scale([ratio for result in results for ratio in peers_of(result).values()])
    bottom = TOP + ROW * len(results)
    mean = mean_ratio(results)
    title = "Time of each peer over dlc's: right of 1, dlc is faster"
    parts = [text(LEFT, 22, title, extra=' font-size="15" font-weight="bold"'), *draw_legend(names),
             *draw_axis(scale, bottom), text(LEFT + WIDTH + 10, TOP - 14, "best peer", extra=' fill="#666"')]
    if mean is not None:
        parts.append(text(LEFT + WIDTH + 10, bottom + 36, f"{mean:.2f}", extra=' font-weight="bold"'))
        parts.append(text(LEFT - 10, bottom + 36, "geometric mean of the best", "end", ' font-weight="bold"'))
    for index, result in enumerate(results):
        parts += draw_row(result, TOP + ROW * index + ROW // 2, scale)
    width, height = LEFT + WIDTH + RIGHT, bottom + BOTTOM
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">\n'
            f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")
