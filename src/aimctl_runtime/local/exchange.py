"""One HTTP exchange as plain values: what was asked, what is answered.

1. Nothing here does I/O; `routes` maps a `Request` to an `Answer`, `server` carries both over the wire.
2. A `Reply` is complete. A `Stream` is a watch, a `LogStream` a followed log: the server drains them.
3. Errors have the API server's shape (`kind: Status`), except where the API server answers plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from aimcore.api.json_text import well_formed
from aimcore.resource import Json
from aimcore.simulation.errors import ApiError, bad_request, status_body
from aimctl_runtime.json_body import LEVELS, is_deep, is_flat
from aimctl_runtime.yaml_text import YamlError, read_yaml

PROTOBUF = "application/vnd.kubernetes.protobuf"
NO_PROTOBUF = (
    "this local cluster does not read protobuf: write the object as YAML and use `kubectl apply -f` or "
    "`kubectl create -f`; adding `--dry-run=client -o yaml` to the command that failed prints that YAML"
)


@dataclass(frozen=True, slots=True)
class Request:
    """`query` holds the last value of each parameter; `agent` is the User-Agent header.

    Bytes of a header that are no UTF-8 arrive as lone surrogates, which no answer can carry: they become U+FFFD.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    accept: str = ""
    body: bytes = b""
    agent: str = ""

    def __post_init__(self) -> None:
        for name in ("method", "path", "content_type", "accept", "agent"):
            object.__setattr__(self, name, well_formed(getattr(self, name)))
        object.__setattr__(self, "query", {well_formed(k): well_formed(v) for k, v in self.query.items()})

    def flag(self, name: str) -> bool:
        """Whether a boolean parameter is on; a bare `?watch` counts, as it does for the API server."""
        return name in self.query and self.query[name].lower() not in ("false", "0")

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    def accepts_as(self, form: str) -> bool:
        """Whether the client would take the answer in another form, such as `Table`."""
        return f"as={form};" in f"{self.accept.replace(',', ';').replace(' ', '')};"


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is JSON, or text or bytes that go out as they are."""

    code: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encoded(self) -> bytes:
        match self.body:
            case bytes():
                return self.body
            case str():
                return self.body.encode()
            case _:
                return msgspec.json.encode(self.body)


class EventSource(Protocol):
    """A watch of the cluster, as far as a stream needs it."""

    @property
    def ended(self) -> bool: ...

    def take(self) -> list[Json]: ...

    def stop(self) -> list[Json]: ...


@dataclass(frozen=True, slots=True)
class Stream:
    """A watch. `form` shapes each event for the client; `timeout` in real seconds."""

    watch: EventSource
    form: Callable[[Json], Json]
    timeout: float


@dataclass(frozen=True, slots=True)
class LogStream:
    """A followed log. `read` gives the whole text so far, None when the container is gone; `is_over` when no more
    will come."""

    read: Callable[[], str | None]
    is_over: Callable[[], bool]


Answer = Reply | Stream | LogStream


def status(code: int, reason: str, message: str, details: Json | None = None) -> Reply:
    """A failure as the API server words it."""
    return Reply(code, status_body(code, reason, message, details))


def decoded(request: Request) -> Any:
    """The JSON of a body that is JSON or YAML. Raises `ApiError`."""
    kind = request.media_type
    if kind == PROTOBUF:
        raise ApiError(415, status_body(415, "UnsupportedMediaType", NO_PROTOBUF))
    try:
        if kind.endswith("yaml") and not request.body.lstrip().startswith((b"{", b"[")):
            return _of_yaml(request.body.decode())
        found = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, YamlError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the object provided cannot be read: {error}") from error
    if not is_flat(request.body) and is_deep(found):
        raise bad_request(f"the object provided is nested deeper than {LEVELS} levels")
    return found


def _of_yaml(text: str) -> Any:
    documents = [document.value for document in read_yaml(text)]
    if len(documents) > 1:
        raise YamlError(f"it holds {len(documents)} documents, one is allowed")
    return documents[0] if documents else None
