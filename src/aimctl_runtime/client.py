"""The HTTP transport to a real API server. The only module that imports kubernetes_asyncio.

1. Authentication comes from a kubeconfig file or from the pod's service account; tokens are refreshed by the library.
2. Watches and calls have a connection pool each, so that many watches never block a call.
3. Every call has a time limit, every stream a limit of silence.
4. Whether a request may have reached the server is decided by the stage at which it failed: only a connection that
   was never made is surely "not sent".
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes_asyncio import config as kube_config
from kubernetes_asyncio.client import ApiClient, Configuration

from aimcore.wire import Request
from aimctl_runtime.transport import Response, Stream, UnreachableError

CALLS_AT_ONCE = 32
CONNECT_TIMEOUT = 10.0
USER_AGENT = "aimctl"
MAX_LINE = 8 * 1024 * 1024
"""Bytes of one watch event. The API server stores at most about 1.5 MiB for an object."""


class ConfigurationError(Exception):
    """We do not know which server to talk to, or not how. The message is a sentence with the remedy."""


class KubernetesClient:
    """A client over kubernetes-asyncio."""

    def __init__(self, configuration: Configuration, watching: Configuration) -> None:
        self._calls = ApiClient(configuration)
        self._watches = ApiClient(watching)
        self._calls.user_agent = self._watches.user_agent = USER_AGENT

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self._calls.configuration.host)

    async def request(self, request: Request, *, timeout: float) -> Response:
        limit = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_TIMEOUT))
        try:
            answer = await self._send(self._calls, request, limit)
            async with answer:
                return Response(answer.status, await answer.read(), dict(answer.headers))
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _unreachable(problem, self.host, timeout) from problem

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[Stream]:
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=silence)
        try:
            answer = await self._send(self._watches, request, limit)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _unreachable(problem, self.host, silence) from problem
        try:
            yield Stream(answer.status, _lines(answer, self.host, silence))
        finally:
            answer.close()

    async def close(self) -> None:
        await self._calls.close()
        await self._watches.close()

    async def _send(self, api: ApiClient, request: Request, limit: aiohttp.ClientTimeout) -> Any:
        headers = {"Accept": "application/json"}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        return await api.call_api(
            request.path,
            request.method,
            query_params=list(request.query),
            header_params=headers,
            body=request.body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=limit,
        )


async def _lines(answer: aiohttp.ClientResponse, host: str, silence: float) -> AsyncIterator[bytes]:
    """The lines of an answer. A last line without its end is given too: the reader finds out that it is cut off."""
    pending = b""
    try:
        async for chunk in answer.content.iter_any():
            *whole, pending = (pending + chunk).split(b"\n")
            for line in whole:
                yield line
            if len(pending) > MAX_LINE:
                raise UnreachableError(f"{host} sent a line of more than {MAX_LINE} bytes", sent=True)
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise _unreachable(problem, host, silence) from problem
    if pending:
        yield pending


def _unreachable(problem: Exception, host: str, limit: float) -> UnreachableError:
    never_connected = isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    if isinstance(problem, TimeoutError):
        message = f"{host} did not answer within {limit:g} s"
    else:
        message = f"{host}: {problem or type(problem).__name__}"
    return UnreachableError(message, sent=not never_connected, reason=_reason_of(problem))


_BY_TYPE: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "DNSFailure"),
    (aiohttp.ServerDisconnectedError, "ConnectionReset"),
    (TimeoutError, "NetworkTimeout"),
)
_BY_NUMBER = {
    errno.ECONNREFUSED: "ConnectionRefused",
    errno.ETIMEDOUT: "NetworkTimeout",
    errno.ECONNRESET: "ConnectionReset",
    errno.EPIPE: "ConnectionReset",
}


def _reason_of(problem: Exception) -> str:
    """Why there was no answer (R-11.3): by the type of the error, else by the number of the operating system."""
    for type_, reason in _BY_TYPE:
        if isinstance(problem, type_):
            return reason
    number = problem.errno if isinstance(problem, OSError) else None
    return _BY_NUMBER.get(number or 0, "NetworkError")


async def connect(kubeconfig: str | None = None, context: str | None = None) -> KubernetesClient:
    """A client by a kubeconfig file, else by the pod's service account, else by the default kubeconfig.

    Raises ConfigurationError.
    """
    return KubernetesClient(
        await _configuration(kubeconfig, context, CALLS_AT_ONCE),
        await _configuration(kubeconfig, context, 0),
    )


async def _configuration(kubeconfig: str | None, context: str | None, connections: int) -> Configuration:
    configuration = Configuration()
    configuration.connection_pool_maxsize = connections
    if kubeconfig is None and context is None and _is_in_cluster():
        try:
            kube_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except kube_config.ConfigException as problem:
            raise ConfigurationError(
                f"The pod's service account cannot be used: {problem}. Mount its token, or give --kubeconfig."
            ) from problem
        return configuration
    where = kubeconfig or kube_config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    if not any(Path(one).expanduser().is_file() for one in where.split(os.pathsep)):
        raise ConfigurationError(
            f"No cluster is configured: there is no file {where}. "
            "Give --kubeconfig, set KUBECONFIG, or run inside a cluster."
        )
    try:
        await kube_config.load_kube_config(
            config_file=kubeconfig, context=context, client_configuration=configuration, persist_config=False
        )
    # The library lets the errors of yaml, base64 and the operating system through.
    except Exception as problem:
        raise ConfigurationError(
            f"No cluster is configured: {where} cannot be used ({problem}). "
            "Give --kubeconfig, set KUBECONFIG, or run inside a cluster."
        ) from problem
    return configuration


def _is_in_cluster() -> bool:
    return Path(kube_config.incluster_config.SERVICE_TOKEN_FILENAME).is_file()
