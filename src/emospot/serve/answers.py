"""What the API answers, as types: they check what is sent and describe it in OpenAPI."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from emospot.serve.jobs import QUEUED, RUNNING, Job

State = Literal["queued", "running", "done", "failed", "cancelled"]


class ErrorAnswer(BaseModel):
    """Why a request was not answered."""

    error: str = Field(description="What was found, what was expected, what to do.")


class Links(BaseModel):
    """Addresses of what belongs to a job."""

    self: str
    events: str = Field(description="Progress, as server-sent events.")
    report: str = Field(description="The report as a page; once it is done.")
    analysis: str = Field(description="The analysis as JSON; once it is done.")
    media: str | None = Field(description="The recording; null of a transcript alone.")
    cancel: str


class JobAnswer(BaseModel):
    """A recording that was given to be analysed."""

    id: str = Field(description="Random and not to be guessed.")
    name: str = Field(description="The recording's file name, for people.")
    state: State
    stage: str = Field(
        description='What is being done: "decode", "words", "voice", "face", "model" or "".'
    )
    share: float | None = Field(description="How much of the stage is done, 0 to 1.")
    position: int | None = Field(description="Place in the queue, from 1.")
    created: datetime
    started: datetime | None
    finished: datetime | None
    expires: datetime | None = Field(
        description="When media and results are deleted; known once the job has ended."
    )
    error: str = Field(description='Why it failed, or "".')
    warnings: list[str]
    links: Links


class JobsAnswer(BaseModel):
    """All jobs, the newest first."""

    analyses: list[JobAnswer]


class ModelAnswer(BaseModel):
    """A model that may be asked for."""

    name: str
    causal: bool = Field(description="Whether it can answer live.")
    card: dict[str, Any]


class ModelsAnswer(BaseModel):
    """The models that may be asked for."""

    models: list[ModelAnswer]


class EmotionLook(BaseModel):
    """How one emotion is drawn."""

    label: str
    colour: str = Field(description="#rrggbb.")
    ink: str = Field(description="Black or white, whichever reads better on the colour.")
    pattern: Literal["solid", "hatched", "striped", "dotted"]


class PaletteAnswer(BaseModel):
    """How the emotions of a model are drawn."""

    styles: list[EmotionLook]


class LimitsAnswer(BaseModel):
    """What this server takes."""

    upload_bytes: int
    transcript_bytes: int
    media_hours: float
    utterances: int
    queue: int
    keep_hours: float
    live_sessions: int
    live_minutes: float


class HealthAnswer(BaseModel):
    """That the server is there, and what it takes."""

    status: Literal["ok"]
    version: str
    limits: LimitsAnswer


def job_answer(
    job: Job, progress: tuple[str, float | None] = ("", None), position: int | None = None
) -> JobAnswer:
    """A job as the API tells of it.

    Args:
        job: the row.
        progress: stage and share, which count while it runs.
        position: in the queue.
    """
    here = f"/analyses/{job.id}"
    stage, share = progress if job.state == RUNNING else ("", None)
    return JobAnswer(
        id=job.id,
        name=job.name,
        state=job.state,
        stage=stage,
        share=share,
        position=position if job.state == QUEUED else None,
        created=_time(job.created),
        started=_time(job.started),
        finished=_time(job.finished),
        expires=_time(job.expires),
        error=job.error,
        warnings=list(job.warnings),
        links=Links(
            self=here,
            events=f"{here}/events",
            report=f"{here}/report",
            analysis=f"{here}/analysis",
            media=f"{here}/media" if job.is_media else None,
            cancel=f"{here}/cancel",
        ),
    )


def _time(seconds: float | None) -> Any:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
