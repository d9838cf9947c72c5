from __future__ import annotations

import os
import signal
import threading

import pytest

from expkit.execution.interrupt import stop_on_signal


def kill_myself(number: signal.Signals) -> None:
    """Deliver a signal to this process and let Python handle it."""
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_BLOCK, [])  # a call in which pending handlers run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_for_a_stop(number: signal.Signals) -> None:
    """Nothing is torn down: the function says that somebody wants an end."""
    before = signal.getsignal(number)
    with stop_on_signal() as stopping:
        assert not stopping()
        kill_myself(number)
        assert stopping()
    assert signal.getsignal(number) is before


def test_the_second_signal_insists() -> None:
    """Whoever presses Ctrl-C twice does not want to wait for a batch."""
    with stop_on_signal() as stopping:
        kill_myself(signal.SIGINT)
        assert stopping()
        with pytest.raises(KeyboardInterrupt):
            kill_myself(signal.SIGINT)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    """Python lets nobody catch them there."""
    said: list[bool] = []

    def elsewhere() -> None:
        with stop_on_signal() as stopping:
            said.append(stopping())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert said == [False]
