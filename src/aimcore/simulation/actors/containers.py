"""What containers do: a script of moments after their start, as a pure function of pod and settings.

1. A `Beat` is a moment: log lines, a patch of an AIMArtifact's status, and perhaps the end with an exit code.
2. The container `discovery` prints the result for the profile that its environment asks for (templates' job output).
3. `check-size` prints one JSON line, or an error and exit code 1 (A7.2).
4. `model-download` reports progress as A7.3 and A7.4 say, protocol after protocol, then verifies (A7.5). A hang that
   was asked for ends after `STALL_TIMEOUT` seconds, as a stall; a source that `stalls` never ends.
5. Every other container is a server and does what its image's settings say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aimcore.simulation.actors.stage import Json, mapping, sequence, written_number
from aimcore.simulation.settings import Image, Source, WorldSettings

_KNOWN_PROTOCOLS = frozenset({"XET", "HF_TRANSFER", "HTTP"})


@dataclass(frozen=True, slots=True)
class Beat:
    """`at`: seconds after the start. `ends`: the exit code, None while it runs. `reason` of the end, when special."""

    at: float
    log: str = ""
    patch: Json | None = None
    ends: int | None = None
    reason: str = ""


Script = tuple[Beat, ...]


def find_image(settings: WorldSettings, image: str) -> Image | None:
    """The first image of the settings whose reference or pattern matches."""
    return next((known for known in settings.images if known.image == image or fnmatchcase(image, known.image)), None)


def find_source(settings: WorldSettings, uri: str) -> Source | None:
    return next((known for known in settings.sources if known.uri == uri or fnmatchcase(uri, known.uri)), None)


def main_container(pod: Json) -> Mapping[str, Any]:
    return next(iter(sequence(pod, "spec", "containers")), {})


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """The literal values."""
    return {str(e.get("name")): e["value"] for e in sequence(container, "env") if isinstance(e.get("value"), str)}


def script_of(pod: Json, settings: WorldSettings) -> Script:
    """What the main container of a pod does from its start on."""
    container = main_container(pod)
    image = find_image(settings, str(container.get("image") or "")) or Image("")
    match container.get("name"):
        case "discovery":
            return _discovery(container, image, settings)
        case "check-size":
            return _check_size(container, settings)
        case "model-download":
            return _download(container, settings)
        case _:
            return _server(image, settings)


def _server(image: Image, settings: WorldSettings) -> Script:
    delays = settings.delays
    match image.runs:
        case "crash":
            return (Beat(0, image.log), Beat(delays.crash, "", ends=image.exit_code, reason="Error"))
        case "oom":
            return (Beat(0, image.log), Beat(delays.crash, "", ends=137, reason="OOMKilled"))
        case "hang":
            return (Beat(0, image.log),)
        case "serve":
            return (Beat(0, image.log), Beat(delays.ready, "Uvicorn running on http://0.0.0.0:8000\n"))


# ---- discovery -------------------------------------------------------------------------------------------------------
_ASKED = (
    ("AIM_METRIC", "metric"), ("AIM_PRECISION", "precision"), ("AIM_GPU_MODEL", "gpu"), ("AIM_GPU_COUNT", "gpu_count"),
)  # fmt: skip


def _discovery(container: Mapping[str, Any], image: Image, settings: WorldSettings) -> Script:
    at = settings.delays.discovery
    if image.discovery_log is not None:
        return (Beat(at, image.discovery_log, ends=image.discovery_exit_code),)
    asked = environment(container)
    found = [p for p in image.profiles if _answers(p, asked)]
    if not found or image.discovery_exit_code:
        wanted = ", ".join(f"{k}={asked[k]}" for k, _ in _ASKED if k in asked) or "this hardware"
        return (Beat(at, f"ERROR: no profile found for {wanted}\n", ends=image.discovery_exit_code or 1),)
    log = image.discovery_prefix + json.dumps(found[:1], indent=2) + "\n" + image.discovery_suffix
    return (Beat(at, log, ends=0),)


def _answers(profile: object, asked: Mapping[str, str]) -> bool:
    if not isinstance(profile, Mapping):
        return False
    metadata = mapping(profile, "profile", "metadata")
    if any(key in asked and asked[key].lower() != str(metadata.get(member, "")).lower() for key, member in _ASKED):
        return False
    filename = str(profile.get("filename", ""))
    return not asked.get("AIM_PROFILE_ID") or filename.removesuffix(".yaml") == asked["AIM_PROFILE_ID"]


# ---- the downloader --------------------------------------------------------------------------------------------------
def _uri(container: Mapping[str, Any]) -> str:
    args = container.get("args")
    return str(args[0]) if isinstance(args, list) and args else ""


def _check_size(container: Mapping[str, Any], settings: WorldSettings) -> Script:
    uri, at = _uri(container), settings.delays.check_size
    repository = uri.partition("://")[2]
    source = find_source(settings, uri)
    if source is not None and source.size_log is not None:
        return (Beat(at, source.size_log, ends=0),)
    fault = "not-found" if source is None else source.fault
    match fault:
        case "not-found":
            return (Beat(at, f"Repository Not Found: {repository}\n", ends=1),)
        case "gated":
            return (Beat(at, f"Cannot access gated repo: {repository}\nPlease set HF_TOKEN.\n", ends=1),)
        case "unreachable":
            return (Beat(at, "Failed to resolve 'huggingface.co': Name or service not known\n", ends=1),)
        case _:
            size = source.size_bytes if source else 0
            return (Beat(at, json.dumps({"url": uri, "sizeBytes": size}, separators=(",", ":")) + "\n", ends=0),)


_FAULT_LOGS = {
    "not-found": "huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error\n",
    "gated": (
        "huggingface_hub.errors.GatedRepoError: 401 Client Error.\n"
        "Access to model {repository} is restricted. You must have access to it and be authenticated to access it.\n"
    ),
    "unreachable": "requests.exceptions.ConnectionError: Failed to resolve 'huggingface.co'\n",
    "disk-full": "OSError: [Errno 28] No space left on device\n",
}
_S3_FAULT_LOGS = {
    "not-found": "ERROR: S3 error: 404 (NoSuchBucket): The specified bucket does not exist\n",
    "gated": "ERROR: S3 error: 403 (InvalidAccessKeyId): The access key does not exist in our records.\n",
}
_STALLED = "No progress for {seconds:g} seconds: the download is stalled\n"


def _stall_timeout(env: Mapping[str, str]) -> float:
    said = written_number(env.get("STALL_TIMEOUT"))
    return 120.0 if said is None else float(said)


def _fault_log(source: Source, uri: str, token: str) -> str:
    logs = {**_FAULT_LOGS, **_S3_FAULT_LOGS} if uri.startswith("s3://") else _FAULT_LOGS
    return logs.get(source.fault, f"{token} failed\n").replace("{repository}", uri.partition("://")[2])


def _download(container: Mapping[str, Any], settings: WorldSettings) -> Script:
    env, uri = environment(container), _uri(container)
    if env.get("AIM_DEBUG_CAUSE_HANG"):
        seconds = _stall_timeout(env)
        return (Beat(0, "hanging as asked\n"), Beat(seconds, _STALLED.format(seconds=seconds), ends=1))
    if env.get("AIM_DEBUG_CAUSE_FAILURE"):
        return (Beat(0, "failing as asked\n", ends=1),)
    source = find_source(settings, uri) or Source(uri, fault="not-found")
    seconds = settings.delays.download if source.seconds is None else source.seconds
    expected = written_number(env.get("EXPECTED_SIZE_BYTES"), digits=18) or 0
    protocols = env.get("AIM_DOWNLOADER_PROTOCOL", "") if uri.startswith("hf://") else ""
    beats: list[Beat] = [Beat(0, f"Downloading {uri}\n", {"progress": _progress(0, expected)})]
    at, succeeded = _attempts(beats, source, uri, protocols, expected, seconds)
    if not succeeded:
        return tuple(beats)
    done: Json = {"progress": _progress(100, expected)}
    if protocols:
        done["download"] = {"message": "Verifying integrity..."}
    beats.append(Beat(at, "Download complete\n", done))
    verified = at + settings.delays.verify
    if source.verification_fails and uri.startswith("hf://"):
        beats.append(Beat(verified, "Verification failed: checksum mismatch\n", ends=1))
    else:
        beats.append(Beat(verified, "Verified\n", ends=0))
    return tuple(beats)


def _attempts(
    beats: list[Beat], source: Source, uri: str, protocols: str, expected: int, seconds: float
) -> tuple[float, bool]:
    """Add the attempts' beats. Answers with the moment of the end of the transfer, and whether it succeeded."""
    tokens = protocols.split(",") if protocols else [""]
    at = 0.0
    for attempt, token in enumerate(tokens, start=1):
        if token and token not in _KNOWN_PROTOCOLS:
            beats.append(Beat(at, f"WARNING: unknown protocol {token}\n"))
            continue
        if protocols and not token:
            continue
        report = {
            "protocol": token, "attempt": attempt, "totalAttempts": len(tokens), "protocolSequence": protocols,
        }  # fmt: skip

        def said(text: str, report: Json = report, *, token: str = token) -> Json:
            return {"download": {**report, "message": text}} if token else {}

        beats.append(
            Beat(at, f"Downloading with {token or 'the default protocol'}\n", said(f"Downloading with {token}"))
        )
        if source.stalls:
            return at, False
        fails = bool(source.fault) or token in source.failing_protocols
        beats.append(Beat(at + seconds / 2, "", {"progress": _progress(25 if fails else 50, expected)}))
        if source.fault == "out-of-memory":
            beats.append(Beat(at + seconds / 2, "", ends=137, reason="OOMKilled"))
            return at, False
        at += seconds
        if not fails:
            return at, True
        beats.append(Beat(at, _fault_log(source, uri, token), said(f"Failed with {token}")))
    message = {"download": {"message": f"All {len(tokens)} attempts exhausted"}} if protocols else None
    beats.append(Beat(at, "Download failed\n", message, ends=1))
    return at, False


def _progress(percentage: int, expected: int) -> Json:
    return {
        "percentage": percentage if expected or percentage == 100 else 0,
        "displayPercentage": f"{percentage} %",
        "downloadedBytes": expected * percentage // 100,
        "totalBytes": expected,
    }
