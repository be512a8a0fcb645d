"""Keeping the start-up chatter of native libraries off the error stream.

MediaPipe and TensorFlow Lite write notices to file descriptor 2 from C++
threads each time a graph starts. No environment variable or Python logger
turns them off, so the descriptor itself is turned aside while the graph
starts, and every line that is not known chatter is written afterwards: a real
error of the same moment, also another thread's, is not lost.
"""

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2

# The descriptor belongs to the process: two threads must not turn it aside at once.
_turned_aside = threading.Lock()


@contextmanager
def without_chatter(chatter: re.Pattern[bytes]) -> Iterator[None]:
    """Drop the lines of the error stream that match.

    Where the process has no error stream, or none can be turned aside, the
    block simply runs.

    Args:
        chatter: searched in each line, which is dropped if found.
    """
    with _turned_aside:
        try:
            original = os.dup(STANDARD_ERROR)
        except OSError:
            yield
            return
        with tempfile.TemporaryFile() as aside:
            os.dup2(aside.fileno(), STANDARD_ERROR)
            try:
                yield
            finally:
                os.dup2(original, STANDARD_ERROR)
                os.close(original)
                aside.seek(0)
                for line in aside:
                    if not chatter.search(line):
                        os.write(STANDARD_ERROR, line)
