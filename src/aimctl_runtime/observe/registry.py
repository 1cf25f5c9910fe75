"""Image labels: manifest, index child for linux/amd64, image config (rules M-10 to M-17).

1. An image that cannot be parsed, or a pull secret that is missing, is told before anything is asked of the network.
2. Layers are never pulled. A config blob is checked against its digest.
3. Failures have kinds; messages begin as the reference's do (M-17).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import aiohttp

from aimcore.facts import Failure, FailureKind, ImageLabels
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.distribution import Distribution, RegistryError
from aimctl_runtime.observe.reference import BadReference, Reference, read_reference
from aimctl_runtime.observe.secrets import SecretReader

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_INDEX}, {DOCKER_MANIFEST}"


class ImageInspector:
    """Reads image labels from registries."""

    def __init__(self, session: aiohttp.ClientSession, secrets: SecretReader, clock: Clock) -> None:
        self._session = session
        self._secrets = secrets
        self._clock = clock

    async def labels(self, want: ImageLabels) -> Mapping[str, str] | Failure:
        """Answer an `ImageLabels`."""
        reference = read_reference(want.image)
        if isinstance(reference, BadReference):
            return Failure(FailureKind.MALFORMED, reference.message)
        keychain = await self._secrets.keychain(want.namespace, want.secrets)
        if isinstance(keychain, Failure):
            return keychain
        scope = f"repository:{reference.repository}:pull"
        credentials = keychain.find(reference.registry, reference.repository)
        registry = Distribution(self._session, reference.registry, scope, credentials, self._clock)
        return await _inspect(registry, reference, want.image)


async def _inspect(registry: Distribution, reference: Reference, image: str) -> Mapping[str, str] | Failure:
    base = f"/v2/{reference.repository}"
    try:
        manifest = _object((await registry.get(f"{base}/manifests/{reference.version}", ACCEPT)).json())
    except RegistryError as error:
        return error.failure(f'failed to fetch image "{image}"')
    try:
        if "manifests" in manifest:
            digest = _amd64(manifest)
            manifest = _object((await registry.get(f"{base}/manifests/{digest}", ACCEPT)).json())
        digest = _config_digest(manifest)
    except RegistryError as error:
        return error.failure("failed to get image from descriptor")
    try:
        page = await registry.get(f"{base}/blobs/{digest}", "application/json")
        _check_digest(page.body, digest)
        return _labels(_object(page.json()))
    except RegistryError as error:
        return error.failure("failed to get image config")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RegistryError(FailureKind.MALFORMED, "the document is no JSON object")
    return value


def _amd64(index: Mapping[str, Any]) -> str:
    """The digest of the linux/amd64 entry; an entry without a platform counts as one."""
    entries = index.get("manifests")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("digest"), str):
            continue
        platform = entry.get("platform")
        if not isinstance(platform, dict) or (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return str(entry["digest"])
    raise RegistryError(FailureKind.MALFORMED, "no child with platform linux/amd64 in the index")


def _config_digest(manifest: Mapping[str, Any]) -> str:
    config = manifest.get("config")
    digest = config.get("digest") if isinstance(config, dict) else None
    if not isinstance(digest, str) or not digest:
        raise RegistryError(FailureKind.MALFORMED, "the manifest names no image config (schema 1 is not supported)")
    return digest


def _check_digest(body: bytes, digest: str) -> None:
    algorithm, _, expected = digest.partition(":")
    if algorithm == "sha256" and hashlib.sha256(body).hexdigest() != expected.lower():
        raise RegistryError(FailureKind.MALFORMED, f"the image config does not have the digest {digest}")


def _labels(config: Mapping[str, Any]) -> Mapping[str, str]:
    inner = config.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {k: v for k, v in labels.items() if isinstance(k, str) and isinstance(v, str)}
