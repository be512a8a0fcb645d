"""The addresses of the API, each a few lines: read the request, ask the desk, answer."""

import asyncio
import json
import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse

import emospot
from emospot.errors import UsageError
from emospot.report.analysis_files import FORMATS
from emospot.serve.answers import (
    EmotionLook,
    ErrorAnswer,
    HealthAnswer,
    JobAnswer,
    JobsAnswer,
    LimitsAnswer,
    ModelAnswer,
    ModelsAnswer,
    PaletteAnswer,
)
from emospot.serve.desk import Desk
from emospot.serve.events import LAST, job_events
from emospot.serve.exports import export_file, export_name
from emospot.serve.looks import palette
from emospot.serve.names import MEDIA_TYPES
from emospot.serve.refused import RefusedError
from emospot.serve.uploads import FIELDS, FILES
from emospot.serve.work import ANALYSIS, REPORT, beside_recording

JobId = Annotated[str, InPath(description="Of the job.", max_length=64)]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
HEAD_LETTERS = 2000
"""Of a report, within which its policy stands."""

_SENTENCES = {
    400: "No such form, or a name of this server that is not allowed.",
    401: "The token is missing or wrong.",
    403: "The request comes from another page.",
    404: "There is no such analysis or file.",
    408: "Nothing came in for a minute.",
    409: "The analysis is not in a state for that.",
    413: "Too large.",
    415: "Neither a recording nor a transcript.",
    422: "A wrong field.",
    429: "The queue is full; see Retry-After.",
    507: "The server's disk is full.",
}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILES[0]],
                    "properties": {
                        FILES[0]: {
                            "type": "string",
                            "format": "binary",
                            "description": "The recording, or a transcript alone.",
                        },
                        FILES[1]: {
                            "type": "string",
                            "format": "binary",
                            "description": "Of the recording: SRT, VTT, CSV, TSV, TextGrid, EAF, "
                            "RTTM, JSON or text.",
                        },
                        FIELDS[0]: {
                            "type": "string",
                            "default": "bundled",
                            "description": "A name of GET /models.",
                        },
                        FIELDS[1]: {
                            "type": "string",
                            "description": '"auto" or a number: tell speakers apart by voice.',
                        },
                    },
                }
            }
        },
    }
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": ErrorAnswer, "description": _SENTENCES[status]}
        for status in (401, *statuses)
    }


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


def api_routes(desk: Desk) -> APIRouter:
    """The routes of one server."""
    routes = APIRouter()
    _add_jobs(routes, desk)
    _add_results(routes, desk)
    _add_files(routes, desk)
    _add_server(routes, desk)
    return routes


def _add_jobs(routes: APIRouter, desk: Desk) -> None:
    @routes.post(
        "/analyses",
        status_code=202,
        response_model=JobAnswer,
        responses=_errors(400, 403, 408, 413, 415, 422, 429, 507),
        openapi_extra=_UPLOAD,
        tags=["analyses"],
    )
    async def begin(request: Request, response: Response) -> JobAnswer:
        """Give a recording to be analysed; it is kept on the disk when this is answered."""
        job = await desk.take(request)
        response.headers["Location"] = job.links.self
        return job

    @routes.get("/analyses", responses=_errors(), tags=["analyses"])
    def every() -> JobsAnswer:
        """All analyses, the newest first."""
        return JobsAnswer(analyses=desk.jobs())

    @routes.get("/analyses/{job_id}", responses=_errors(404), tags=["analyses"])
    def one(job_id: JobId) -> JobAnswer:
        """One analysis."""
        return desk.answer(job_id)

    @routes.get(
        "/analyses/{job_id}/events",
        response_class=StreamingResponse,
        responses={
            **_errors(404),
            **_file("text/event-stream", "An event `job` at each change, until it has ended."),
            204: {"description": "The last event has been seen."},
        },
        tags=["analyses"],
    )
    async def events(
        job_id: JobId, last_event_id: Annotated[str, Header(description="Of a browser.")] = ""
    ) -> Response:
        """The progress of an analysis, as server-sent events."""
        await asyncio.to_thread(desk.job, job_id)
        if last_event_id == LAST:
            return Response(status_code=204)
        # Proxies would keep the events until there are many.
        unbuffered = {"X-Accel-Buffering": "no"}
        return StreamingResponse(job_events(desk, job_id), 200, unbuffered, "text/event-stream")

    @routes.post("/analyses/{job_id}/cancel", responses=_errors(403, 404, 409), tags=["analyses"])
    def cancel(job_id: JobId) -> JobAnswer:
        """End an analysis that waits or runs."""
        return desk.cancel(job_id)

    @routes.delete(
        "/analyses/{job_id}", status_code=204, responses=_errors(403, 404), tags=["analyses"]
    )
    def delete(job_id: JobId) -> None:
        """End an analysis, and delete its media and its results."""
        desk.delete(job_id)


