"""A hub on the loopback address: the requests that huggingface_hub makes to list and fetch a model, with faults.

Files lie on disk and are sent as ranges. Large ones stand for LFS files: their address is a redirect to another host.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1 << 20
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


@dataclass
class ServedFile:
    """One file of a repository. `limit` bytes of it are sent by one answer, then `after` is called."""

    path: str
    local: Path
    size: int
    sha256: str
    blob_id: str
    limit: int | None = None
    after: Callable[[], None] | None = None
    lie: bytes = b""
    xet: bool = False

    @property
    def is_large(self) -> bool:
        return self.size >= LARGE

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_large else self.blob_id


@dataclass
class Repository:
    """One repository. With a `token` it is gated: only requests with that token may read it."""

    name: str
    files: dict[str, ServedFile] = field(default_factory=dict)
    token: str = ""


class Hub:
    """The state behind the server. `sent` counts the body bytes by path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repositories: dict[str, Repository] = {}
        self.sent: Counter[str] = Counter()
        self.requests: list[tuple[str, str, str]] = []
        self.tokens: set[str] = set()
        self.ranges_are_ignored = False
        self.failures_left = 0
        self.bytes_per_second = 0.0
        self.url = ""
        self.other_url = ""

    def repository(self, name: str, sizes: dict[str, int], *, token: str = "") -> Repository:
        """Make a repository with files of these sizes, their content random."""
        made = self.repositories[name] = Repository(name, token=token)
        if token:
            self.tokens.add(token)
        for path, size in sizes.items():
            local = self.folder / name / path
            local.parent.mkdir(parents=True, exist_ok=True)
            seed = hashlib.sha256(f"{name}/{path}".encode()).digest()
            block = hashlib.shake_256(seed).digest(1 << 20)
            with local.open("wb") as out:
                for at in range(0, size, len(block)):
                    # Blocks differ, so that a block at a wrong place is noticed.
                    mark = at.to_bytes(8, "big")
                    out.write((mark + block[8:])[: size - at])
            content = local.read_bytes()
            made.files[path] = ServedFile(
                path, local, size, hashlib.sha256(content).hexdigest(),
                hashlib.sha1(b"blob %d\0" % size + content, usedforsecurity=False).hexdigest(),
            )  # fmt: skip
        return made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_arguments: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path, self.headers.get("authorization", "")))
        if self.hub.failures_left:
            self.hub.failures_left -= 1
            return self._send(503, b"busy")
        if path.endswith("/xet-token"):
            return self._send(500, b"no xet here")
        found = re.match(r"/(api/models|cdn)?/?([^/]+/[^/]+)(?:/(revision|tree|resolve)/([^/]+))?(?:/(.*))?$", path)
        if not found:
            return self._send(404, b"")
        api, name, verb, _revision, rest = found.groups()
        repository = self.hub.repositories.get(name)
        if (refusal := self._refusal(repository)) is not None and api != "cdn":
            return self._send(*refusal)
        assert repository is not None
        if api == "api/models":
            return self._send_json(_tree(repository) if verb == "tree" else _info(repository))
        file = repository.files.get(rest or "")
        if file is None:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        if verb == "resolve" and file.is_large:
            return self._redirect(repository, file)
        return self._send_file(file, with_body=with_body)

    def _refusal(self, repository: Repository | None) -> tuple[int, bytes, dict[str, str]] | None:
        given = self.headers.get("authorization", "").removeprefix("Bearer ")
        if given and self.hub.tokens and given not in self.hub.tokens:
            return 401, b"", {"X-Error-Message": "Invalid credentials in Authorization header"}
        if repository is None:
            return 401 if not given else 404, b"", {"X-Error-Code": "RepoNotFound"}
        if repository.token and given != repository.token:
            return 403 if given else 401, b"", {"X-Error-Code": "GatedRepo"}
        return None

    def _redirect(self, repository: Repository, file: ServedFile) -> None:
        headers = {
            "Location": f"{self.hub.other_url}/cdn/{repository.name}/{file.path}?X-Amz-Signature=secretsignature",
            "X-Linked-Etag": f'"{file.etag}"',
            "X-Linked-Size": str(file.size),
            "X-Repo-Commit": COMMIT,
        }
        if file.xet:
            headers |= {"X-Xet-Hash": file.sha256, "X-Xet-Refresh-Route": f"{self.hub.url}/xet-token"}
        self._send(302, b"", headers)

    def _send_file(self, file: ServedFile, *, with_body: bool) -> None:
        start, end, code = 0, file.size, 200
        asked = _RANGE.match(self.headers.get("range", ""))
        if asked and not self.hub.ranges_are_ignored:
            start, end, code = int(asked[1]), min(int(asked[2] or file.size) + 1, file.size), 206
        self.send_response(code)
        self.send_header("ETag", f'"{file.etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        if code == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{file.size}")
        self.end_headers()
        if with_body:
            self._send_body(file, start, end)

    def _send_body(self, file: ServedFile, start: int, end: int) -> None:
        stop = min(end, start + file.limit) if file.limit is not None else end
        try:
            if file.lie:
                self.wfile.write((file.lie * (1 + file.size // len(file.lie)))[start:stop])
                self.hub.sent[file.path] += stop - start
            else:
                self._send_pieces(file, start, stop)
            if stop < end:
                if file.after is not None:
                    file.after()
                self.close_connection = True
        except OSError:
            self.close_connection = True

    def _send_pieces(self, file: ServedFile, start: int, stop: int) -> None:
        rate = self.hub.bytes_per_second
        piece = (1 << 18) if rate else stop - start
        with file.local.open("rb") as content:
            while start < stop:
                sent = self.connection.sendfile(content, start, min(piece, stop - start))
                self.hub.sent[file.path] += sent
                start += sent
                if rate:
                    time.sleep(sent / rate)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _lfs(file: ServedFile) -> dict[str, object]:
    return {"sha256": file.sha256, "oid": file.sha256, "size": file.size, "pointerSize": 130}


def _info(repository: Repository) -> dict[str, object]:
    siblings = [
        {"rfilename": f.path, "size": f.size, "blobId": f.blob_id, **({"lfs": _lfs(f)} if f.is_large else {})}
        for f in repository.files.values()
    ]
    return {"_id": "1", "id": repository.name, "modelId": repository.name, "sha": COMMIT, "siblings": siblings}


def _tree(repository: Repository) -> list[dict[str, object]]:
    return [
        {"type": "file", "path": f.path, "size": f.size, "oid": f.blob_id, **({"lfs": _lfs(f)} if f.is_large else {})}
        for f in repository.files.values()
    ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def hub_server(folder: Path) -> Iterator[Hub]:
    """A hub that answers as long as the block lasts."""
    hub = Hub(folder)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    hub.other_url = f"http://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
