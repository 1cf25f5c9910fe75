"""GPUs: which models exist, how nodes name them, what the cluster has.

1. A node's model comes from its labels alone; free capacity is never looked at (G-11).
2. The rows of `_MODEL_LABELS` are tried in order until one gives a model; of several count-encoded labels the lowest
   counts (G-2).
3. A device id that no table knows stands for itself, as `AMD-<ID>` (G-4, O-8).
4. The first node of a model, by name, decides its VRAM: by label, else by table, else unknown (G-3).
5. What is sorted here is sorted for good: lists of ids reach running pods (O-6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from aimcore.resource import Resource
from aimcore.snapshot import Listed, Snapshot, Unreadable

RESOURCE_NAME = "amd.com/gpu"
DEVICE_ID_LABEL = "amd.com/gpu.device-id"
BETA_DEVICE_ID_LABEL = "beta.amd.com/gpu.device-id"
GIBIBYTE = 2**30


class Device(NamedTuple):
    """A GPU model as the tables know it: its PCI device ids, sorted, and its VRAM (`192G`)."""

    ids: tuple[str, ...]
    vram: str


DEVICES: Mapping[str, Device] = {
    "MI100": Device(("738c", "738e"), "32G"),
    "MI210": Device(("740f", "7410"), "64G"),
    "MI250X": Device(("7408", "740c"), "128G"),
    "MI300A": Device(("74a0",), "128G"),
    "MI300X": Device(("74a1", "74a9", "74b5", "74bd"), "192G"),
    "MI308X": Device(("74a2", "74a8", "74b6"), "128G"),
    "MI325X": Device(("74a5", "74b9"), "256G"),
    "MI350X": Device(("75a0", "75b0"), "288G"),
    "MI355X": Device(("75a3", "75b3"), "288G"),
    "V710": Device(("7460", "7461"), "32G"),
    "W7900": Device(("7448", "744a"), "48G"),
    "W7800": Device(("7449", "745e"), "32G"),
    "W6900X": Device(("73a2",), "32G"),
    "W6800": Device(("73a3",), "32G"),
    "W6800X": Device(("73ab",), "32G"),
    "V620": Device(("73a1", "73ae"), "32G"),
    "RX9070": Device(("7550",), "16G"),
    "RX7900": Device(("744c",), "24G"),
    "RX6900": Device(("73af",), "16G"),
    "RX6800": Device(("73bf",), "16G"),
}
_MODEL_OF_ID = {id_: model for model, device in DEVICES.items() for id_ in device.ids}
_RANKED = ("MI355X", "MI350X", "MI325X", "MI300X", "MI308X", "MI300A", "MI250X", "MI210", "MI100")

# ---- models ---------------------------------------------------------------------------------------------------------
_SEPARATORS = re.compile(r"[-\s/:]+")
_MODEL_TOKEN = re.compile(r"[A-Z]*[0-9][A-Z0-9]*")
_UNKNOWN_ID = re.compile(r"AMD-([0-9A-F]{4})|(?=[0-9]*[A-F])(?=[A-F]*[0-9])([0-9A-F]{4})")


def normalize_model(text: str) -> str:
    """A GPU model's name as the tables and node labels have it (G-5): `AMD_Instinct_MI300X_OAM` → `MI300X`."""
    if text in DEVICES:
        return text
    upper = text.strip().replace("_", "-").upper()
    tokens = [token for token in _SEPARATORS.split(upper) if token]
    for token in tokens:
        if token not in ("AMD", "INSTINCT") and _MODEL_TOKEN.fullmatch(token):
            return token.removeprefix("INSTINCT")
    return tokens[0] if tokens else upper


def device_ids(model: str) -> tuple[str, ...]:
    """The device ids of a model, ascending; of an unknown device its own id; else none."""
    known = DEVICES.get(normalize_model(model))
    if known is not None:
        return known.ids
    unknown = _UNKNOWN_ID.fullmatch(model.strip().upper())
    return ((unknown[1] or unknown[2]).lower(),) if unknown else ()


def gpu_rank(model: str) -> int:
    """The place of a model in the order of preference (D-17); lower is better, all unknown ones come last."""
    name = normalize_model(model)
    return _RANKED.index(name) if name in _RANKED else len(_RANKED)


# ---- VRAM -----------------------------------------------------------------------------------------------------------
_VRAM = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?\s*([KMGT])?(?:I?B|I)?")
_VRAM_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def vram_bytes(text: str) -> int:
    """The bytes that a VRAM text names; 0 if it names none (G-6).

    A bare number is bytes from 2³⁰ on, MiB from 1024 on, GiB below; with a unit, the unit holds (O-9).
    """
    found = _VRAM.fullmatch(text.strip().upper())
    if found is None:
        return 0
    whole, decimals, unit = found.groups()
    if unit is None:
        number = int(whole)
        size = 1 if number >= GIBIBYTE else _VRAM_UNITS["M"] if number >= 1024 else GIBIBYTE
        return 0 if decimals or not text.strip()[-1].isdigit() else number * size
    return int(Decimal(f"{whole}.{decimals or 0}") * _VRAM_UNITS[unit])