def _add_results(routes: APIRouter, desk: Desk) -> None:
    @routes.get(
        "/analyses/{job_id}/report",
        response_class=HTMLResponse,
        responses=_errors(404, 409),
        tags=["results"],
    )
    def report(
        job_id: JobId,
        download: Annotated[
            bool, Query(description="To be kept: it plays the recording by its name, beside it.")
        ] = False,
    ) -> Response:
        """The report, a page that needs nothing but the recording beside it."""
        job = desk.done(job_id)
        path = Path(desk.file(job_id, REPORT))
        with path.open(encoding="utf-8") as file:
            found = POLICY.search(file.read(HEAD_LETTERS))
        # Its one script is allowed by its hash, which the page itself knows.
        policy = found.group(1) if found else "default-src 'none'"
        headers = {"Content-Security-Policy": f"{policy}; frame-ancestors 'self'"}
        if download:
            page = beside_recording(path.read_text(encoding="utf-8"), job.name)
            named = _attachment(f"{Path(job.name).stem or 'report'}.html")
            return HTMLResponse(page, headers={**headers, **named})
        return FileResponse(path, media_type="text/html", headers=headers)

    @routes.get(
        "/analyses/{job_id}/analysis",
        response_class=FileResponse,
        responses={
            **_errors(404, 409),
            200: {
                "description": "The analysis, see docs/formats.md.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
        },
        tags=["results"],
    )
    def analysis(job_id: JobId) -> Response:
        """The analysis as JSON."""
        desk.done(job_id)
        return FileResponse(desk.file(job_id, ANALYSIS), media_type="application/json")


def _add_files(routes: APIRouter, desk: Desk) -> None:
    @routes.get(
        "/analyses/{job_id}/exports/{export_format}",
        response_class=Response,
        responses={**_errors(404, 409), **_file("*/*", f"A file: {', '.join(FORMATS)}.")},
        tags=["results"],
    )
    def exports(job_id: JobId, export_format: str) -> Response:
        """The analysis in the format of another program."""
        if export_format not in FORMATS:
            raise RefusedError(
                404, f'no format "{export_format[:40]}": choose one of {", ".join(FORMATS)}'
            )
        job = desk.done(job_id)
        path = Path(desk.file(job_id, ANALYSIS))
        content = export_file(path, export_format)
        named = _attachment(export_name(job.name, export_format))
        return Response(content, media_type=FORMATS[export_format].media_type, headers=named)

    @routes.get(
        "/analyses/{job_id}/media",
        response_class=FileResponse,
        responses={
            **_errors(404),
            **_file("*/*", "The recording."),
            206: {"description": "The part that the Range header asks for."},
            416: {"description": "There is no such part."},
        },
        tags=["results"],
    )
    def media(job_id: JobId) -> Response:
        """The recording as it was sent, whole or in parts (Range)."""
        job = desk.job(job_id)
        if not job.is_media:
            raise RefusedError(404, "a transcript was given alone: there is no recording")
        path = Path(desk.file(job_id, job.recording))
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix])


def _add_server(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/models", responses=_errors(), tags=["server"])
    def models() -> ModelsAnswer:
        """The models that may be asked for, with their cards."""
        return ModelsAnswer(models=_models(desk))

    @routes.get("/palette", responses=_errors(422), tags=["server"])
    def colours(
        label: Annotated[list[str] | None, Query(description="A class; repeated.")] = None,
    ) -> PaletteAnswer:
        """How the emotions of one model are drawn, "unsure" last: the report's colours."""
        try:
            return PaletteAnswer(styles=[EmotionLook(**look) for look in palette(label or [])])
        except UsageError as error:
            raise RefusedError(422, str(error)) from error

    @routes.get("/health", tags=["server"])
    def health() -> HealthAnswer:
        """That the server is there, and what it takes."""
        settings = desk.settings
        limits = LimitsAnswer(
            upload_bytes=settings.upload_bytes,
            transcript_bytes=settings.transcript_bytes,
            media_hours=settings.media_hours,
            utterances=settings.utterances,
            queue=settings.queue,
            keep_hours=settings.keep_hours,
            live_sessions=settings.live,
            live_minutes=settings.live_minutes,
        )
        return HealthAnswer(status="ok", version=emospot.__version__, limits=limits)


def _models(desk: Desk) -> list[ModelAnswer]:
    found = []
    for name, folder in desk.settings.models.items():
        # Not through `read_description`: the server itself does without PyTorch.
        plain = json.loads((Path(folder) / "model.json").read_text(encoding="utf-8"))
        card = {key: value for key, value in plain["card"].items() if key != "recordings"}
        found.append(ModelAnswer(name=name, causal=bool(plain["model"].get("causal")), card=card))
    return found


def _attachment(name: str) -> dict[str, str]:
    """The header that names a file to be saved; any letter is allowed in it.

    Programs that do not know the second form take the first, which has plain letters only
    (RFC 6266, section 5).
    """
    from unicodedata import normalize
    from urllib.parse import quote

    letters = normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(letter for letter in letters if letter.isprintable() and letter not in '"\\')
    if plain.strip().startswith("."):
        plain = f"recording{plain.strip()}"  # not one of its letters was plain
    said = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return {"Content-Disposition": said}
