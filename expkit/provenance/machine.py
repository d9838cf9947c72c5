"""The machine a run is computed on: operating system, architecture, processor, usable cores, Python. No host name."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path

from expkit.cores import usable_cores
from expkit.records.provenance import Machine


def read_machine() -> Machine:
    """The machine this process runs on."""
    architecture = platform.machine() or "unknown"
    return Machine(
        system=f"{platform.system()} {platform.release()}".strip() or "unknown",
        architecture=architecture,
        cpu=_cpu() or architecture,
        cores=usable_cores(),
        python=platform.python_version(),
        implementation=platform.python_implementation(),
    )


def _cpu() -> str | None:
    try:
        if sys.platform == "darwin":
            asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() or None
        named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(errors="replace"), re.MULTILINE)
        return named[1].strip() if named else None
    except (OSError, subprocess.CalledProcessError):
        return None
