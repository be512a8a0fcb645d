"""An OpenAI-compatible endpoint: asked with patience, its answers kept on disk.

    EMOSPOT_LLM_BASE_URL   e.g. http://localhost:11434/v1
    EMOSPOT_LLM_MODEL      the model's name there
    EMOSPOT_LLM_API_KEY    or OPENAI_API_KEY; local servers need none

A question that fails for the moment (no connection, time-out, HTTP 408, 409, 429, 5xx)
is asked again after ever longer waits, as the `openai` package does it; one whose
answer is malformed is asked twice more. After three questions in a row without any
answer the endpoint counts as gone, and the rest of the conversation does not wait.

An answer is kept under a hash of prompt version, address, model, prompt and question, in
EMOSPOT_CACHE or the user's cache folder. It holds the text that was sent to the
endpoint anyway; remove the folder to forget it.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emospot.errors import EmospotError, UsageError
from emospot.files import write_json

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

BASE_URL = "EMOSPOT_LLM_BASE_URL"
MODEL = "EMOSPOT_LLM_MODEL"
KEYS = ("EMOSPOT_LLM_API_KEY", "OPENAI_API_KEY")
CACHE = "EMOSPOT_CACHE"

_NO_KEY = "none"  # local servers want some text
_MALFORMED = 3  # questions until a malformed answer is given up
_GONE = 3  # questions in a row without any answer
_LONGEST_ANSWER = 2000  # tokens


class NoAnswerError(EmospotError):
    """The endpoint did not answer, or not with what was asked for."""


@dataclass
class LlmEndpoint:
    """Whom to ask.

    Args:
        base_url: of the API, up to and with its version.
        model: the model's name there.
        key: or "" where none is needed.
        cache: folder of the answers, or None: nothing is kept.
        at_once: requests at a time.
        timeout: seconds for one answer.
        retries: how often a question that fails for the moment is asked again.

    Raises:
        UsageError: if address or model are missing.
    """

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    cache: Path | None = None
    at_once: int = 8
    timeout: float = 60.0
    retries: int = 4

    def __post_init__(self) -> None:
        if not self.base_url or not self.model:
            raise UsageError(
                "hotspots by a language model need an endpoint and a model: give --llm-base-url "
                f"and --llm-model, or set {BASE_URL} and {MODEL}"
            )
        self._lock = threading.Lock()
        self._client_made: openai.OpenAI | None = None
        self._form = 0
        self._failed_in_a_row = 0

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; its client and its lock are its own."""
        own = ("_lock", "_client_made")
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process."""
        vars(self).update(state)
        self._lock, self._client_made = threading.Lock(), None

    @staticmethod
    def from_environment(base_url: str = "", model: str = "") -> "LlmEndpoint":
        """What the environment names.

        Args:
            base_url: instead of the environment's.
            model: instead of the environment's.

        Raises:
            UsageError: if there is no address or no model.
        """
        keys = (os.environ.get(name, "") for name in KEYS)
        return LlmEndpoint(
            base_url or os.environ.get(BASE_URL, ""),
            model or os.environ.get(MODEL, ""),
            next((key for key in keys if key), ""),
            cache_folder() / "llm",
        )

    def reset(self) -> None:
        """Believe again that the endpoint answers."""
        self._failed_in_a_row = 0

    def ask(
        self,
        system: str,
        user: str,
        check: Callable[[str], T],
        *,
        schema: Mapping[str, Any],
        version: int = 0,
    ) -> T:
        """Ask one question.

        Args:
            system: the prompt.
            user: the question.
            check: makes a result of the answer's text; raises ValueError where it
                is malformed.
            schema: JSON schema of the answer; an endpoint that cannot be held to one is
                asked for any JSON, or for text.
            version: of the prompt and the check.

        Returns:
            What `check` made of the answer, or of the one that was kept.

        Raises:
            NoAnswerError: if there is none, or none that passes the check.
            UsageError: if the endpoint refuses the key or knows no such model.
        """
        path = self._kept_in(system, user, version)
        kept = _read(path)
        if kept is not None:
            try:
                return check(kept)
            except ValueError:
                pass  # damaged; asked again
        reason = ""
        for _ in range(_MALFORMED):
            content = self._content(system, user, schema)
            try:
                result = check(content)
            except ValueError as error:
                reason = str(error)
                continue
            if path is not None:
                write_json(path, {"model": self.model, "answer": content})
            return result
        raise NoAnswerError(reason)

    def _content(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        """The text of an answer, in the strictest form that the endpoint knows."""
        import openai

        if self._failed_in_a_row >= _GONE:
            raise NoAnswerError(f"{self.base_url} has stopped answering")
        refused = ""
        for number in range(self._form, len(_FORMS)):
            try:
                answer = self._client().chat.completions.create(
                    model=self.model,
                    messages=[
                        {"role": "system", "content": system},
                        {"role": "user", "content": user},
                    ],
                    **_FORMS[number](schema),
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = _told(error)
                continue
            except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
                raise UsageError(
                    f"{self.base_url} refuses the key: {_told(error)}; set {' or '.join(KEYS)}"
                ) from None
            except openai.NotFoundError as error:
                raise UsageError(
                    f'{self.base_url} has no model "{self.model}", or is not the address of an '
                    f"OpenAI-compatible API: {_told(error)}"
                ) from None
            except openai.APIError as error:
                self._failed_in_a_row += 1
                raise NoAnswerError(_told(error)) from None
            self._failed_in_a_row = 0
            self._form = max(self._form, number)  # what was refused is not tried again
            content = answer.choices[0].message.content if answer.choices else None
            return content or ""
        raise NoAnswerError(refused)

    def _client(self) -> "openai.OpenAI":
        import openai

        with self._lock:
            if self._client_made is None:
                self._client_made = openai.OpenAI(
                    base_url=self.base_url,
                    api_key=self.key or _NO_KEY,
                    timeout=self.timeout,
                    max_retries=self.retries,
                )
            return self._client_made

    def _kept_in(self, system: str, user: str, version: int) -> Path | None:
        if self.cache is None:
            return None
        asked = [version, self.base_url, self.model, system, user]
        content = json.dumps(asked, ensure_ascii=False)
        return self.cache / f"{hashlib.sha256(content.encode()).hexdigest()}.json"


def cache_folder() -> Path:
    """Where answers are kept: EMOSPOT_CACHE, else the user's cache folder."""
    own = os.environ.get(CACHE)
    if own:
        return Path(own)
    users = os.environ.get("XDG_CACHE_HOME")
    return (Path(users) if users else Path.home() / ".cache") / "emospot"


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["answer"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _by_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "answer", "strict": True, "schema": schema}
    return {**_as_text(schema), "response_format": {"type": "json_schema", "json_schema": named}}


def _as_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**_as_text(schema), "response_format": {"type": "json_object"}}


def _as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"temperature": 0.0, "max_tokens": _LONGEST_ANSWER}


def _as_it_comes(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_FORMS = (_by_schema, _as_object, _as_text, _as_it_comes)
"""How an answer is asked for, the strictest first; not every endpoint knows every option."""


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
