"""What shards are handed to: processes of this machine, or the workers of a Dask cluster.

Both are `concurrent.futures` executors; a build does not know which one it has.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

from transcriber.errors import UsageError

_REACH_S = "10s"
"""How long a scheduler may take to answer."""


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(workers: int) -> ProcessPoolExecutor:
    """Worker processes that end with the one that started them, however that ends."""
    method = "fork" if sys.platform.startswith("linux") else "spawn"
    return ProcessPoolExecutor(
        workers, mp_context=get_context(method), initializer=_settle, initargs=(os.getpid(),)
    )


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask cluster; what one that dies was doing, another does again.

    Args:
        address: Of the scheduler, such as `tcp://10.0.0.1:8786`.

    Raises:
        UsageError: Dask is not installed, or nobody answers at the address.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--scheduler needs {error.name}, which is not installed.",
            f"Install it: {sys.executable} -m pip install distributed",
        ) from error
    try:
        client = Client(address, timeout=_REACH_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {address}.",
            "Start one with: dask scheduler; and name the address that it prints.",
        ) from error
    with client:
        executor = client.get_executor()  # type: ignore[no-untyped-call]
        try:
            yield executor
        finally:
            # Not to be waited for: where everything went well nothing is left to be done.
            executor.shutdown(wait=False)


def memory_bytes() -> int:
    """Memory of this process in bytes; what forked processes share is counted in parts."""
    try:
        with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _settle(parent: int) -> None:
    """Ends this worker when its parent is gone: a killed parent could not tell it to."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
