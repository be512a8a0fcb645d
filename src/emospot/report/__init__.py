"""The HTML report and the exports."""

from emospot.report.face_strip import FaceStill
from emospot.report.page import render_report, write_report

__all__ = ["FaceStill", "render_report", "write_report"]
