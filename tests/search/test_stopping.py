from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from search.stopping import Interrupted, StopSignal


def test_a_stop_comes_at_once_only_where_it_may() -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopSignal() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        with pytest.raises(Interrupted):
            stop.check()
        with pytest.raises(Interrupted), stop.interruptible():
            pytest.fail("the block must not begin")
    with StopSignal() as stop, pytest.raises(Interrupted):
        sleep(stop, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert signal.getsignal(signal.SIGINT) == before


def test_a_failure_that_a_stop_leads_to_is_the_stop() -> None:
    """As when a database driver says of a commit that was left in the middle that it has failed."""

    def fail() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except BaseException as error:
            raise OSError("the commit has failed") from error

    with StopSignal() as stop:
        with pytest.raises(Interrupted) as told:
            sleep(stop, fail)
        assert isinstance(told.value.__cause__, OSError)
    with StopSignal() as stop, pytest.raises(ZeroDivisionError):
        sleep(stop, lambda: 1 // 0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_that_python_drops_comes_again() -> None:
    # What is raised in a destructor is printed and dropped.
    with StopSignal() as stop, pytest.raises(Interrupted):
        sleep(stop, Stubborn)


class Stubborn:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)


def sleep(stop: StopSignal, before: Callable[[], object]) -> None:
    with stop.interruptible():
        before()
        time.sleep(5)
