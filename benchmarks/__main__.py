"""`make bench`: every figure with its bound, as a table and in benchmarks/results.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import docker, kernel, question, startup, tracked
from benchmarks.measure import Row

PARTS = {"kernel": kernel, "startup": startup, "question": question, "tracked": tracked, "docker": docker}
RESULTS = Path(__file__).with_name("results.json")


def main(names: list[str]) -> int:
    """Measure the named parts, or all of them; the exit code is 1 when a figure misses its bound."""
    rows = []
    for name in names or PARTS:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += PARTS[name].measure()
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")
    width = max((len(one["name"]) for one in rows), default=0)
    print(f"{'':{width}}  {'value':>10}  {'min':>10}  {'max':>10}  {'unit':<8}  bound")
    for one in rows:
        print(
            f"{one['name']:{width}}  {one['value']:10.3f}  {one['min']:10.3f}  {one['max']:10.3f}  {one['unit']:<8}  "
            f"{_bound(one)}"
        )
    return 0 if all(_holds(one) for one in rows) else 1


def _bound(row: Row) -> str:
    stated = [
        f"{word} {row[key]:g}" for key, word in (("floor", "at least"), ("ceiling", "at most")) if row[key] is not None
    ]
    return f"{' and '.join(stated)}{'' if _holds(row) else '  MISSED'}"


def _holds(row: Row) -> bool:
    low, high = row["floor"], row["ceiling"]
    return (low is None or row["value"] >= low) and (high is None or row["value"] <= high)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
