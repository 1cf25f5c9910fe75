"""What an image says of itself in its labels (M-6 to M-8, D-17). Pure and total.

1. A label of ours is looked for as `com.amd.aim.<suffix>`, then, if missing or empty, as `org.amd.silogen.<suffix>`.
2. No label is mandatory. Empty values are left out.
3. The recommended deployments are read as JSON, then as a Python literal, then as objects separated by commas.
   Apostrophes inside a text survive.
4. Half a character, which a registry's JSON can spell and UTF-8 cannot hold, is replaced by U+FFFD.
5. A deployment's keys match whatever their case; `gpuCount` is a whole number of 32 bits, the rest are texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from aimcore.api.json_text import well_formed
from aimcore.resource import Json

PREFIXES = ("com.amd.aim.", "org.amd.silogen.")
DEPLOYMENTS = "model.recommendedDeployments"
_LONGEST = 2**20


@dataclass(frozen=True, slots=True)
class MalformedLabel:
    """A label that cannot be read. `label` is its full key, `message` a sentence for people."""

    label: str
    message: str


_TEXTS = {
    "model.canonicalName": "canonicalName",
    "model.source": "source",
    "title": "title",
    "description.full": "descriptionFull",
    "release.notes": "releaseNotes",
}
_LISTS = {"model.tags": "tags", "model.versions": "versions", "model.variants": "variants"}
_OCI = ("title", "description", "licenses", "vendor", "authors", "source", "documentation", "created", "revision",
        "version")  # fmt: skip
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def read_image_labels(labels: object) -> Json | MalformedLabel:
    """The image metadata (as in `status.imageMetadata`) of an image's labels."""
    texts = (
        {well_formed(k): well_formed(v) for k, v in labels.items() if isinstance(k, str) and isinstance(v, str)}
        if isinstance(labels, Mapping)
        else {}
    )
    model: Json = {}
    for suffix, field in _TEXTS.items():
        model[field] = _label(texts, suffix)[1]
    for suffix, field in _LISTS.items():
        model[field] = [part.strip() for part in _label(texts, suffix)[1].split(",") if part.strip()]
    model["hfTokenRequired"] = _label(texts, "hfToken.required")[1] in _TRUE
    key, written = _label(texts, DEPLOYMENTS)
    deployments = read_deployments(written)
    if isinstance(deployments, str):
        return MalformedLabel(key, f"failed to parse image labels: label {key}: {deployments}")
    model["recommendedDeployments"] = deployments
    oci = {name: texts.get(f"org.opencontainers.image.{name}", "") for name in _OCI}
    metadata: Json = {"model": _without_empty(model), "oci": _without_empty(oci)}
    return metadata | ({"originalLabels": dict(sorted(texts.items()))} if texts else {})


def _label(labels: Mapping[str, str], suffix: str) -> tuple[str, str]:
    """The key and value of one of our labels; the value is "" if neither prefix has it."""
    for prefix in PREFIXES:
        if value := labels.get(prefix + suffix):
            return prefix + suffix, value
    return PREFIXES[0] + suffix, ""


def _without_empty(values: Json) -> Json:
    return {k: v for k, v in values.items() if v not in ("", [], False)}


# ---- recommended deployments ----------------------------------------------------------------------------------------
def read_deployments(text: str) -> list[Json] | str:
    """The deployments that a label lists, or why it cannot be read. A blank label lists none."""
    written = text.strip()
    if not written:
        return []
    if len(written) > _LONGEST:
        return "too long"
    for spelling in (written, f"[{written}]"):
        for reading in (_json, _python):
            found = reading(spelling)
            if isinstance(found, Mapping):
                found = [found]
            if isinstance(found, list):
                return _deployments(found)
    return "neither a JSON array nor a list of objects"


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


_TOKEN = re.compile(
    r"""'(?P<single>(?:[^'\\]++|\\.)*+)'|"(?P<double>(?:[^"\\]++|\\.)*+)"|(?P<stray>\\.)|"""
    r"""\b(?P<word>True|False|None)\b|(?P<last>,)(?=\s*[\]}])""",
    re.DOTALL,
)
_ESCAPED = re.compile(
    r"""\\x(?P<byte>[0-9a-fA-F]{2})|\\U(?P<wide>00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|\\(?P<single>')|(?P<double>")|(?P<other>\\.)""",
    re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}


def _python(text: str) -> Any:
    """Read a Python literal by writing it as JSON."""
    return _json(_TOKEN.sub(_as_json, text))


def _as_json(token: re.Match[str]) -> str:
    if token["single"] is not None:
        return f'"{_ESCAPED.sub(_escape, token["single"])}"'
    if token["double"] is not None:
        return f'"{_ESCAPED.sub(_escape, token["double"])}"'
    if token["stray"]:
        return token["stray"]
    return _WORDS[token["word"]] if token["word"] else ""


def _escape(escape: re.Match[str]) -> str:
    if escape["byte"]:
        return f"\\u00{escape['byte']}"
    if escape["wide"]:
        return chr(int(escape["wide"], 16))
    if escape["single"]:
        return "'"
    return '\\"' if escape["double"] else escape["other"]


_FIELDS = {name.lower(): name for name in ("gpuModel", "gpuCount", "precision", "metric", "profileId", "description")}


def _deployments(entries: list[Any]) -> list[Json] | str:
    read = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping | None):
            return f"entry {number} is no object"
        deployment: Json = {}
        for key, value in (entry or {}).items():
            field = _FIELDS.get(key.lower()) if isinstance(key, str) else None
            if field is None or value is None:
                continue
            if not _fits(field, value):
                return f"entry {number}: {field} has the wrong type"
            deployment[field] = value
        read.append({k: v for k, v in deployment.items() if v not in ("", 0)})
    return read


def _fits(field: str, value: object) -> bool:
    if field != "gpuCount":
        return isinstance(value, str) and _is_unicode(value)
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _is_unicode(text: str) -> bool:
    """Whether the text can be sent at all: JSON escapes can spell half a character."""
    return not any("\ud800" <= c <= "\udfff" for c in text)
