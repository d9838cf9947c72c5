"""Pages of MLflow in the browser of whoever types."""

from __future__ import annotations

import socket
import webbrowser
from urllib.parse import urlsplit

from expkit.cli.console import results
from expkit.errors import ServiceAbsent
from expkit.tracking.place import LOCAL_PORT

_PATIENCE_S = 3


def open_page(url: str) -> None:
    """Open a page, where something serves it.

    Raises:
        ServiceAbsent: nothing answers there, or there is no browser to open it in.
    """
    if not serves(url):
        raise ServiceAbsent(
            f"nothing serves {url.partition('#')[0]}",
            mend=f"start it in another terminal, then again: expkit ui --port {urlsplit(url).port or LOCAL_PORT}",
        )
    if not webbrowser.open(url):
        raise ServiceAbsent("there is no browser to open the page in", mend="open the link yourself, or set BROWSER")
    results().print("opened in the browser")


def serves(url: str) -> bool:
    """Whether somebody listens where a page is."""
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        with socket.create_connection((place.hostname or "", port), timeout=_PATIENCE_S):
            return True
    except OSError:
        return False
