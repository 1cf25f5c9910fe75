"""What the package carries as data: our CRDs as JSON, so that no command has to load the models to know them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

PACKAGED = Path(__file__).parent / "crds.json"


@cache
def our_crds() -> tuple[dict[str, Any], ...]:
    """The ten CustomResourceDefinitions, sorted by kind, as `schemas/crds/` holds them."""
    return tuple(json.loads(PACKAGED.read_text(encoding="utf-8")))
