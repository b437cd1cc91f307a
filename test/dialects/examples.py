#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the examples of a dialect's generated reference as one file for --split-input-file.

An operation without an example is an error, unless its description points to another one's.
"""
import re
import sys
import textwrap

reference = open(sys.argv[1]).read().split("\n## Attributes")[0]
missing = []
for section in re.split(r"^### ", reference, flags=re.MULTILINE)[1:]:
    name = re.match(r"`([\w.]+)`", section)[1]
    examples = re.findall(r"```mlir\n(.*?)```", section, re.DOTALL)
    for example in examples:
        print(f"// {name}\n{textwrap.dedent(example)}\n// -----")
    if not examples and "See `" not in section and "Ends the body" not in section:
        missing.append(name)
if missing:
    sys.exit(f"no example: {', '.join(missing)}")
