"""The health of a list of pods: the doorway to the rules of `pod_rules` and `predictor`."""

from __future__ import annotations

from collections.abc import Sequence

from aimcore.conditions import Health
from aimcore.health.pod_rules import RULES, Scene, judge_by
from aimcore.health.predictor import predictor_health
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot


def pods_health(
    snapshot: Snapshot,
    component: str,
    pods: Sequence[Resource],
    *,
    namespace_events: bool = True,
    read_logs: bool = True,
    predictor: bool = False,
) -> Health:
    """How a component fares by its pods, in the order given.

    `namespace_events`: whether events may be read. `read_logs`: whether logs may be asked for. `predictor`: the pods
    of an InferenceService, of all its pod templates; then the newest template's pods decide.
    """
    if predictor:
        return predictor_health(snapshot, component, pods, read_events=namespace_events, read_logs=read_logs)
    return judge_by(RULES, Scene.of(snapshot, component, pods, read_events=namespace_events, read_logs=read_logs))
