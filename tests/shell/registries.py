"""What tests of registries share: pull secrets, and a clock that nobody has to wait for."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from aimctl_runtime.clock import VirtualClock

from .doubles import START


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def pull_secret(auths: Any) -> dict[str, Any]:
    return {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded({"auths": auths})}}


class VirtualClockThatRuns(VirtualClock):
    """A clock on which pauses cost nothing; what was waited for is in `waited`."""

    def __init__(self) -> None:
        super().__init__(START)
        self.waited: list[float] = []

    async def sleep_until(self, moment: float) -> None:
        seconds = max(0.0, moment - self.monotonic())
        self.waited.append(round(seconds, 3))
        self.advance(seconds)
        await asyncio.sleep(0)
