"""Tells the artifact's status how the download fares: merge patches over plain HTTPS.

1. It never harms the download: every error is swallowed after one line in the log, nobody waits for an answer.
2. Patches that wait are merged, the newest value wins: after an outage one patch says it all.
3. At most one request a second; after a failure the pause doubles up to half a minute. At the end the last state is
   sent at once, and tried three times.
4. An artifact that is gone ends the reporting.
5. The token is read anew for every request: it is exchanged while we run.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aimctl_runtime.downloader.failures import described

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_ANSWER_WITHIN = 5.0
_BETWEEN_REQUESTS = 1.0
_LONGEST_PAUSE = 30.0
_LAST_TRIES = 3

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StatusAddress:
    """Where the status of one artifact is patched. `account` is the folder of the service account."""

    host: str
    port: int
    namespace: str
    artifact: str
    account: Path = ACCOUNT

    def patch(self, body: Json) -> int:
        """Send a merge patch of the status; answers with the HTTP code. Raises OSError, ValueError, HTTPException."""
        context = ssl.create_default_context(cafile=str(self.account / "ca.crt"))
        token = (self.account / "token").read_text().strip()
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=_ANSWER_WITHIN, context=context)
        try:
            connection.request(
                "PATCH",
                f"/apis/aim.eai.amd.com/v1alpha1/namespaces/{quote(self.namespace, safe='')}"
                f"/aimartifacts/{quote(self.artifact, safe='')}/status",
                body=json.dumps({"status": body}),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/merge-patch+json",
                    "Accept": "application/json",
                    "User-Agent": "aim-artifact-downloader",
                },
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def status_address(environment: Mapping[str, str], namespace: str, artifact: str) -> StatusAddress | None:
    """The address of an artifact's status in the cluster we run in; None outside of one."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not (host and namespace and artifact and port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    account = Path(environment.get("AIM_SERVICE_ACCOUNT_DIR") or ACCOUNT)
    return StatusAddress(host, int(port), namespace, artifact, account)


def _nothing(_line: str) -> None:
    """Nobody listens any more."""


class Reporter:
    """Sends what it is told, from a thread of its own. `patch` sends one; None: there is nobody to tell."""

    def __init__(self, patch: Callable[[Json], int] | None, say: Callable[[str], None]) -> None:
        self._patch = patch
        self._say = say
        self._waiting: Json = {}
        self._changed = threading.Condition()
        self._closed = False
        self._pause = 0.0
        self._last_problem = ""
        self._last_tries = _LAST_TRIES
        self._thread = threading.Thread(target=self._send_all, name="reporter", daemon=True)
        if patch is not None:
            self._thread.start()

    def tell(self, status: Json) -> None:
        """Let the status become like this, soon. Returns at once."""
        if self._patch is None:
            return
        with self._changed:
            for field, members in status.items():
                self._waiting[field] = {**self._waiting.get(field, {}), **members}
            self._changed.notify()

    def close(self, patience: float) -> None:
        """Wait until everything is told, at most `patience` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._patch is not None:
            self._thread.join(patience)
            # Whatever comes later must not stand below the last line of the run.
            self._say = _nothing

    def _send_all(self) -> None:
        while (status := self._next()) is not None:
            sent_at = time.monotonic()
            if not self._send(status):
                self._put_back(status)
                if self._closed:
                    self._last_tries -= 1
                    if not self._last_tries:
                        return
            self._rest(sent_at + max(_BETWEEN_REQUESTS, self._pause))

    def _next(self) -> Json | None:
        """What is to be sent now; None at the end."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            status, self._waiting = self._waiting, {}
            return status

    def _put_back(self, status: Json) -> None:
        with self._changed:
            for field, members in status.items():
                self._waiting[field] = {**members, **self._waiting.get(field, {})}

    def _rest(self, until: float) -> None:
        with self._changed:
            while not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._closed and self._pause:
                self._changed.wait(_BETWEEN_REQUESTS / 2)

    def _send(self, status: Json) -> bool:
        """Whether nothing is left to do about this status."""
        assert self._patch is not None  # noqa: S101  the thread runs only with it
        try:
            code = self._patch(status)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return self._failed(described(error))
        if code == 404:
            self._patch_nothing_more()
            return True
        if code >= 300:
            return self._failed(f"the API server answered with code {code}")
        self._pause, self._last_problem = 0.0, ""
        return True

    def _failed(self, problem: str) -> bool:
        self._pause = min(max(2 * self._pause, _BETWEEN_REQUESTS), _LONGEST_PAUSE)
        if problem != self._last_problem:
            self._say(f"The status is not told for now ({problem}); the download goes on")
            self._last_problem = problem
        return False

    def _patch_nothing_more(self) -> None:
        self._say("The artifact is gone from the cluster; nothing more is told")
        with self._changed:
            self._closed = True
            self._waiting = {}
            self._patch = None
