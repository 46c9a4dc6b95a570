"""Pieces of work at the same time, and how they are ended."""

import os
import time

import pytest

from tvdiff_pyg.grid.apart import EndedError
from tvdiff_pyg.grid.jobs import Jobs


@pytest.mark.parametrize("jobs", [0, 2])
def test_outcomes_come_with_their_place(jobs: int) -> None:
    def fail() -> int:
        raise ValueError("not I")

    with Jobs(jobs) as pool:
        found = dict(pool.each([lambda: 3, fail, lambda: 5]))
        assert (found[0](), found[2]()) == (3, 5)
        with pytest.raises(ValueError, match="not I"):
            found[1]()


def test_here_is_one_after_the_other() -> None:
    order: list[int] = []
    with Jobs(0) as pool:
        for place, finish in pool.each([lambda k=k: order.append(k) for k in range(3)]):
            assert len(order) == place
            finish()
        assert pool.call(os.getpid) == os.getpid() and order == [0, 1, 2]


@pytest.mark.slow
def test_a_process_of_its_own_that_takes_too_long_is_ended_alone() -> None:
    with Jobs(2) as pool:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="its process was ended after 1 s"):
            pool.call(time.sleep, 60, seconds=1.0)
        assert time.monotonic() - began < 30
        assert pool.call(os.getpid, seconds=60.0) != os.getpid()


@pytest.mark.slow
def test_an_error_ends_what_still_runs() -> None:
    said: list[type[BaseException]] = []

    def sleep() -> None:
        try:
            pool.call(time.sleep, 60)
        except RuntimeError as error:
            said.append(type(error))

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Jobs(2) as pool:
        for _ in pool.each([sleep, lambda: None]):
            while not pool._apart._running:
                time.sleep(0.05)
            raise KeyboardInterrupt
    pool._threads.shutdown()
    assert time.monotonic() - began < 30 and said == [EndedError]
