#!/usr/bin/env python3
"""report.py STATE: what a run wrote down for its reader. Exit 1 on a problem."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    state = json.load(file)
for kind in ("unknown_resource_types", "problems"):
    for text in state[kind]:
        print(f"{kind}: {text[:400]}")
for text in state["warnings"]:
    print("note:", text[:300])
sys.exit(1 if state["problems"] or state["unknown_resource_types"] else 0)
