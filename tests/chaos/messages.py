"""HTTP/1.1 messages on a byte stream, as far as a proxy must understand them: where each one ends.

1. A head is kept as the bytes it came in. Only its framing is read: the length, chunks, or the end of the stream.
2. A stream that ends between two messages gives None; one that ends within a message raises `anyio.IncompleteRead`
   or `anyio.EndOfStream`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

END_OF_HEAD = b"\r\n\r\n"
LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The start line and the headers of a message, with their bytes."""

    start: str
    headers: dict[str, str]
    raw: bytes

    @property
    def length(self) -> int:
        """The length of the body, 0 if the head does not say."""
        return int(self.headers.get("content-length", "0"))

    @property
    def is_chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    @property
    def method(self) -> str:
        """The method of a request."""
        return self.start.split(" ")[0]

    @property
    def path(self) -> str:
        """The path of a request, without its query."""
        return urlsplit(self.start.split(" ")[1]).path

    @property
    def is_watch(self) -> bool:
        """Whether a request asks for an answer that goes on."""
        query = parse_qs(urlsplit(self.start.split(" ")[1]).query)
        return self.method == "GET" and query.get("watch") == ["true"]


async def read_head(stream: BufferedByteReceiveStream) -> Head | None:
    """The next head, None at the end of the stream. Raises anyio.IncompleteRead."""
    first = b""
    try:
        first = await stream.receive_exactly(1)
        raw = first + await stream.receive_until(END_OF_HEAD, LONGEST_HEAD) + END_OF_HEAD
    except (anyio.IncompleteRead, anyio.EndOfStream):
        if first:
            raise
        return None
    start, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(start, {name.strip().lower(): value.strip() for name, _, value in pairs}, raw)


async def read_body(stream: BufferedByteReceiveStream, head: Head) -> bytes:
    """The whole body of a message that says how long it is."""
    return await stream.receive_exactly(head.length) if head.length else b""


async def read_chunks(stream: BufferedByteReceiveStream) -> AsyncIterator[bytes]:
    """The chunks of a body, as they come."""
    while True:
        size = int((await stream.receive_until(b"\r\n", 1024)).partition(b";")[0], 16)
        if size:
            yield await stream.receive_exactly(size)
        await stream.receive_exactly(2)
        if not size:
            return


def chunk(data: bytes) -> bytes:
    """The data as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def message(code: int, content_type: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole answer."""
    named = {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {code} Injected", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + END_OF_HEAD + body
