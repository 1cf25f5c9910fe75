"""The settings of the controller's process: flags and environment. Imports nothing heavy.

1. Every flag of the reference is accepted, with one dash or two, as `--x value` or `--x=value`; booleans as `--x` or
   `--x=false`. Some are accepted and have no effect, so that existing Deployments start (`WITHOUT_EFFECT`).
2. A mistake is one sentence that names the flag, the value and what is allowed (`SettingsError`).
3. The environment is read here and nowhere else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from aimcore.settings import Settings

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class SettingsError(Exception):
    """A flag or a variable is wrong. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Settings of the process. Addresses are `host:port` or `:port`; "0" switches off.

    `workers`: keys that may be planned and written at once. `resync`: seconds between looks at everything.
    `identity`: our name in the leader lease. `docker_config`: the process's own credentials for registries, if any.
    `core`: what plans read.
    """

    metrics_bind_address: str = "0"
    health_probe_bind_address: str = ":8081"
    leader_elect: bool = False
    metrics_secure: bool = True
    metrics_cert_path: str = ""
    metrics_cert_name: str = "tls.crt"
    metrics_cert_key: str = "tls.key"
    zap_devel: bool = False
    zap_encoder: str = ""
    zap_log_level: str = ""
    zap_time_encoding: str = "rfc3339"
    kubeconfig: str = ""
    workers: int = 4
    resync: float = 36000.0
    identity: str = ""
    docker_config: Path | None = None
    core: Settings = field(default_factory=Settings)

    @property
    def encoder(self) -> str:
        return self.zap_encoder or ("console" if self.zap_devel else "json")

    @property
    def log_level(self) -> str:
        return self.zap_log_level or ("debug" if self.zap_devel else "info")


Parse = Callable[[str], Any]


def _text(value: str) -> str:
    return value


def _truth(value: str) -> bool:
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError("true or false")


def _one_of(*allowed: str) -> Parse:
    def parse(value: str) -> str:
        if value in allowed:
            return value
        raise ValueError(f"one of {', '.join(allowed)}")

    return parse


def _whole(value: str, most: int) -> int:
    """The whole number from 1 to `most` that a text writes; 0 if it writes none."""
    is_written = value.isascii() and value.isdecimal() and len(value) <= 12
    return int(value) if is_written and int(value) <= most else 0


def _level(value: str) -> str:
    if value in ("debug", "info", "error", "panic") or _whole(value, 100):
        return value
    raise ValueError("debug, info, error, panic or a whole number from 1 to 100")


def _up_to(most: int) -> Parse:
    def parse(value: str) -> int:
        if number := _whole(value, most):
            return number
        raise ValueError(f"a whole number from 1 to {most}")

    return parse


def _revision(value: str) -> int | None:
    if value == "latest":
        return None
    if number := _whole(value, 10**6):
        return number
    raise ValueError("latest or a whole number above 0")


def _namespace(value: str) -> str:
    if _NAMESPACE.fullmatch(value):
        return value
    raise ValueError("the name of a namespace: at most 63 of a-z, 0-9 and dashes within")


def _address(value: str) -> str:
    if value == "0" or value == "":
        return "0"
    _, colon, port = value.rpartition(":")
    if colon and (port == "0" or _whole(port, 65_535)):
        return value
    raise ValueError("0, :port or host:port")


_FLAGS: Mapping[str, Parse] = {
    "metrics-bind-address": _address,
    "health-probe-bind-address": _address,
    "leader-elect": _truth,
    "metrics-secure": _truth,
    "metrics-cert-path": _text,
    "metrics-cert-name": _text,
    "metrics-cert-key": _text,
    "zap-devel": _truth,
    "zap-encoder": _one_of("json", "console"),
    "zap-log-level": _level,
    "zap-time-encoding": _one_of("epoch", "millis", "nano", "iso8601", "rfc3339", "rfc3339nano"),
    "kubeconfig": _text,
    "workers": _up_to(1000),
}
CORE_FLAGS: Mapping[str, Parse] = {
    "operator-namespace": _namespace,
    "download-image": _text,
    "discovery-limit": _up_to(10**6),
    "discovery-deadline": _up_to(10**9),
    "dedicated-download-accounts": _truth,
    "render-revision": _revision,
}
WITHOUT_EFFECT: Mapping[str, Parse] = {
    "webhook-cert-path": _text,
    "webhook-cert-name": _text,
    "webhook-cert-key": _text,
    "enable-http2": _truth,
    "zap-stacktrace-level": _one_of("info", "error", "panic"),
}
"""There are no webhooks; only HTTP/1.1 is ever offered; errors carry a stack only when the controller is at fault."""


def parse_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> RuntimeSettings:
    """Settings from the command line (without the program's name) and the environment. Raises SettingsError."""
    given = _given(arguments)
    known = {f.name for f in fields(RuntimeSettings)}
    process = {name: value for name, value in given.items() if name in known}
    core = {name: value for name, value in given.items() if name not in known}
    core.setdefault("operator_namespace", _operator_namespace(environment))
    if not process.get("kubeconfig") and environment.get("KUBECONFIG"):
        process["kubeconfig"] = environment["KUBECONFIG"]
    process["docker_config"] = _docker_config(environment)
    process["identity"] = environment.get("POD_NAME") or socket.gethostname() or "unknown"
    return RuntimeSettings(**process, core=Settings(**core))


def _docker_config(environment: Mapping[str, str]) -> Path | None:
    """Where `docker login` and its like keep credentials."""
    directory = environment.get("DOCKER_CONFIG")
    if directory:
        return Path(directory) / "config.json"
    home = environment.get("HOME")
    return Path(home) / ".docker" / "config.json" if home else None


def _given(arguments: Sequence[str]) -> dict[str, Any]:
    table = {**_FLAGS, **CORE_FLAGS, **WITHOUT_EFFECT}
    given: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            break
        if not argument.startswith("-") or argument == "-":
            raise SettingsError(f"{argument!r} is no flag: flags start with a dash.")
        name, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
        parse = table.get(name)
        if parse is None:
            raise SettingsError(f"--{name} is not known. Known flags: {', '.join(sorted(table))}.")
        if not equals:
            if parse is _truth:
                value = "true"
            elif rest:
                value = rest.pop(0)
            else:
                raise SettingsError(f"--{name} needs a value.")
        try:
            parsed = parse(value)
        except ValueError as allowed:
            raise SettingsError(f"--{name}={value} is not allowed: give {allowed}.") from None
        if name not in WITHOUT_EFFECT:
            given[name.replace("-", "_")] = parsed
    return given


def _operator_namespace(environment: Mapping[str, str]) -> str:
    named = environment.get("AIM_SYSTEM_NAMESPACE", "").strip()
    if named:
        try:
            return _namespace(named)
        except ValueError as allowed:
            raise SettingsError(f"AIM_SYSTEM_NAMESPACE={named} is not allowed: give {allowed}.") from None
    try:
        return NAMESPACE_FILE.read_text(encoding="utf-8").strip() or "aim-system"
    except (OSError, UnicodeDecodeError):
        return "aim-system"
