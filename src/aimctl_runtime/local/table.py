"""Tables: what `kubectl get` prints. The server makes them, from printer columns or from the table of built-in kinds.

1. A CRD's `additionalPrinterColumns` win; built-in kinds have their rows in `columns`; all others get Name and Age.
2. The first column is the name, but for events. Rows carry the object's metadata, or all of it if asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aimcore.resource import Json
from aimctl_runtime.local.cells import Column, path_column
from aimctl_runtime.local.columns import AGE, BUILT_IN, EVENT, NAME


def columns_of(kind: str, printer_columns: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """All columns of a kind. `printer_columns` as in a CRD: name, type, jsonPath, priority."""
    if printer_columns:
        return NAME, *(
            path_column(str(c["name"]), str(c["jsonPath"]), str(c.get("type", "string")), wide=bool(c.get("priority")))
            for c in printer_columns
            if isinstance(c, Mapping) and "name" in c and "jsonPath" in c
        )
    return EVENT if kind == "Event" else (NAME, *BUILT_IN.get(kind, (AGE,)))


def table(columns: Sequence[Column], objects: Iterable[Json], now: datetime, version: str, include: str) -> Json:
    """The Table of some objects. `include` is None, Metadata or Object; `version` the list's resourceVersion."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": [_definition(c) for c in columns],
        "rows": [_row(columns, o, now, include) for o in objects],
    }


def _definition(column: Column) -> Json:
    form = "name" if column.name == "Name" else ""
    return {
        "name": column.name, "type": column.type, "format": form, "description": "", "priority": int(column.wide),
    }  # fmt: skip


def _row(columns: Sequence[Column], raw: Json, now: datetime, include: str) -> Json:
    row: Json = {"cells": [c.read(raw, now) for c in columns]}
    if include == "Object":
        row["object"] = raw
    elif include != "None":
        row["object"] = metadata_only(raw)
    return row


def metadata_only(raw: Json) -> Json:
    """The object without anything but its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": raw["metadata"]}
