"""The versions that numbers depend on: those recorded beside those that computed them again."""

from __future__ import annotations

from expkit.provenance.machine import read_machine
from expkit.provenance.packages import read_packages
from expkit.records.provenance import Inside
from expkit.reproduction.recorded import Origin, versions


def versions_said(origin: Origin, inside: Inside | None) -> str:
    """What computed trials again, and what was otherwise when they were recorded.

    `inside` is what trials ran in, None for this process.
    """
    if inside is None:
        packages = read_packages()
        inside = Inside(machine=read_machine(), packages=packages, expkit=packages.get("expkit", "unknown"))
    here = {**dict(versions(inside.expkit, inside.machine, inside.packages)), "on": inside.machine.architecture}
    there = {**dict(origin.versions), "on": origin.architecture}
    said = f"with {', '.join(f'{name} {version}' for name, version in here.items())}"
    others = [f"{name} {version}" for name, version in there.items() if here.get(name) != version]
    return f"{said}; recorded with {', '.join(others)}" if others else f"{said}, as recorded"
