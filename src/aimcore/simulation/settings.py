"""What the simulated world is made of: nodes, images, storage classes, gateways, versions, delays and failures.

1. Settings are data: frozen, comparable, readable from a plain mapping (`WorldSettings.read`), so from one YAML file.
2. Keys of the mapping are the camelCase form of the field names. An unknown key, a wrong type or a value outside the
   allowed ones is one sentence that names the place, the value and what is allowed; all of them are reported at once.
3. What is left out has a default; the empty mapping is the default world, in which the guide's Quick Start runs.
4. Durations are seconds of virtual time.
5. Numbers have an upper end (`_MOST`): a world of a billion nodes, or an endless delay, is a mistake of typing.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from aimcore.api.json_text import well_formed
from aimcore.simulation import defaults

T = TypeVar("T")
Switch = Literal["on", "off", "failing"]
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
PullFault = Literal["", "not-found", "unauthorized", "unreachable", "rate-limited"]


class WorldSettingsError(ValueError):
    """The mapping describes no world. `problems` holds one sentence for each mistake."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class NodePool:
    """`count` equal nodes `<name>-<n>`. Without `gpus` a node carries no GPU label.

    `fault`: pods that come are evicted, or get no network.
    """

    name: str
    count: int = 1
    gpus: int = 8
    device_id: str = "74a1"
    vram: str = "192G"
    cpu: str = "128"
    memory: str = "1Ti"
    labels: Mapping[str, str] = field(default_factory=dict)
    fault: Literal["", "disk-pressure", "no-network"] = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A container image: its labels, whether it can be pulled, and what its container does.

    `image` may hold `*`. `private` images need a pull secret that exists. `start_fault`: a container of it cannot be
    created, or not be run. `runs`: a server that gets ready, that exits with `exit_code`, that is killed for memory, or
    that never opens its port. `profiles` are the results (P-4) that the discovery container prints for the profile that
    its environment asks for.
    """

    image: str
    labels: Mapping[str, str] = field(default_factory=dict)
    private: bool = False
    fault: PullFault = ""
    pull_seconds: float | None = None
    start_fault: Literal["", "create", "run"] = ""
    runs: Literal["serve", "crash", "oom", "hang"] = "serve"
    exit_code: int = 1
    log: str = ""
    profiles: tuple[Any, ...] = ()
    discovery_log: str | None = None
    discovery_prefix: str = ""
    discovery_suffix: str = ""
    discovery_exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A model that can be downloaded. `uri` may hold `*`; `failing_protocols` name attempts that fail.

    `size_log`: what the check of the size prints instead.
    """

    uri: str
    size_bytes: int = 65_712_999_628
    fault: Literal["", "not-found", "gated", "unreachable", "disk-full", "out-of-memory"] = ""
    size_log: str | None = None
    failing_protocols: tuple[str, ...] = ()
    verification_fails: bool = False
    stalls: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StorageClass:
    """`provisions: False` is a provisioner that answers with an error.

    `mount_fault`: what nodes cannot do with its volumes.
    """

    name: str
    default: bool = False
    binding: Literal["Immediate", "WaitForFirstConsumer"] = "WaitForFirstConsumer"
    access_modes: tuple[str, ...] = ("ReadWriteOnce", "ReadWriteMany")
    expansion: bool = True
    provisions: bool = True
    mount_fault: Literal["", "attach", "mount"] = ""


@dataclass(frozen=True, slots=True)
class Listener:
    name: str = "http"
    port: int = 80
    hostname: str = ""
    allowed_from: Literal["All", "Same", "Selector"] = "All"
    allowed_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gateway:
    """`rejects` is a reason with which the controller refuses every route ("" = it accepts them)."""

    name: str
    namespace: str
    controller: str = CONTROLLER
    listeners: tuple[Listener, ...] = (Listener(),)
    rejects: str = ""


@dataclass(frozen=True, slots=True)
class KServe:
    """`flavour` old = 0.16, new = 0.20. `webhook_fills_resources` is KServe's stock configuration (F-4)."""

    running: bool = True
    flavour: Literal["old", "new"] = "new"
    crd: Literal["full", "minimal"] = "full"
    default_mode: Literal["Standard", "Knative"] = "Standard"
    webhook: Switch = "on"
    webhook_fills_resources: bool = False
    gateway_api: bool = False
    ingress: bool = True
    domain: str = "example.com"
    collector_installed: bool = True


