"""What belongs into the directory `schemas/`: documents by path. Nothing is written here."""

from __future__ import annotations

from typing import Any

from aimcore.api.crd import crd_for, json_schema_for
from aimcore.api.kinds import AIM_KINDS, GROUP


def schema_documents() -> dict[str, dict[str, Any]]:
    """CRDs (`crds/<group>_<plural>.yaml`) and schemas for editors (`json/<kind>.json`), by path, in a fixed order."""
    documents: dict[str, dict[str, Any]] = {}
    for kind, facts in sorted(AIM_KINDS.items()):
        documents[f"crds/{GROUP}_{facts.plural}.yaml"] = crd_for(kind)
        documents[f"json/{facts.singular}.json"] = json_schema_for(kind)
    return documents
