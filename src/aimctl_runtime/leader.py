"""Leader election over the Lease that the reference operator uses, so that the two never work at once.

1. Somebody else's lease has expired when *we* have seen no change of the record for its duration: clocks of other
   machines are not trusted, their timestamps are never compared with ours.
2. We give up `RENEW_DEADLINE` seconds after the *start* of the last renewal that succeeded. Nobody takes over before
   `DURATION` seconds after it: a write that starts in time and is limited to the difference ends in time.
3. An update carries the resourceVersion that was read: of two candidates one gets a conflict.
4. A renewal whose answer was lost may have happened: we read again and find out.
5. On exit the lease is released: no holder, one second long.
6. The elector lives in a thread with a loop and a client of its own, so that a busy controller still renews.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import anyio
from anyio.from_thread import start_blocking_portal

from aimcore.cluster.kinds import KINDS
from aimcore.resource import Json, Key
from aimcore.status_answer import read_answer
from aimcore.wire import JSON, Request, collection_path, object_path
from aimctl_runtime.clock import Clock, SystemClock, pause
from aimctl_runtime.log import Log
from aimctl_runtime.scopes import BACKEND, background, closing
from aimctl_runtime.transport import Client, Response, UnreachableError

LEASE = "3be10d2f.eai.amd.com"
DURATION = 15
RENEW_DEADLINE = 10.0
RETRY = 2.0
CALL_TIMEOUT = 5.0
LONGEST_DURATION = 3600
"""Seconds. A record that claims more keeps nobody waiting longer."""


@dataclass(slots=True)
class Tenure:
    """How long we lead: written by the elector, read by everybody. `until`, when we give up, is in the terms of
    `monotonic`.
    """

    until: float = 0.0
    is_leader: bool = False
    is_lost: bool = False

    def deadline(self) -> float:
        """The last moment at which a write may still run."""
        return self.until + DURATION - RENEW_DEADLINE if self.is_leader and not self.is_lost else float("-inf")


class Elector:
    """One candidate. `run` returns when leadership is lost; it is released when the task is cancelled."""

    def __init__(self, client: Client, namespace: str, identity: str, clock: Clock, log: Log, tenure: Tenure) -> None:
        self._client = client
        self._key = Key("Lease", namespace, LEASE)
        self._identity = identity
        self._clock = clock
        self._log = log.named("leader").about(lease=f"{namespace}/{LEASE}", identity=identity)
        self._tenure = tenure
        self._record: Json = {}
        self._observed_at = 0.0
        self._said = ""

    async def run(self, on_leading: Callable[[], None]) -> None:
        """Become leader (calling `on_leading` once), stay it, return when it is lost."""
        try:
            while not await self._try():
                await pause(self._clock, RETRY)
            self._log.info("leading")
            on_leading()
            while self._clock.monotonic() < self._tenure.until:
                await pause(self._clock, RETRY)
                await self._try()
            self._tenure.is_lost = True
            self._log.error("the lease was lost: it could not be renewed in time")
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(CALL_TIMEOUT, shield=True):
                await self._release()
            raise
        finally:
            self._tenure.is_leader = False

    # ---- one attempt --------------------------------------------------------------------------------------------
    async def _try(self) -> bool:
        """Acquire or renew. Whether the lease is ours now."""
        start = self._clock.monotonic()
        try:
            held = await self._acquire()
        except UnreachableError as problem:
            self._say(f"the lease cannot be reached: {problem}")
            return False
        if held:
            self._tenure.until = start + RENEW_DEADLINE
            self._tenure.is_leader = True
        return held

    async def _acquire(self) -> bool:
        answer = await self._call(Request("get", "GET", object_path(self._key), (), JSON))
        body = answer.decoded()
        if answer.code == 404:
            path = collection_path(KINDS["Lease"], self._key.namespace)
            created = await self._call(Request("create", "POST", path, (), JSON, self._lease({}, _spec({}))))
            return self._accept(created)
        if answer.code != 200 or not isinstance(body, dict):
            self._complain("read", answer)
            return False
        self._observe(body)
        spec = _spec(body)
        holder = spec.get("holderIdentity")
        if holder and holder != self._identity and not self._has_expired(spec):
            self._say(f"waiting for {holder}")
            return False
        updated = await self._call(
            Request("update", "PUT", object_path(self._key), (), JSON, self._lease(_metadata(body), spec))
        )
        return self._accept(updated)

    def _accept(self, answer: Response) -> bool:
        body = answer.decoded()
        if answer.code in (200, 201):
            if isinstance(body, dict):
                self._observe(body)
            return True
        if answer.code != 409:
            self._complain("written", answer)
        return False

    def _observe(self, body: Json) -> None:
        """Remember when the record last changed, by our own clock. Rule 1."""
        spec = _spec(body)
        if spec != self._record or not self._observed_at:
            self._record = spec
            self._observed_at = self._clock.monotonic() or 1e-9

    def _has_expired(self, spec: Json) -> bool:
        duration = spec.get("leaseDurationSeconds")
        seconds = min(duration, LONGEST_DURATION) if isinstance(duration, int) and duration > 0 else DURATION
        return self._clock.monotonic() >= self._observed_at + seconds

    def _lease(self, metadata: Json, spec: Json) -> Json:
        now = _micro(self._clock.now())
        is_ours = spec.get("holderIdentity") == self._identity
        changes = spec.get("leaseTransitions")
        changes = changes if isinstance(changes, int) else 0
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**metadata, "name": self._key.name, "namespace": self._key.namespace},
            "spec": {
                **spec,
                "holderIdentity": self._identity,
                "leaseDurationSeconds": DURATION,
                "acquireTime": (spec.get("acquireTime") or now) if is_ours else now,
                "renewTime": now,
                "leaseTransitions": changes if is_ours or not spec else changes + 1,
            },
        }

    async def _release(self) -> None:
        """Let the next one begin at once. Best effort: otherwise it waits for the lease to expire."""
        if not self._tenure.is_leader:
            return
        self._tenure.is_leader = False
        with contextlib.suppress(UnreachableError):
            answer = await self._call(Request("get", "GET", object_path(self._key), (), JSON))
            body = answer.decoded()
            if not isinstance(body, dict) or _spec(body).get("holderIdentity") != self._identity:
                return
            now = _micro(self._clock.now())
            spec = {
                "holderIdentity": "",
                "leaseDurationSeconds": 1,
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": _spec(body).get("leaseTransitions", 0),
            }
            released = {**body, "spec": spec}
            await self._call(Request("update", "PUT", object_path(self._key), (), JSON, released))
            self._log.info("the lease was released")

    async def _call(self, request: Request) -> Response:
        return await self._client.request(request, timeout=CALL_TIMEOUT)

    def _complain(self, done: str, answer: Response) -> None:
        """Say once why the lease cannot be read or written, with the remedy."""
        namespace = self._key.namespace
        remedies = {
            401: "the server does not accept our credentials; renew them",
            403: f"grant get, create and update on leases in the namespace {namespace}",
            404: f"create the namespace {namespace}, or name another with AIM_SYSTEM_NAMESPACE",
        }
        remedy = remedies.get(answer.code, "the server is in trouble; trying again")
        message = f"the lease cannot be {done} (code {answer.code}): {remedy}"
        if message != self._said:
            self._said = message
            self._log.error(message, error=read_answer(answer.code, answer.decoded()).message)

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            self._log.info(message)


def _spec(body: Json) -> Json:
    spec = body.get("spec")
    return spec if isinstance(spec, dict) else {}


def _metadata(body: Json) -> Json:
    metadata = body.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _micro(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class LeaderThread:
    """An elector in a thread of its own. Rule 6."""

    def __init__(self, connect: Callable[[], Awaitable[Client]], namespace: str, identity: str, log: Log) -> None:
        self.tenure = Tenure()
        self._connect = connect
        self._namespace = namespace
        self._identity = identity
        self._log = log

    async def run(self, on_leading: Callable[[], None]) -> None:
        """Stand for election; call `on_leading`, here, once elected. Returns when leadership is lost, raises what the
        elector raised. Cancelled, it lets go of the lease first. The thread ends with the call.
        """
        with start_blocking_portal(BACKEND, name="leader") as thread:
            led = thread.call(anyio.Event)

            async def announce() -> None:
                await thread.call_async(led.wait)
                on_leading()

            async with background() as tasks:
                tasks.start_soon(announce)
                await thread.call_async(self._elect, led.set)

    async def _elect(self, on_leading: Callable[[], None]) -> None:
        async with closing(await self._connect()) as client:
            elector = Elector(client, self._namespace, self._identity, SystemClock(), self._log, self.tenure)
            await elector.run(on_leading)
