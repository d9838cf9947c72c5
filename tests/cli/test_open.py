from __future__ import annotations

import socket
from contextlib import closing

from tests.conftest import Desk


def test_a_page_that_nobody_serves_is_not_opened(answered: Desk) -> None:
    """The browser would show an error of its own; the command that serves it is said instead."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    said = answered.expkit("compare", "rq01", "--open", "--port", port, BROWSER="false")
    assert said.code == 5
    assert f"nothing serves http://127.0.0.1:{port}/" in said.err
    assert f"expkit ui --port {port}" in said.err


def test_a_page_that_no_browser_opens_is_a_service_that_is_absent(answered: Desk) -> None:
    """And `ui` does not start a second server where somebody answers already."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        unseen = answered.expkit("compare", "rq01", "--open", "--port", port, BROWSER="false")
        served = answered.expkit("ui", "--port", port)
    assert (unseen.code, served.code) == (5, 2)
    assert "there is no browser to open the page in" in unseen.err
    assert f"port {port} is taken" in served.err
    assert f"expkit ui --port {int(port) % 65535 + 1}" in served.err


def test_opening_goes_with_neither_commits_nor_json(answered: Desk) -> None:
    """What would be opened would not be what is printed."""
    for option in (["--json"], ["--ref", "HEAD"]):
        said = answered.expkit("compare", "rq01", "--open", *option)
        assert (said.code, "leave it out" in said.err) == (2, True)
