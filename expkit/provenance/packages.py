"""The packages a run can import: every installed distribution with its version."""

from __future__ import annotations

import re
from importlib import metadata

_FIELD = re.compile(r"^(Name|Version):[ \t]*(\S+)[ \t\r]*$", re.MULTILINE)


def read_packages() -> dict[str, str]:
    """Version by distribution name, sorted by name; where one is installed twice, the one that an import would find.

    Only the two fields are read: parsing all metadata as mail takes three times as long. A distribution that lacks one
    of them is left out.
    """
    versions: dict[str, str] = {}
    for distribution in metadata.distributions():
        written = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        fields = dict(reversed(_FIELD.findall(written.partition("\n\n")[0])))
        if "Name" in fields and "Version" in fields:
            versions.setdefault(fields["Name"], fields["Version"])
    return dict(sorted(versions.items(), key=lambda item: item[0].lower()))
