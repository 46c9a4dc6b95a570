"""Work at the same time: each piece in a process of its own, or one by one in this."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TypeVar

from typing_extensions import Self

from tvdiff_pyg.grid.apart import Apart
from tvdiff_pyg.ranges import check_integer

Returned = TypeVar("Returned")
WAIT_SECONDS = 0.2

#: Each is a process that has imported everything.
MOST_JOBS = 1024


class Jobs:
    """A context in which work is carried out; an error in it ends what still runs.

    Args:
        jobs: Pieces of work at the same time, whose calls part this process's threads
            between them; ``0`` carries all out in this process, one by one.

    Raises:
        ValueError: If ``jobs`` is out of range.

    Example:
        >>> with Jobs(0) as pool:
        ...     work = [lambda: pool.call(abs, -1), lambda: pool.call(abs, 2)]
        ...     [finish() for _, finish in pool.each(work)]
        [1, 2]
    """

    def __init__(self, jobs: int) -> None:
        check_integer("jobs", jobs, low=0)
        check_integer("jobs", jobs, 0, MOST_JOBS)
        self.jobs = jobs
        self._apart = Apart(max(jobs, 1))
        self._threads = ThreadPoolExecutor(max(jobs, 1))

    def call(
        self,
        function: Callable[..., Returned],
        *arguments: object,
        seconds: float | None = None,
    ) -> Returned:
        """Call a function in a process of its own, unless there are none.

        Args:
            function: The function; it and its arguments need to be picklable.
            *arguments: The arguments.
            seconds: What it has before its process is ended. (default: all the time it
                takes)

        Raises:
            RuntimeError: If the process was killed;
                :class:`~tvdiff_pyg.grid.apart.EndedError` if all were.
            TimeoutError: If it took longer.
        """
        if self.jobs == 0:
            return function(*arguments)
        return self._apart.call(function, *arguments, seconds=seconds)

    def each(
        self, work: Sequence[Callable[[], Returned]]
    ) -> Iterator[tuple[int, Callable[[], Returned]]]:
        """Carry out pieces of work.

        Args:
            work: The pieces, in the order in which they are begun.

        Yields:
            The place of a piece, as it ends, and what returns or raises its outcome.
        """
        if self.jobs == 0:
            yield from enumerate(work)
            return
        running = {self._threads.submit(one): place for place, one in enumerate(work)}
        waiting: set[Future[Returned]] = set(running)
        while waiting:
            # A signal does not end a wait of the main thread where another library
            # (polars) has put its own handler before Python's.
            done, waiting = wait(waiting, WAIT_SECONDS, FIRST_COMPLETED)
            for one in done:
                yield running[one], one.result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=kind is None, cancel_futures=kind is not None)
        if kind is not None:
            self._apart.end()
