"""Pod logs: the last lines of one container, of exactly one incarnation of a pod.

1. The pod's uid is checked first: a successor of the same name has another story to tell.
2. A pod or a container that is gone is NOT_FOUND: the plan keeps the condition that it has.
3. Whoever is in trouble is asked again before "cannot be read" is an answer (`patience`).
4. At most `MAX_BYTES` are read, whatever the container wrote.
"""

from __future__ import annotations

from aimcore.facts import Failure, FailureKind, PodLog
from aimcore.resource import Key
from aimcore.status_answer import read_answer
from aimcore.wire import JSON, Request, object_path
from aimctl_runtime.clock import Clock, SystemClock
from aimctl_runtime.observe.patience import get_patiently
from aimctl_runtime.transport import Client, Response, UnreachableError

TIMEOUT = 20.0
MAX_BYTES = 16 * 1024 * 1024


class PodLogReader:
    """Reads logs over the API."""

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()

    async def read(self, want: PodLog) -> str | Failure:
        """Answer a `PodLog`."""
        try:
            return await self._read(want)
        except UnreachableError as problem:
            return Failure(FailureKind.UNREACHABLE, f"the log of {_name(want)} cannot be read: {problem}")

    async def _read(self, want: PodLog) -> str | Failure:
        key = Key("Pod", want.namespace, want.pod)
        pod = await self._get(Request("get", "GET", object_path(key), (), JSON))
        body = pod.decoded()
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if pod.code == 200 and (not isinstance(metadata, dict) or metadata.get("uid") != want.uid):
            return Failure(FailureKind.NOT_FOUND, f"{_name(want)} is gone")
        if pod.code != 200:
            return _failure(want, pod)
        query = [("container", want.container), ("limitBytes", str(MAX_BYTES))]
        if want.lines is not None:
            query.append(("tailLines", str(want.lines)))
        if want.previous:
            query.append(("previous", "true"))
        request = Request("get", "GET", object_path(key, "log"), tuple(query))
        log = await self._get(request, is_object=False)
        return log.body.decode("utf-8", "replace") if log.code == 200 else _failure(want, log)

    async def _get(self, request: Request, *, is_object: bool = True) -> Response:
        return await get_patiently(self._client, self._clock, request, timeout=TIMEOUT, is_object=is_object)


def _failure(want: PodLog, response: Response) -> Failure:
    answer = read_answer(response.code, response.decoded())
    kind = _KINDS.get(response.code, FailureKind.UNREACHABLE)
    return Failure(kind, f"the log of {_name(want)} cannot be read: {answer.message}")


# 400: the container is still waiting, or there is no previous run of it.
_KINDS = {
    400: FailureKind.NOT_FOUND,
    401: FailureKind.FORBIDDEN,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    429: FailureKind.RATE_LIMITED,
}


def _name(want: PodLog) -> str:
    return f"pod {want.namespace}/{want.pod}, container {want.container}"
