"""Pods, Jobs, claims and events to test health with."""

from __future__ import annotations

from datetime import UTC, datetime

from aimcore.facts import Answer, PodLog
from aimcore.health.pods import pods_health
from aimcore.resource import Resource
from aimcore.snapshot import Snapshot
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)


def snapshot(*objects, facts=None):
    table = Table(objects)
    for want, value in (facts or {}).items():
        table.learn_answer(want, Answer(value, NOW))
    return Snapshot(table, NOW)


def job(*conditions):
    return Resource.of(
        {"kind": "Job", "metadata": {"name": "j", "namespace": "ns"}, "status": {"conditions": list(conditions)}}
    )


def ended(type_, reason="", message="", status="True"):
    return {"type": type_, "status": status, "reason": reason, "message": message}


def claim(phase, *conditions):
    status = {"phase": phase, "conditions": list(conditions)}
    raw = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "ns", "uid": "claim"},
        "status": status,
    }
    return Resource.of(raw)


def event(uid, reason, message="", name=None, **times):
    raw = {"kind": "Event", "metadata": {"name": name or f"e-{reason}", "namespace": "ns"}}
    return {**raw, "involvedObject": {"uid": uid}, "reason": reason, "message": message, **times}


def pod(uid, phase="", *, ready=False, containers=(), init=(), created="2026-01-01T00:00:00Z", template="", **more):
    metadata = {"name": f"pod-{uid}", "namespace": "ns", "uid": uid, "creationTimestamp": created}
    if template:
        metadata["labels"] = {"pod-template-hash": template}
    if more.pop("deleting", False):
        metadata["deletionTimestamp"] = created
    status = {"phase": phase, "containerStatuses": list(containers), "initContainerStatuses": list(init), **more}
    if ready:
        status["conditions"] = [{"type": "Ready", "status": "True"}]
    return Resource.of({"kind": "Pod", "metadata": metadata, "status": status})


def waiting(reason, message="", name="main", **more):
    return {"name": name, "state": {"waiting": {"reason": reason, "message": message}}, **more}


def terminated(reason="", message="", code=1, name="main"):
    return {"name": name, "state": {"terminated": {"reason": reason, "message": message, "exitCode": code}}}


def log(uid, text, container="main", previous=False):
    return {PodLog("ns", f"pod-{uid}", uid, container, 50, previous): text}


def check(pods, *objects, facts=None, **options):
    return pods_health(snapshot(*objects, facts=facts), "Pods", pods, **options)


def predictor(pods, *objects, facts=None, **options):
    return check(pods, *objects, facts=facts, predictor=True, **options)