@dataclass(frozen=True, slots=True)
class Keda:
    """`loads`: the metric's total by `<namespace>/<scaledobject>`. `scaler_reachable`: the external scaler answers."""

    running: bool = True
    version: Literal["2.17", "2.19", "2.20"] = "2.20"
    webhook: Switch = "on"
    scaler_reachable: bool = True
    loads: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds of virtual time that things take."""

    schedule: float = 1
    pull: float = 5
    start: float = 1
    ready: float = 10
    crash: float = 2
    discovery: float = 5
    check_size: float = 2
    download: float = 20
    verify: float = 3
    job_lag: float = 1
    provision: float = 2
    collect: float = 1
    namespace: float = 5
    gateway: float = 1
    kserve: float = 1
    keda: float = 1
    hpa: float = 15


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """The whole world. See `docs/world.md` for the file that describes it."""

    namespaces: tuple[str, ...] = defaults.NAMESPACES
    nodes: tuple[NodePool, ...] = (NodePool("mi300x", count=2),)
    images: tuple[Image, ...] = ()
    sources: tuple[Source, ...] = ()
    storage_classes: tuple[StorageClass, ...] = (StorageClass("standard", default=True),)
    gateways: tuple[Gateway, ...] = (Gateway("inference-gateway", "gateways"),)
    kserve: KServe = KServe()
    keda: Keda = Keda()
    delays: Delays = Delays()
    failing_webhooks: tuple[str, ...] = ()
    pod_quota: Mapping[str, int] = field(default_factory=dict)
    default_catalogue: bool = True

    @staticmethod
    def read(mapping: object) -> WorldSettings:
        """The settings of a plain mapping (of one YAML file).

        Unless `defaultCatalogue` is false, the default images and sources stand behind the given ones: the first match
        wins. Raises `WorldSettingsError` with one sentence for each mistake.
        """
        problems: list[str] = []
        read = _of_class(WorldSettings, mapping, "world", problems)
        if problems or read is None:
            raise WorldSettingsError(tuple(problems))
        return read.with_default_catalogue() if read.default_catalogue else read

    def with_default_catalogue(self) -> WorldSettings:
        """These settings with the default images and sources behind the given ones."""
        return dataclasses.replace(
            self, images=(*self.images, *_default_images()), sources=(*self.sources, *_default_sources())
        )


@cache
def _default_images() -> tuple[Image, ...]:
    return tuple(_sure(Image, image) for image in defaults.IMAGES)


@cache
def _default_sources() -> tuple[Source, ...]:
    return tuple(_sure(Source, source) for source in defaults.SOURCES)


def default_world() -> WorldSettings:
    """The world in which the guide's Quick Start reaches Running."""
    return WorldSettings().with_default_catalogue()


# ---- reading ---------------------------------------------------------------------------------------------------------
def _sure(cls: type[T], value: object) -> T:
    problems: list[str] = []
    read = _of_class(cls, value, cls.__name__, problems)
    if read is None or problems:
        raise WorldSettingsError(tuple(problems))
    return read


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _members(cls: Any) -> Mapping[str, tuple[str, Any, bool]]:
    """By key of the mapping: field name, type, whether it must be given."""
    hints = get_type_hints(cls)
    return {
        _camel(f.name): (
            f.name,
            hints[f.name],
            f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING,
        )
        for f in dataclasses.fields(cls)
    }


def _of_class(cls: type[T], value: object, place: str, problems: list[str]) -> T | None:
    if not isinstance(value, Mapping):
        problems.append(f"{place}: {_shown(value)} is no mapping")
        return None
    members = _members(cast("Any", cls))
    before = len(problems)
    given: dict[str, Any] = {}
    for key, item in value.items():
        if key not in members:
            problems.append(f"{place}: unknown key {_shown(key)}; allowed are {', '.join(members)}")
            continue
        name, hint, _ = members[key]
        given[name] = _value(hint, item, f"{place}.{key}", problems)
    for key, (name, _, needed) in members.items():
        if needed and name not in given:
            problems.append(f"{place}: {key} is missing")
    return cls(**given) if len(problems) == before else None


def _value(hint: Any, value: object, place: str, problems: list[str]) -> Any:
    """`value` as the type says; a mistake is noted and gives None."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Literal:
        if value not in args or isinstance(value, bool):
            problems.append(f"{place}: {_shown(value)} is not allowed; allowed are {', '.join(map(repr, args))}")
        return value
    if origin in (Union, UnionType):
        inner = next(a for a in args if a is not NoneType)
        return None if value is None else _value(inner, value, place, problems)
    if origin is tuple:
        return _items(args[0], value, place, problems)
    if origin is Mapping:
        return _entries(args[1], value, place, problems)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _of_class(hint, value, place, problems)
    is_right, wanted = _SCALARS[hint]
    if not is_right(value):
        problems.append(f"{place}: {_shown(value)} is no {wanted}")
    elif isinstance(value, int | float) and value > (most := _MOST.get(place.rpartition(".")[2], _MOST_ELSEWHERE)):
        problems.append(f"{place}: {_shown(value)} is too much; at most {most:g} is allowed")
    return value


def _items(hint: Any, value: object, place: str, problems: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        problems.append(f"{place}: {_shown(value)} is no list")
        return ()
    return tuple(_value(hint, item, f"{place}[{i}]", problems) for i, item in enumerate(value))


def _entries(hint: Any, value: object, place: str, problems: list[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        problems.append(f"{place}: {_shown(value)} is no mapping of texts")
        return {}
    return {k: _value(hint, v, f"{place}.{k}", problems) for k, v in value.items()}


_MOST: Mapping[str, float] = {
    "count": 1000, "gpus": 1000, "port": 65_535, "exitCode": 255, "discoveryExitCode": 255, "sizeBytes": 2**60,
}  # fmt: skip
_MOST_ELSEWHERE = 10**9
_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = 80


def _shown(value: object) -> str:
    """A value in a message, shortened."""
    try:
        return _SHORTENED.repr(value)
    except ValueError:  # Python does not write whole numbers of more than 4300 digits
        return "a very large number"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


_SCALARS: Mapping[type, tuple[Callable[[object], bool], str]] = {
    str: (lambda v: isinstance(v, str) and well_formed(v) == v, "text"),
    bool: (lambda v: isinstance(v, bool), "boolean"),
    int: (lambda v: _is_number(v) and isinstance(v, int), "whole number of 0 or more"),
    float: (_is_number, "number of 0 or more"),
}
