"""A remote's URL without anything secret: no user, no password, no query; None where that is not certain."""

from __future__ import annotations

import re

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::[0-9]*)?")
_SCP_LIKE = re.compile(r"(?P<user>[^/@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:@\[\]]+):(?P<path>[^?#]*)")


def public_url(url: str) -> str | None:
    """A URL, an scp-like `host:path` or a local path, without user info, query and fragment.

    A password may itself hold `/`, `?` or `@`: what still holds an `@` afterwards, or does not read as an address, is
    dropped whole.
    """
    if not url.isprintable() or "::" in url.split("/")[0].split("[")[0]:  # `helper::anything` is for a program to read
        return None
    if found := _URL.match(url):
        host = found["authority"].rpartition("@")[2]
        public = f"{found['scheme']}://{host}{found['path']}"
        rest = url[found.end() :]
        return None if "@" in host + found["path"] + rest or not _HOST.fullmatch(host) else public
    if found := _SCP_LIKE.match(url):
        return None if "@" in url[found.start("path") :] else f"{found['host']}:{found['path']}"
    return url if url and "@" not in url else None
