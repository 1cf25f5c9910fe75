"""Walks structural schemas for the tests: every place with its path, such as `spec.env[].name` or `limits{}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Place = tuple[str, dict[str, Any]]


def places(schema: dict[str, Any], path: str = "") -> Iterator[Place]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from places(part, f"{path}.{name}" if path else name)
    if isinstance(schema.get("items"), dict):
        yield from places(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from places(schema["additionalProperties"], f"{path}{{}}")
