"""The protocol sequence of a hub download, `AIM_DOWNLOADER_PROTOCOL`.

1. Tokens are split at commas and not trimmed; the same token may stand there twice.
2. An empty token at the end counts in the total and is not tried; any other empty token is an unknown one.
3. An unknown token uses up an attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

XET, HF_TRANSFER, HTTP = "XET", "HF_TRANSFER", "HTTP"

_ENVIRONMENT: Mapping[str, Mapping[str, str]] = {
    XET: {"HF_HUB_DISABLE_XET": "0", "HF_HUB_ENABLE_HF_TRANSFER": "0"},
    HF_TRANSFER: {"HF_HUB_DISABLE_XET": "1", "HF_HUB_ENABLE_HF_TRANSFER": "1"},
    HTTP: {"HF_HUB_DISABLE_XET": "1", "HF_HUB_ENABLE_HF_TRANSFER": "0"},
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One entry of a sequence. `number` counts from 1. `environment` is None for an unknown token."""

    protocol: str
    number: int
    total: int
    sequence: str
    environment: Mapping[str, str] | None

    def report(self, message: str) -> dict[str, object]:
        """The `status.download` that says how this attempt fares."""
        return {
            "protocol": self.protocol,
            "attempt": self.number,
            "totalAttempts": self.total,
            "protocolSequence": self.sequence,
            "message": message,
        }


def attempts_of(sequence: str) -> Iterator[Attempt]:
    """The attempts of a sequence that is not empty, in order."""
    tokens = sequence.split(",")
    tried = tokens[:-1] if len(tokens) > 1 and not tokens[-1] else tokens
    for number, token in enumerate(tried, start=1):
        yield Attempt(token, number, len(tokens), sequence, _ENVIRONMENT.get(token))
