"""Tables: what `kubectl get` prints. The server makes them, from printer columns or from the table of built-in kinds.

1. A CRD's `additionalPrinterColumns` win; built-in kinds have their rows in `columns`; all others get Name and Age.
2. The first column is always the name. Each row carries the object's metadata (or all of it, `includeObject=Object`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aimcore.resource import Json
from aimctl_runtime.local.cells import Column, path_column
from aimctl_runtime.local.columns import AGE, BUILT_IN


def columns_of(kind: str, printer_columns: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The columns of a kind after the name. `printer_columns` as in a CRD: name, type, jsonPath, priority."""
    if printer_columns:
        return tuple(
            path_column(str(c["name"]), str(c["jsonPath"]), str(c.get("type", "string")), wide=bool(c.get("priority")))
            for c in printer_columns
            if isinstance(c, Mapping) and "name" in c and "jsonPath" in c
        )
    return BUILT_IN.get(kind, (AGE,))


def table(columns: Iterable[Column], objects: Iterable[Json], now: datetime, version: str, include: str) -> Json:
    """The Table of some objects. `include` is None, Metadata or Object; `version` the list's resourceVersion."""
    columns = tuple(columns)
    definitions = [_definition("Name", "string", wide=False, form="name")]
    definitions += [_definition(c.name, c.type, wide=c.wide) for c in columns]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions,
        "rows": [_row(columns, o, now, include) for o in objects],
    }


def _definition(name: str, kind: str, *, wide: bool, form: str = "") -> Json:
    return {"name": name, "type": kind, "format": form, "description": "", "priority": int(wide)}


def _row(columns: tuple[Column, ...], raw: Json, now: datetime, include: str) -> Json:
    row: Json = {"cells": [raw["metadata"].get("name"), *(c.read(raw, now) for c in columns)]}
    if include == "Object":
        row["object"] = raw
    elif include != "None":
        row["object"] = metadata_only(raw)
    return row


def metadata_only(raw: Json) -> Json:
    """The object without anything but its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": raw["metadata"]}
