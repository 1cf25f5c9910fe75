"""A registry with 10,000 tags, in a process of its own: 20 repositories, pages of 100. Prints its address."""

from __future__ import annotations

import asyncio

from aiohttp import web

REPOSITORIES, TAGS, PAGE = 20, 500, 100


async def answer(request: web.Request) -> web.Response:
    """The catalogue, or one page of the tags of a repository."""
    if request.path == "/v2/_catalog":
        return web.json_response({"repositories": [f"org/aim-model-{n:02}" for n in range(REPOSITORIES)]})
    start = int(request.query.get("last", "0"))
    tags = [f"{n // 100}.{n // 10 % 10}.{n % 10}-rc{n}" for n in range(start, min(start + PAGE, TAGS))]
    headers = {}
    if start + PAGE < TAGS:
        headers["Link"] = f'<{request.path}?n=1000&last={start + PAGE}>; rel="next"'
    return web.json_response({"name": "x", "tags": tags}, headers=headers)


async def serve() -> None:
    """Serve until killed."""
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
