"""What a run is asked to do: its arguments and its environment.

1. Every variable of the reference's image is read under the same name with the same default.
2. A number that is none is an error that names the variable; an empty variable counts as unset.
3. A switch is on unless it is empty, `0` or `false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aimctl_runtime.downloader.sources import UsageError

LARGEST = 1 << 60
"""Bytes. Larger sizes are typing errors."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The `AIM_DEBUG_*` variables: failures and downloads that are only played. Durations in seconds."""

    hang: bool
    fail: bool
    download: bool
    download_seconds: float
    verify_seconds: float
    verify_fails: bool
    hub: bool
    hub_failing: tuple[str, ...]
    hub_seconds: float


@dataclass(frozen=True, slots=True)
class Order:
    """One run. Times in seconds, sizes in bytes; `expected` is 0 if nobody said it."""

    uri: str
    target: Path
    expected: int
    artifact: str
    namespace: str
    interval: float
    stall_timeout: float
    protocols: str
    rehearsal: Rehearsal

    @property
    def is_reported(self) -> bool:
        """Whether there is an artifact whose status can be told."""
        return bool(self.artifact and self.namespace)


def read_order(uri: str, environment: Mapping[str, str], target: str | None = None) -> Order:
    """The order of an environment. Raises UsageError."""
    number = _Numbers(environment)
    return Order(
        uri=uri,
        target=Path(target or environment.get("TARGET_DIR") or "/cache"),
        expected=int(number.of("EXPECTED_SIZE_BYTES", 0, largest=LARGEST)),
        artifact=environment.get("ARTIFACT_NAME", ""),
        namespace=environment.get("ARTIFACT_NAMESPACE", ""),
        interval=max(number.of("PROGRESS_INTERVAL", 5), 0.1),
        stall_timeout=max(number.of("STALL_TIMEOUT", 120), 0.1),
        protocols=environment.get("AIM_DOWNLOADER_PROTOCOL", ""),
        rehearsal=Rehearsal(
            hang=_is_on(environment, "AIM_DEBUG_CAUSE_HANG"),
            fail=_is_on(environment, "AIM_DEBUG_CAUSE_FAILURE"),
            download=_is_on(environment, "AIM_DEBUG_SIMULATE_DOWNLOAD"),
            download_seconds=number.of("AIM_DEBUG_DOWNLOAD_DURATION", 10),
            verify_seconds=number.of("AIM_DEBUG_VERIFY_DURATION", 10),
            verify_fails=_is_on(environment, "AIM_DEBUG_VERIFY_FAIL"),
            hub=_is_on(environment, "AIM_DEBUG_SIMULATE_HF_DOWNLOAD"),
            hub_failing=tuple(environment.get("AIM_DEBUG_SIMULATE_HF_FAIL_PROTOCOLS", "").split(",")),
            hub_seconds=number.of("AIM_DEBUG_SIMULATE_HF_DURATION", 2),
        ),
    )


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").strip().lower() not in ("", "0", "false")


class _Numbers:
    """Reads numbers of the environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def of(self, name: str, default: float, *, largest: float = 10.0**9) -> float:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        try:
            value = int(text) if text.isdigit() else float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= largest:
            raise UsageError(f"{name} {text!r}: must be a number from 0 to {largest:g}")
        return value