# ---- nodes ----------------------------------------------------------------------------------------------------------
def _of_device(id_: str) -> str:
    plain = id_.strip().lower().removeprefix("0x")
    return _MODEL_OF_ID.get(plain, f"AMD-{plain.upper()}") if plain else ""


_MODEL_LABELS: tuple[tuple[str, bool, Callable[[str], str]], ...] = (
    (DEVICE_ID_LABEL, False, _of_device),
    (BETA_DEVICE_ID_LABEL, False, _of_device),
    (DEVICE_ID_LABEL, True, _of_device),
    (BETA_DEVICE_ID_LABEL, True, _of_device),
    ("amd.com/gpu.family", False, normalize_model),
    ("beta.amd.com/gpu.family", False, normalize_model),
    ("amd.com/gpu.family", True, normalize_model),
    ("beta.amd.com/gpu.family", True, normalize_model),
)
"""Label key, whether the value stands count-encoded in the key, and how the value gives a model."""
_VRAM_LABELS = ("amd.com/gpu.vram", "beta.amd.com/gpu.vram")


def node_model(labels: Mapping[str, str]) -> str | None:
    """The GPU model of a node with these labels, or None."""
    for key, is_encoded, model_of in _MODEL_LABELS:
        value = _encoded(labels, f"{key}.") if is_encoded else labels.get(key, "").strip()
        model = model_of(value)
        if model:
            return model
    return None


def _encoded(labels: Mapping[str, str], prefix: str) -> str:
    """The lowest key suffix whose value, a count, is neither empty nor `0`."""
    return min((k[len(prefix) :] for k, v in labels.items() if k.startswith(prefix) and v.strip() not in ("", "0")),
               default="")  # fmt: skip


class Gpu(NamedTuple):
    """A GPU model that the cluster has. `source` of the VRAM: `label`, `static` (by table) or `unknown`."""

    model: str
    vram_bytes: int
    vram_text: str
    source: str


def _read_gpu(node: Resource) -> Gpu | None:
    model = node_model(node.labels)
    if model is None:
        return None
    labelled = next((v for key in _VRAM_LABELS if (v := node.labels.get(key))), "")
    if labelled:
        return Gpu(model, vram_bytes(labelled), labelled, "label")
    known = DEVICES.get(model)
    return Gpu(model, vram_bytes(known.vram), known.vram, "static") if known else Gpu(model, 0, "", "unknown")


# ---- views: pure functions of the snapshot, for `Snapshot.view` -----------------------------------------------------
def gpu_inventory(snapshot: Snapshot) -> tuple[Gpu, ...]:
    """The GPU models of the cluster, by name. Empty also when nodes cannot be read (see `nodes_unreadable`)."""
    nodes = snapshot.index("Node", "all", "")
    found: dict[str, Gpu] = {}
    for node in nodes.resources if isinstance(nodes, Listed) else ():
        gpu = node.read_as(_read_gpu)
        if gpu is not None:
            found.setdefault(gpu.model, gpu)
    return tuple(found[model] for model in sorted(found))


def nodes_unreadable(snapshot: Snapshot) -> Unreadable | None:
    """Why nodes cannot be read, if so (G-7). Read it beside the views."""
    availability = snapshot.availability("Node")
    return availability if isinstance(availability, Unreadable) else None


def gpu_models(snapshot: Snapshot) -> frozenset[str]:
    """The names of all models of the cluster, as they stand and normalised."""
    nodes = snapshot.index("Node", "all", "")
    found = [node.read_as(_read_gpu) for node in nodes.resources] if isinstance(nodes, Listed) else ()
    models = {gpu.model for gpu in found if gpu is not None}
    return frozenset((*models, *[normalize_model(m) for m in models]))


def gpu_present(snapshot: Snapshot, model: str) -> bool:
    """Whether some node has this model, names compared normalised."""
    return normalize_model(model) in snapshot.view(gpu_models)


def any_gpu(snapshot: Snapshot) -> bool:
    """Whether some node has a GPU."""
    return bool(snapshot.view(gpu_inventory))


def ids_with_vram(snapshot: Snapshot, size: int) -> tuple[str, ...]:
    """The device ids of all models of the cluster with at least `size` bytes of VRAM, ascending (G-13)."""
    large = (gpu for gpu in snapshot.view(gpu_inventory) if gpu.vram_bytes >= size)
    return tuple(sorted({id_ for gpu in large for id_ in device_ids(gpu.model)}))


def best_vram(snapshot: Snapshot) -> Gpu | None:
    """The model with the most VRAM, by name among equals; None if the cluster has none."""
    return max(snapshot.view(gpu_inventory), key=lambda gpu: gpu.vram_bytes, default=None)
