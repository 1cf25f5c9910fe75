"""Faults of the world: named ways in which the surroundings of our controller break, as pure changes of settings.

1. `spoilt(settings, name)` gives the settings with one fault. The repair is to go back to the settings from before:
   `world.change(spoilt(s, name))`, later `world.change(s)`.
2. A fault touches the world only. What goes wrong between a client and the API server is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aimcore.simulation.settings import Image, KServe, NodePool, Source, StorageClass, WorldSettings

Spoil = Callable[[WorldSettings], WorldSettings]


def _every_image(**changes: Any) -> Spoil:
    """All images but the downloader's, which jobs of every service share."""

    def spoil(settings: WorldSettings) -> WorldSettings:
        return replace(settings, images=tuple(_changed(image, changes) for image in settings.images))

    return spoil


def _changed(image: Image, changes: Mapping[str, Any]) -> Image:
    return image if "downloader" in image.image else replace(image, **changes)


def _every_source(**changes: Any) -> Spoil:
    def spoil(settings: WorldSettings) -> WorldSettings:
        sources: tuple[Source, ...] = tuple(replace(source, **changes) for source in settings.sources)
        return replace(settings, sources=sources)

    return spoil


def _kserve(**changes: Any) -> Spoil:
    def spoil(settings: WorldSettings) -> WorldSettings:
        kserve: KServe = replace(settings.kserve, **changes)
        return replace(settings, kserve=kserve)

    return spoil


def _keda(**changes: Any) -> Spoil:
    return lambda settings: replace(settings, keda=replace(settings.keda, **changes))


def _with(**changes: Any) -> Spoil:
    return lambda settings: replace(settings, **changes)


def _volumes(**changes: Any) -> Spoil:
    def spoil(settings: WorldSettings) -> WorldSettings:
        classes: tuple[StorageClass, ...] = tuple(replace(c, **changes) for c in settings.storage_classes)
        return replace(settings, storage_classes=classes)

    return spoil


def _every_node(**changes: Any) -> Spoil:
    def spoil(settings: WorldSettings) -> WorldSettings:
        nodes: tuple[NodePool, ...] = tuple(replace(pool, **changes) for pool in settings.nodes)
        return replace(settings, nodes=nodes)

    return spoil


def _listeners_closed(settings: WorldSettings) -> WorldSettings:
    gateways = tuple(
        replace(g, listeners=tuple(replace(item, allowed_from="Same") for item in g.listeners))
        for g in settings.gateways
    )
    return replace(settings, gateways=gateways)


def _routes_rejected(settings: WorldSettings) -> WorldSettings:
    return replace(settings, gateways=tuple(replace(g, rejects="UnsupportedValue") for g in settings.gateways))


def _no_room(settings: WorldSettings) -> WorldSettings:
    return replace(settings, pod_quota=dict.fromkeys(settings.namespaces, 0))


FAULTS: Mapping[str, Spoil] = {
    "image-not-found": _every_image(fault="not-found"),
    "image-unauthorized": _every_image(fault="unauthorized"),
    "registry-unreachable": _every_image(fault="unreachable"),
    "registry-busy": _every_image(fault="rate-limited"),
    "containers-not-created": _every_image(start_fault="create"),
    "containers-not-run": _every_image(start_fault="run"),
    "server-crashes": _every_image(runs="crash", log="ValueError: bad engine arguments\n"),
    "server-out-of-memory": _every_image(runs="oom"),
    "server-hangs": _every_image(runs="hang"),
    "discovery-noisy": _every_image(discovery_prefix="WARNING [x]\n", discovery_suffix="done [1]\n"),
    "discovery-garbage": _every_image(discovery_log="no json here\n"),
    "discovery-fails": _every_image(discovery_exit_code=1),
    "model-not-found": _every_source(fault="not-found"),
    "model-gated": _every_source(fault="gated"),
    "hub-unreachable": _every_source(fault="unreachable"),
    "disk-full": _every_source(fault="disk-full"),
    "download-out-of-memory": _every_source(fault="out-of-memory"),
    "first-protocol-fails": _every_source(failing_protocols=("XET",)),
    "download-stalls": _every_source(stalls=True),
    "verification-fails": _every_source(verification_fails=True),
    "nodes-gone": _with(nodes=()),
    "nodes-without-network": _every_node(fault="no-network"),
    "nodes-under-disk-pressure": _every_node(fault="disk-pressure"),
    "storage-class-gone": _with(storage_classes=()),
    "provisioner-refuses": _volumes(provisions=False),
    "volumes-not-attached": _volumes(mount_fault="attach"),
    "volumes-not-mounted": _volumes(mount_fault="mount"),
    "gateway-gone": _with(gateways=()),
    "listeners-closed": _listeners_closed,
    "routes-rejected": _routes_rejected,
    "quota-used-up": _no_room,
    "pod-webhook-down": _with(failing_webhooks=("Pod",)),
    "kserve-down": _kserve(running=False),
    "kserve-webhook-down": _kserve(webhook="failing"),
    "kserve-fills-resources": _kserve(webhook_fills_resources=True),
    "kserve-without-collector": _kserve(collector_installed=False),
    "keda-down": _keda(running=False),
    "scaler-unreachable": _keda(scaler_reachable=False),
}


def spoilt(settings: WorldSettings, name: str) -> WorldSettings:
    """The settings with the fault of that name (a key of `FAULTS`)."""
    return FAULTS[name](settings)
