"""Asking the API server patiently: what a broken connection or a server in trouble says is no answer yet.

1. No answer, 429 and 5xx are tried again after each of `PAUSES`, unless `LIMIT` seconds have passed: who waits for one
   slow node keeps others waiting. The last of them is told.
2. An answer of 200 whose body is no JSON object, where one was asked for, was cut off on the way: the same.
"""

from __future__ import annotations

from aimcore.wire import Request
from aimctl_runtime.clock import Clock, pause
from aimctl_runtime.transport import Client, Response, UnreachableError

PAUSES = (0.5, 1.0, 2.0)
LIMIT = 10.0
TOO_MANY = 429


async def get_patiently(
    client: Client, clock: Clock, request: Request, *, timeout: float, is_object: bool = True
) -> Response:
    """Send a request that only reads. `timeout` is in seconds, for each attempt. Raises UnreachableError."""
    began = clock.monotonic()
    for seconds in PAUSES:
        try:
            response = await _get(client, request, timeout, is_object=is_object)
        except UnreachableError:
            if clock.monotonic() - began > LIMIT:
                raise
            await pause(clock, seconds)
            continue
        is_sound = response.code < 500 and response.code != TOO_MANY
        if is_sound or clock.monotonic() - began > LIMIT:
            return response
        await pause(clock, max(seconds, min(response.retry_after or 0.0, PAUSES[-1])))
    return await _get(client, request, timeout, is_object=is_object)


async def _get(client: Client, request: Request, timeout: float, *, is_object: bool) -> Response:
    response = await client.request(request, timeout=timeout)
    if is_object and response.code == 200 and not isinstance(response.decoded(), dict):
        raise UnreachableError("the answer is no JSON object", sent=True)
    return response
