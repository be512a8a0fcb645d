"""The application: the routes, the page, and the guard before them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import Request

import emospot
from emospot.serve.child import Work
from emospot.serve.desk import Desk
from emospot.serve.guard import Guard
from emospot.serve.live import add_live
from emospot.serve.looks import report_style
from emospot.serve.refused import RefusedError
from emospot.serve.routes import api_routes
from emospot.serve.settings import Settings
from emospot.serve.work import analyse

STATIC = Path(__file__).parent / "static"


def build_app(settings: Settings, work: Work = analyse) -> Guard:
    """The server as an ASGI application.

    Args:
        settings: where it keeps things, and its limits.
        work: what is done in a job's process.

    Raises:
        EmospotError: if the data folder cannot be used, or another server uses it.
    """
    desk = Desk(settings, work)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        desk.changes.attach()
        await asyncio.to_thread(desk.start)
        yield
        desk.changes.close()
        await asyncio.to_thread(desk.stop)

    # No pages of documentation: they would load scripts from elsewhere.
    app = FastAPI(
        title="emospot",
        version=emospot.__version__,
        summary="Emotion recognition in conversations that shows its evidence.",
        description='Every error is `{"error": …}`, a sentence that says what was found, what '
        "was expected and what to do. Live: the WebSocket `/live`, see docs/serve.md.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.include_router(api_routes(desk))
    add_live(app, desk)
    _add_page(app)
    _add_errors(app)
    _describe_token(app)
    return Guard(app, settings, desk.changes.close)


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> Response:
        path = STATIC / "index.html"
        if not path.is_file():
            raise RefusedError(404, "this installation has no page: the API is at /openapi.json")
        return FileResponse(path, media_type="text/html")

    # Before the folder, which holds the page's own files alone.
    @app.get("/static/report.css", include_in_schema=False)
    def style() -> Response:
        return Response(report_style(), media_type="text/css")

    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False))


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return JSONResponse({"error": str(error)}, error.status, error.headers)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        said = f"{request.method} {request.url.path[:100]}: {error.detail}; see /openapi.json"
        return JSONResponse({"error": said}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"error": f"{place}: {first['msg']}; see /openapi.json"}, 422)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        said = f"unexpected {type(error).__name__}; the server's log has more"
        return JSONResponse({"error": said}, 500)


def _describe_token(app: FastAPI) -> None:
    """Say in OpenAPI that a token may be needed; it is checked by the guard."""

    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            schemes = {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "emospot_token"},
            }
            schema.setdefault("components", {})["securitySchemes"] = schemes
            schema["security"] = [{}, {"bearer": []}, {"cookie": []}]
            app.openapi_schema = json.loads(json.dumps(schema))
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
