"""Secrets: read by name, when needed, and forgotten at once.

1. Never listed, watched or cached; a value never enters an answer, a message or a log line.
2. Pull secrets are `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`; others are skipped.
3. Where no pull secret matches, the process's own docker configuration is consulted, read anew each time; its
   credential helpers are not.
4. Of the keys that match a repository the one that sorts last wins (longer paths first), of equal ones the first
   secret's. A key matches by port, by number of host labels (each a glob) and by path prefix.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aimcore.facts import Failure, FailureKind, SecretExists
from aimcore.resource import Json, Key
from aimcore.wire import JSON, Request, object_path
from aimctl_runtime.clock import Clock, SystemClock
from aimctl_runtime.observe.patience import get_patiently
from aimctl_runtime.transport import Client, UnreachableError

TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, or a token. Never shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def basic(self) -> str:
        """The value of a basic Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Keychain:
    """Credentials by their keys, in the order of their secrets. `own`: those of the process itself."""

    entries: tuple[tuple[str, Credentials], ...] = field(default=(), repr=False)
    own: tuple[tuple[str, Credentials], ...] = field(default=(), repr=False)

    def find(self, registry: str, repository: str) -> Credentials | None:
        """What to log in with for a repository; None for anonymously."""
        for entries in (self.entries, self.own):
            for key in sorted({key for key, _ in entries}, reverse=True):
                if _matches(key, registry, repository):
                    return next(credentials for known, credentials in entries if known == key)
        return None

    def exactly(self, key: str) -> Credentials | None:
        """The credentials that a pull secret keeps under exactly this key."""
        return next((credentials for known, credentials in self.entries if known == key), None)


class SecretReader:
    """Reads secrets over the API. Two callers at a time share nothing.

    `docker_config`: the process's own docker configuration (`config.json`), None for none; it need not exist.
    """

    def __init__(self, client: Client, docker_config: Path | None = None, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._docker_config = docker_config

    async def exists(self, want: SecretExists) -> bool | Failure:
        """Answer a `SecretExists`. What the secret holds is dropped at once."""
        read = await self._get(want.namespace, want.name, accept_missing=True)
        return read if isinstance(read, Failure) else read is not None

    async def keychain(
        self, namespace: str, names: Iterable[str], *, missing_is_failure: bool = True
    ) -> Keychain | Failure:
        """The credentials of some pull secrets, in order."""
        entries: list[tuple[str, Credentials]] = []
        for name in names:
            secret = await self._get(namespace, name, accept_missing=not missing_is_failure)
            if isinstance(secret, Failure):
                return secret
            if secret is None:
                continue
            found = credentials_of(secret)
            if found is None:
                message = f'imagePullSecret "{name}" in namespace "{namespace}" holds no valid docker configuration'
                return Failure(FailureKind.MALFORMED, message)
            entries += found
        own = self._own()
        return own if isinstance(own, Failure) else Keychain(tuple(entries), tuple(own))

    def _own(self) -> list[tuple[str, Credentials]] | Failure:
        if self._docker_config is None:
            return []
        try:
            config = json.loads(self._docker_config.read_bytes())
        except OSError:
            return []
        except (ValueError, RecursionError):
            config = None
        auths = config.get("auths", {}) if isinstance(config, dict) else None
        if not isinstance(auths, dict):
            return Failure(FailureKind.MALFORMED, f"{self._docker_config} is no valid docker configuration")
        return _entries(auths)

    async def _get(self, namespace: str, name: str, *, accept_missing: bool) -> Json | Failure | None:
        request = Request("get", "GET", object_path(Key("Secret", namespace, name)), (), JSON)
        try:
            response = await get_patiently(self._client, self._clock, request, timeout=TIMEOUT)
        except UnreachableError as problem:
            message = f'failed to access imagePullSecret "{name}": {problem}'
            return Failure(FailureKind.UNREACHABLE, message)
        body = response.decoded()
        if response.code == 200 and isinstance(body, dict):
            return body
        if response.code == 404:
            if accept_missing:
                return None
            message = f'imagePullSecret "{name}" not found in namespace "{namespace}"'
            return Failure(FailureKind.SECRET_NOT_FOUND, message)
        kind = FailureKind.FORBIDDEN if response.code in (401, 403) else FailureKind.UNREACHABLE
        return Failure(kind, f'failed to access imagePullSecret "{name}": the server answered {response.code}')


# ---- docker configuration -------------------------------------------------------------------------------------------
def credentials_of(secret: Mapping[str, Any]) -> list[tuple[str, Credentials]] | None:
    """The entries of a pull secret; empty for a secret of another kind; None for one that is malformed."""
    data = secret.get("data")
    data = data if isinstance(data, dict) else {}
    match secret.get("type"):
        case "kubernetes.io/dockerconfigjson" if ".dockerconfigjson" in data:
            config = _decoded(data[".dockerconfigjson"])
            auths = config.get("auths", {}) if isinstance(config, dict) else None
        case "kubernetes.io/dockercfg" if ".dockercfg" in data:
            auths = _decoded(data[".dockercfg"])
        case _:
            return []
    return _entries(auths) if isinstance(auths, dict) else None


def _decoded(value: object) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return json.loads(base64.b64decode(value, validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _entries(auths: Mapping[str, Any]) -> list[tuple[str, Credentials]]:
    found = ((key, _credentials(entry)) for key, entry in auths.items() if isinstance(entry, dict))
    return [(key, credentials) for key, credentials in found if credentials is not None]


def _credentials(entry: Mapping[str, Any]) -> Credentials | None:
    user, password = entry.get("username"), entry.get("password")
    if isinstance(user, str) and isinstance(password, str) and password:
        return Credentials(user, password)
    auth = entry.get("auth")
    if not isinstance(auth, str):
        return None
    try:
        text = base64.b64decode(auth).decode()
    except (ValueError, binascii.Error):
        return None
    user, colon, password = text.partition(":")
    return Credentials(user, password) if colon else None


def _matches(key: str, registry: str, repository: str) -> bool:
    bare = key.split("://", 1)[-1]
    host, _, path = bare.partition("/")
    for version in ("v1/", "v2/"):
        if f"{path}/".startswith(version):
            path = path[len(version) :] if path.startswith(version) else ""
            break
    pattern_name, _, pattern_port = host.partition(":")
    name, _, port = registry.partition(":")
    pattern_labels, labels = pattern_name.split("."), name.split(".")
    return (
        pattern_port == port
        and len(pattern_labels) == len(labels)
        and all(fnmatch.fnmatchcase(label, pattern) for label, pattern in zip(labels, pattern_labels, strict=True))
        and repository.startswith(path)
    )
