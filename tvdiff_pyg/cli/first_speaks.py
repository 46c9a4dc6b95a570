"""Who speaks where torchrun, SLURM or the like has begun a command several times."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from tvdiff_pyg.training.collectives import ProcessLostError
from tvdiff_pyg.training.process_options import ProcessOptions


@contextmanager
def only_the_first_speaks(options: ProcessOptions) -> Iterator[None]:
    """Let the first of several processes alone print, and say how all of them ended.

    Another one says only what is wrong with itself.

    Args:
        options: How many processes there are.
    """
    if options.processes.is_first:
        yield
        return
    logging.getLogger("tvdiff_pyg").setLevel(logging.ERROR)
    with (
        open(os.devnull, "w") as nowhere,
        redirect_stdout(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        except (KeyboardInterrupt, ProcessLostError):
            raise SystemExit(1) from None
