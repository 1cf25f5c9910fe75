"""Image labels: manifest, index child for linux/amd64, image config (rules M-10 to M-17).

1. An image that cannot be parsed, or a pull secret that is missing, is told before anything is asked of the network.
2. Layers are never pulled. Whatever is fetched by digest is checked against it.
3. The digest of an image is that of the document which its reference names: an index, if it is one.
4. Failures have kinds; messages begin as the reference's do (M-17).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import aiohttp

from aimcore.facts import Failure, FailureKind, ImageLabels, InspectedImage
from aimctl_runtime.clock import Clock
from aimctl_runtime.observe.distribution import Distribution
from aimctl_runtime.observe.page import Page, RegistryError
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

    async def labels(self, want: ImageLabels) -> InspectedImage | Failure:
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


async def _inspect(registry: Distribution, reference: Reference, image: str) -> InspectedImage | Failure:
    base = f"/v2/{reference.repository}"
    try:
        page = await registry.get(f"{base}/manifests/{reference.version}", ACCEPT)
        manifest = _object(_checked(page, reference.version).json())
    except RegistryError as error:
        return error.failure(f'failed to fetch image "{image}"')
    digest = f"sha256:{hashlib.sha256(page.body).hexdigest()}"
    try:
        if "manifests" in manifest:
            child = _amd64(manifest)
            page = await registry.get(f"{base}/manifests/{child}", ACCEPT)
            manifest = _object(_checked(page, child).json())
        config = _config_digest(manifest)
    except RegistryError as error:
        return error.failure("failed to get image from descriptor")
    try:
        page = await registry.get(f"{base}/blobs/{config}", "application/json")
        return InspectedImage(_labels(_object(_checked(page, config).json())), digest)
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


def _checked(page: Page, version: str) -> Page:
    """The page, if it is what a digest names."""
    algorithm, _, expected = version.partition(":")
    if algorithm == "sha256" and hashlib.sha256(page.body).hexdigest() != expected.lower():
        raise RegistryError(FailureKind.MALFORMED, f"the document does not have the digest {version}")
    return page


def _labels(config: Mapping[str, Any]) -> Mapping[str, str]:
    inner = config.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {k: v for k, v in labels.items() if isinstance(k, str) and isinstance(v, str)}
