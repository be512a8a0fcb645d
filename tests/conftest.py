"""Fixtures that several tests share."""

import base64
import hashlib
import json
import os
import sys
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Tests marked `untraced` run without the tracer of coverage.

    The `no_cover` of pytest-cov stops one of the two tracers of a process of pytest-xdist, and
    the other takes its place.
    """
    tracer = sys.gettrace()
    if item.get_closest_marker("untraced"):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data, from EMOSPOT_DATA; the test is skipped where it is absent."""
    folder = Path(os.environ.get("EMOSPOT_DATA", REPOSITORY / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"needs real data: no folder {folder} (set EMOSPOT_DATA)")
    return folder


@pytest.fixture(autouse=True)
def no_models_of_the_user(tmp_path_factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes the models that are installed on this machine."""
    folder = tmp_path_factory.getbasetemp() / "no-models"
    monkeypatch.setenv("EMOSPOT_MODELS", str(folder))
    monkeypatch.delenv("EMOSPOT_ALLOW_DOWNLOAD", raising=False)


@dataclass
class Hub:
    """A hub of models on the loopback address, with the endpoints that its client uses.

    Args:
        url: its address.
        cache: the client's cache folder.
        files: repository → file → content.
        sizes: "repository/file" → size that is told in the place of the true one.
        asked: every request, "METHOD path".
        blobs: SHA-256 → uploaded content that is not committed yet.
        gated: repositories that answer 403.
    """

    url: str = ""
    cache: Path = Path()
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)

    def commit(self, repository: str) -> str:
        """What stands for the commit: a hash of all files."""
        total = hashlib.sha1(usedforsecurity=False)
        for name, content in sorted(self.files[repository].items()):
            total.update(name.encode() + content)
        return total.hexdigest()

    def put(self, repository: str, folder: Path) -> None:
        """Publish the files of a folder."""
        self.files[repository] = {p.name: p.read_bytes() for p in folder.iterdir()}


class _HubRequest(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *arguments: object) -> None:
        return

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), Content_Type="application/json")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.hub.asked.append(f"{self.command} {path}")
        if path.startswith("/api/models/"):
            repository, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._information(repository, revision or "main")
            return
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        files = self.hub.files.get(repository)
        if files is None:
            self._answer(404, X_Error_Code="RepoNotFound")
        elif revision not in ("main", self.hub.commit(repository)):
            self._answer(404, X_Error_Code="RevisionNotFound")
        elif name not in files:
            self._answer(404, X_Error_Code="EntryNotFound")
        else:
            etag = f'"{hashlib.sha256(files[name]).hexdigest()}"'
            commit = self.hub.commit(repository)
            self._answer(200, files[name], ETag=etag, X_Repo_Commit=commit)

    def _information(self, repository: str, revision: str) -> None:
        files = self.hub.files.get(repository)
        if repository in self.hub.gated:
            self._answer(403, X_Error_Code="GatedRepo")
        elif files is None:
            self._answer(404, X_Error_Code="RepoNotFound")
        elif revision not in ("main", self.hub.commit(repository)):
            self._answer(404, X_Error_Code="RevisionNotFound")
        else:
            told = [
                {"rfilename": n, "size": self.hub.sizes.get(f"{repository}/{n}", len(content))}
                for n, content in files.items()
            ]
            sha = self.hub.commit(repository)
            self._json({"id": repository, "modelId": repository, "sha": sha, "siblings": told})

    def do_PUT(self) -> None:
        self.hub.asked.append(f"PUT {self.path}")
        self.hub.blobs[self.path.rpartition("/")[2]] = self._body()
        self._answer(200)

    def do_POST(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.hub.asked.append(f"POST {path}")
        body = self._body()
        if path == "/api/repos/create":
            wanted = json.loads(body)
            owner = wanted.get("organization") or "somebody"
            repository = f"{owner}/{wanted['name']}"
            self.hub.files.setdefault(repository, {})
            self._json({"url": f"{self.hub.url}/{repository}", "id": repository})
        elif "/preupload/" in path:
            modes = [
                {
                    "path": one["path"],
                    "uploadMode": "lfs" if one["path"].endswith("safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for one in json.loads(body)["files"]
            ]
            self._json({"files": modes})
        elif path.endswith("/info/lfs/objects/batch"):
            self._json({"transfer": "basic", "objects": [*map(self._upload, self._objects(body))]})
        elif "/commit/" in path:
            repository = path.removeprefix("/api/models/").partition("/commit/")[0]
            self._commit(repository, body)
        else:
            self._json({})

    def _objects(self, body: bytes) -> list[dict]:
        return json.loads(body)["objects"]

    def _upload(self, wanted: dict) -> dict:
        place = f"{self.hub.url}/blobs/{wanted['oid']}"
        return {**wanted, "authenticated": True, "actions": {"upload": {"href": place}}}

    def _commit(self, repository: str, body: bytes) -> None:
        files = self.hub.files[repository]
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs.pop(value["oid"])
        commit = self.hub.commit(repository)
        url = f"{self.hub.url}/{repository}/commit/{commit}"
        self._json({"success": True, "commitUrl": url, "commitOid": commit})

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Hugging Face's client, speaking to a hub of the test's own."""
    from huggingface_hub import constants

    found = Hub(cache=tmp_path / "cache")
    handler = type("HubRequest", (_HubRequest,), {"hub": found})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", found.url)
    template = found.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(found.cache))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
