"""YAML files as Kubernetes objects, each with the place it came from.

1. Every problem is one sentence: file, line, what was found, what is allowed. Nothing is taken if anything is wrong.
2. A `List` stands for its items. Empty documents are skipped.
3. `-` is standard input; a folder stands for its `.yaml`, `.yml` and `.json` files, sorted, with subfolders.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aimctl_runtime.cli import Problem
from aimctl_runtime.yaml_text import YamlError, read_yaml

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_SHOWN = 80
_MOST_FAULTS = 20
"""Faults of one object that are told at once."""


@dataclass(frozen=True)
class Document:
    """One object, with file and line (from 1) where its text begins."""

    object: Any
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def load_documents(names: Sequence[str], kinds: Collection[tuple[str, str]]) -> list[Document]:
    """The objects of all files, in order. `kinds` are the allowed (apiVersion, kind) pairs.

    Raises `Problem` with every fault of all files, one line each.
    """
    documents: list[Document] = []
    faults: list[str] = []
    for name in names:
        for file, text in _texts(name):
            _load(file, text, kinds, documents, faults)
    if faults:
        raise Problem("\n".join(faults))
    return documents


def _texts(name: str) -> Iterator[tuple[str, str]]:
    if name == "-":
        try:
            yield "<stdin>", sys.stdin.read()
        except UnicodeDecodeError as error:
            raise Problem("<stdin>: cannot be read: it is not UTF-8 text") from error
        return
    path = Path(name)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
        if not files:
            raise Problem(f"{name}: the folder holds no .yaml, .yml or .json file")
    else:
        files = [path]
    for file in files:
        try:
            yield str(file), file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise Problem(f"{file}: cannot be read: {reason}") from error


def _load(
    file: str, text: str, kinds: Collection[tuple[str, str]], documents: list[Document], faults: list[str]
) -> None:
    try:
        for line, value in read_yaml(text):
            _take(Document(value, file, line), kinds, documents, faults)
    except YamlError as error:
        where = f"{file}:{error.line}:{error.column}" if error.line else file
        faults.append(f"{where}: not valid YAML: {error}")


def _take(document: Document, kinds: Collection[tuple[str, str]], documents: list[Document], faults: list[str]) -> None:
    if document.object is None:
        return
    fault = _fault(document.object, kinds)
    if fault is not None:
        faults.append(f"{document.place}: {fault}")
    elif document.object["kind"] == "List":
        for item in _items(document.object):
            _take(Document(item, document.file, document.line), kinds, documents, faults)
    else:
        documents.append(document)


def _items(whole: dict[str, Any]) -> list[Any]:
    return whole.get("items") or []


def _fault(value: Any, kinds: Collection[tuple[str, str]]) -> str | None:
    """What is wrong with the head of an object, or None."""
    if not isinstance(value, dict):
        return f"expected a Kubernetes object (a mapping with apiVersion, kind, metadata), found {_shape(value)}"
    for member in ("apiVersion", "kind"):
        if not isinstance(value.get(member), str) or not value[member]:
            return f"{member} is missing; every object needs apiVersion, kind and metadata.name"
    if value["kind"] == "List":
        items = value.get("items")
        return None if items is None or isinstance(items, list) else "items of a List must be a list"
    if (value["apiVersion"], value["kind"]) not in kinds:
        return _unknown(value["apiVersion"], value["kind"], kinds)
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        return f"metadata.name of this {value['kind']} is missing"
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        return f"metadata.namespace of this {value['kind']} must be a text, found {_shape(namespace)}"
    return None


def _unknown(api_version: str, kind: str, kinds: Collection[tuple[str, str]]) -> str:
    same_kind = sorted(a for a, k in kinds if k == kind)
    if same_kind:
        return f"unknown apiVersion {_shown(api_version)} for kind {kind}; expected {' or '.join(same_kind)}"
    known = ", ".join(sorted({k for _, k in kinds}))
    return f"unknown kind {_shown(kind)} (apiVersion {_shown(api_version)}); known kinds are {known}"


def _shape(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return _shown(value)


def _shown(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def refusal(document: Document, body: Any) -> Problem:
    """What an API server's refusal says of a document, in one sentence: the fields, without the server's own advice."""
    causes = body.get("details", {}).get("causes", ()) if isinstance(body, dict) else ()
    faults = [f"{c['field']}: {c['message']}" for c in causes if c.get("field") and c["field"] != "<nil>"]
    obj = document.object
    different = list(dict.fromkeys(faults))
    more = len(different) - _MOST_FAULTS
    rest = [f"and {more} more"] if more > 0 else []
    said = "; ".join(different[:_MOST_FAULTS] + rest) or (body["message"] if isinstance(body, dict) else str(body))
    return Problem(f"{document.place}: {obj['kind']} {obj['metadata']['name']}: {said}")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Block style, members in order of writing, long texts on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def dump(value: Any) -> str:
    """The YAML text of one object: deterministic, members in the order given."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=10**6
    )
    return text
