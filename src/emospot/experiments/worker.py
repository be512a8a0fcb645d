"""What each worker process of a study does besides its jobs: end with its parent.

A study that is killed leaves workers without anybody to tell. Such a worker would
go on with its job, and write to the same files as the call that goes on with the
study.
"""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """End this process as soon as its parent has ended, whatever it is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True)
        watch.start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    # Not sys.exit, which would end this thread alone.
    os._exit(1)
