from __future__ import annotations

import subprocess
import sys


def loaded_after(statement: str) -> set[str]:
    """The modules a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_version_costs_no_import():
    """Whoever only compares versions loads neither numpy nor scipy."""
    assert not {"numpy", "scipy"} & loaded_after("from expkit.statistics.version import STATISTICS_VERSION")


def test_deciding_on_numbers_loads_no_scipy_stats():
    """`scipy.stats` takes half a second that only Fisher's p is worth."""
    modules = loaded_after("from expkit.statistics.verdict import decide")
    assert "scipy.special" in modules
    assert not {"scipy.stats", "scipy.optimize"} & modules
