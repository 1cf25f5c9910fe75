"""Image references, taken apart for names.

1. The text before the first `/` is the registry if it holds `.` or `:` or is `localhost`; else it is `docker.io`.
2. The last segment gives name and tag: at `@` (the tag is then the first six digits of the digest, and a tag before
   it stays part of the name), else at `:`, else the tag is `latest`.
3. Registry, name and tag are cleaned for names; the repository keeps its case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aimcore.naming.derive import lowered

_NOT_DNS_RUN = re.compile(r"[^a-z0-9-]+")
_DASHES = re.compile(r"-{2,}")


@dataclass(frozen=True, slots=True)
class ImageParts:
    """The parts of an image reference. All but `repository` are cleaned for use in names."""

    registry: str
    repository: str
    name: str
    tag: str


@dataclass(frozen=True, slots=True)
class InvalidImage:
    """The text is no image reference. `message` says why."""

    message: str


def parse_image(text: str) -> ImageParts | InvalidImage:
    """The parts of an image reference (R-9.1)."""
    image = text.strip()
    if not image:
        return InvalidImage("image must not be empty")
    registry, path = _split_registry(image)
    folder, _, last = path.rpartition("/")
    split = _split_tag(last)
    if isinstance(split, str):
        return InvalidImage(f'image "{image}": {split}')
    name, tag = split
    parts = ImageParts(_cleaned(registry), f"{folder}/{name}" if "/" in path else name, _cleaned(name), _cleaned(tag))
    if parts.registry and parts.name and parts.tag:
        return parts
    return InvalidImage(f'image "{image}": registry, name and tag must each hold a letter or digit')


def _split_registry(image: str) -> tuple[str, str]:
    head, slash, rest = image.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return head, rest
    return "docker.io", image


def _split_tag(last: str) -> tuple[str, str] | str:
    """Name and tag of the last segment, or what is wrong with it."""
    name, at, digest = last.partition("@")
    if at:
        value = digest.partition(":")[2]
        return (name, value[:6]) if value else "the digest must read <algorithm>:<hash>"
    name, colon, tag = last.partition(":")
    if colon:
        return (name, tag) if tag else "the tag must not be empty"
    return last, "latest"


def _cleaned(text: str) -> str:
    return _DASHES.sub("-", _NOT_DNS_RUN.sub("-", lowered(text))).strip("-")
