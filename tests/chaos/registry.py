"""A container registry on the loopback address that offers the images of a world.

1. It speaks the distribution protocol: a manifest by tag or digest, and the image config as a blob.
2. Each image offers one way to be deployed: of several templates a service would take the one that is ready first.
3. An image is named `<address>/<its usual name>`, in objects and in the settings of the world (`catalogue`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from aimcore.resource import Json
from aimcore.simulation.defaults import IMAGES
from aimctl_runtime.observe.registry import OCI_MANIFEST
from shell.web import serving

DEPLOYMENTS = "com.amd.aim.model.recommendedDeployments"
CONFIG = "application/vnd.oci.image.config.v1+json"


def _offered() -> list[Json]:
    """The default images of a world. Rule 2."""
    offered = []
    for image in IMAGES:
        labels = dict(image.get("labels", {}))
        if DEPLOYMENTS in labels:
            labels[DEPLOYMENTS] = labels[DEPLOYMENTS].partition("},")[0] + "}"
        offered.append({**image, "labels": labels})
    return offered


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that is served. `manifests` are pairs of an image, without address and tag, and its digest."""

    address: str
    manifests: tuple[tuple[str, str], ...]

    def digest(self, image: str) -> str:
        """The digest of the manifest of an image."""
        return dict(self.manifests)[image.removeprefix(f"{self.address}/").rpartition(":")[0]]

    def catalogue(self) -> list[Json]:
        """The default images of a world, as they are named when they lie here."""
        return [{**image, "image": f"{self.address}/{image['image']}"} for image in _offered()]


@asynccontextmanager
async def registry() -> AsyncIterator[Registry]:
    """Serve the labels of the default images."""
    documents: dict[str, bytes] = {}

    def kept(document: Mapping[str, Any]) -> str:
        body = json.dumps(document, sort_keys=True).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        documents[digest] = body
        return digest

    manifests: dict[str, str] = {}
    for image in _offered():
        config = kept({"architecture": "amd64", "os": "linux", "config": {"Labels": image["labels"]}})
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {"mediaType": CONFIG, "digest": config}}
        manifests[image["image"].rpartition(":")[0]] = kept(manifest)

    async def answer(request: web.Request) -> web.StreamResponse:
        name, _, version = request.path.removeprefix("/v2/").rpartition("/")
        repository, _, sort = name.rpartition("/")
        digest = version if version in documents else manifests.get(repository, "")
        if request.method != "GET" or sort not in ("manifests", "blobs") or digest not in documents:
            code = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            return web.json_response(code, status=404)
        media_type = OCI_MANIFEST if sort == "manifests" else "application/octet-stream"
        return web.Response(body=documents[digest], content_type=media_type)

    async with serving(answer) as address:
        yield Registry(address, tuple(manifests.items()))
