"""Strikes secrets out of what is printed.

1. The values of the secret variables, wherever they appear.
2. What looks like a token of the hub, a bearer token, user information in a URL, or the query of a signed URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

STRUCK = "***"
_SECRET_NAME = re.compile(r"(TOKEN|SECRET|PASSWORD|CREDENTIAL|ACCESS_KEY_ID|API_KEY)", re.IGNORECASE)
_NOT_SECRET = re.compile(r"(_FILE|_PATH|_URI|_URL|_DIR)$", re.IGNORECASE)
_SHORTEST = 6
"""Characters. A shorter value is a word like `true`: striking it out would hide the log and no secret."""

_SIGNED = "x-amz-(?:signature|credential|security-token)|signature|policy|key-pair-id"
_SHAPES = (
    (re.compile(r"\bhf_[A-Za-z0-9]{8,}"), STRUCK),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{6,}"), rf"\1{STRUCK}"),
    (re.compile(r"(?i)(\b\w++://)[^/\s:@]+:[^/\s@]+@"), rf"\1{STRUCK}@"),
    (re.compile(rf"(?i)((?:{_SIGNED})=)[^&\s\"'<>]+"), rf"\1{STRUCK}"),
)


class Scrubber:
    """Knows the secrets of one environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        values = {
            value.strip()
            for name, value in environment.items()
            if _SECRET_NAME.search(name) and not _NOT_SECRET.search(name) and len(value.strip()) >= _SHORTEST
        }
        self._values = sorted(values, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """The text without secrets."""
        for value in self._values:
            text = text.replace(value, STRUCK)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text
