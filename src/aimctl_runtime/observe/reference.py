"""Image references, read leniently, and the addresses they stand for.

1. The text before the first `/` is a registry only if it contains `.` or `:`; else the image lies on Docker Hub.
2. A single name on Docker Hub lies under `library/`. No tag means `latest`. A digest wins over a tag.
3. HTTPS always; plain HTTP only as a fall-back for loopback, `*.local`, `*.localhost` and private addresses.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

DOCKER_HUB = "index.docker.io"
DOCKER_HUB_API = "registry-1.docker.io"
_REPOSITORY = re.compile(r"[a-z0-9_\-./]{2,255}")
_TAG = re.compile(r"[A-Za-z0-9_\-.]{1,128}")
_DIGEST = re.compile(r"[a-z0-9+._-]+:[a-fA-F0-9]{32,}")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image lies. `version` is a tag or a digest."""

    registry: str
    repository: str
    version: str


@dataclass(frozen=True, slots=True)
class BadReference:
    """No image reference. `message` says why."""

    message: str


def read_reference(image: str) -> Reference | BadReference:
    """Read an image reference. Never raises."""
    rest, at, digest = image.strip().partition("@")
    registry, repository = _split_registry(rest)
    head, slash, last = repository.rpartition("/")
    name, _, tag = last.partition(":")
    repository = f"{head}{slash}{name}"
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    if not name or not _REPOSITORY.fullmatch(repository):
        return BadReference(f'failed to parse image reference "{image}": repository {repository!r} is not valid')
    if at and not _DIGEST.fullmatch(digest):
        return BadReference(f'failed to parse image reference "{image}": digest {digest!r} is not valid')
    if tag and not _TAG.fullmatch(tag):
        return BadReference(f'failed to parse image reference "{image}": tag {tag!r} is not valid')
    return Reference(registry, repository, digest if at else tag or "latest")


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first):
        return canonical_registry(first), rest
    return DOCKER_HUB, text


def canonical_registry(registry: str) -> str:
    """Docker Hub has several names; this is the one that credentials are kept under."""
    return DOCKER_HUB if registry in ("", "docker.io", "registry-1.docker.io", "hub.docker.com") else registry


def may_be_plain(registry: str) -> bool:
    """Whether plain HTTP may be tried after HTTPS failed. Rule 3."""
    host = registry.rsplit(":", 1)[0] if not registry.endswith("]") else registry
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith((".local", ".localhost")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address in _PRIVATE_10 or address in _PRIVATE_172 or address in _PRIVATE_192


_PRIVATE_10 = ipaddress.ip_network("10.0.0.0/8")
_PRIVATE_172 = ipaddress.ip_network("172.16.0.0/12")
_PRIVATE_192 = ipaddress.ip_network("192.168.0.0/16")
