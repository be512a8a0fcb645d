"""What every analysis needs, imported once by the fork server.

Only imports: nothing here computes, so that no thread has been started when a process is
forked.
"""

import av
import jinja2
import transformers.models.auto  # noqa: F401

import emospot.analysis.analyze
import emospot.live.stream
import emospot.report.page

__all__ = ["av", "emospot", "jinja2"]
