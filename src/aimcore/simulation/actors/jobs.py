"""The Job controller.

1. One pod at a time (parallelism 1), named `<job>-<5>`, with the tracking finalizer until it is counted (F-67).
2. The status lags the pods by a second; the final conditions come as a pair in one write (F-68, F-69).
3. After a failure the next pod comes after 10, 20, 40 … 600 s; a back-off limit of n allows n+1 pods.
4. A Job that has ended is deleted with its pods when its TTL is over (F-70).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.replicasets import is_ready, stable_refusal
from aimcore.simulation.actors.stage import (
    Json,
    controller_of,
    is_deleting,
    mapping,
    moment_of,
    number,
    part,
    sequence,
    text_of,
)
from aimcore.simulation.errors import ApiError

TRACKING = "batch.kubernetes.io/job-tracking"
_MANAGER = "kube-controller-manager"
_SOURCE = "job-controller"


class Jobs(Actor):
    name = "job-controller"
    watches = ("Job", "Pod")

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Job":
            if old is None or new is None or old["metadata"].get("generation") != new["metadata"].get("generation"):
                self.wake(key)
            return
        pod = new if new is not None else old
        if new is None or _phase(new) in ("Succeeded", "Failed"):
            self.wake_refused(key.namespace)
        owner = controller_of(pod) if pod is not None else {}
        is_held = new is not None and is_deleting(new) and TRACKING in new["metadata"].get("finalizers", ())
        if owner.get("kind") == "Job" and str(owner["uid"]) in self.stage.by_uid:
            job = Key("Job", key.namespace, str(owner["name"]))
            self.wake_at(job, self.now + timedelta(seconds=self.settings.delays.job_lag))
        elif is_held:
            self.wake(key)

    def act(self, key: Key) -> None:
        obj = self.stage.at(key)
        if obj is None:
            return
        if key.kind == "Pod":
            self.stage.drop_finalizer(obj, TRACKING, _MANAGER)
            return
        if is_deleting(obj):
            self._release(obj)
            return
        ended = _end_of(obj)
        if ended is not None:
            self._release(obj)
            self._expire(key, obj, ended)
            return
        self._advance(key, obj)

    def _advance(self, key: Key, job: Json) -> None:
        pods = self._pods(job)
        counted_failed = number(part(job, "status", "failed"))
        tracked = [p for p in pods if TRACKING in p["metadata"].get("finalizers", ())]
        failed_now = [p for p in tracked if _phase(p) == "Failed" or (is_deleting(p) and _phase(p) != "Succeeded")]
        failed = counted_failed + len(failed_now)
        status: Json = {"startTime": part(job, "status", "startTime") or text_of(self.now)}
        active = [p for p in pods if _phase(p) not in ("Succeeded", "Failed") and not is_deleting(p)]
        targets = [c for c in sequence(job, "status", "conditions") if c.get("type") == "FailureTarget"]
        if failed:
            status["failed"] = failed
        if any(_phase(p) == "Succeeded" for p in pods):
            self._finish(key, job, status, "Complete", "CompletionsReached")
        elif targets or self._is_overdue(key, job):
            self._stop(key, job, status, active)
        elif failed > number(part(job, "spec", "backoffLimit"), 6):
            self._finish(key, job, status, "Failed", "BackoffLimitExceeded")
        else:
            self._go_on(key, job, status, pods, active)
        for pod in failed_now:
            self.stage.drop_finalizer(pod, TRACKING, _MANAGER)

    def _go_on(self, key: Key, job: Json, status: Json, pods: list[Json], active: list[Json]) -> None:
        """Nothing has ended: see to it that a pod runs, and count."""
        refused: ApiError | None = None
        running = list(active)
        if not active and part(job, "spec", "suspend") is not True:
            try:
                running += self._next_pod(key, job, pods, number(status.get("failed")))
            except ApiError as error:
                refused = error
        status |= {"active": len(running), "ready": sum(map(is_ready, running)), "terminating": 0}
        status["uncountedTerminatedPods"] = {}
        self.stage.set_status(job, status, _MANAGER)
        if refused is not None:
            raise refused

    def _pods(self, job: Json) -> list[Json]:
        return self.stage.owned(job["metadata"]["uid"], "Pod")

    # ---- pods -------------------------------------------------------------------------------------------------------
    def _next_pod(self, key: Key, job: Json, pods: list[Json], failed: int) -> list[Json]:
        if failed:
            ends = [moment for p in pods if (moment := _finished(p)) is not None]
            since = max(ends, default=moment_of(part(job, "status", "startTime")) or self.now)
            due = since + timedelta(seconds=min(10.0 * 2.0 ** (failed - 1), 600.0))
            if due > self.now:
                self.wake_at(key, due)
                return []
        name = self.stage.fresh_name("Pod", job, str(failed))
        pod = _pod_of(job, name)
        try:
            created = self.stage.create(pod, _MANAGER)
        except ApiError as error:
            text = stable_refusal(error, pod)
            self.stage.tell(job, "Warning", "FailedCreate", f"Error creating: {text}", _SOURCE)
            raise
        self.stage.tell(job, "Normal", "SuccessfulCreate", f"Created pod: {name}", _SOURCE)
        return [created]

    def _is_overdue(self, key: Key, job: Json) -> bool:
        seconds = part(job, "spec", "activeDeadlineSeconds")
        started = moment_of(part(job, "status", "startTime"))
        if not isinstance(seconds, int) or started is None:
            return False
        due = started + timedelta(seconds=seconds)
        if due > self.now:
            self.wake_at(key, due)
        return due <= self.now

    # ---- ends -------------------------------------------------------------------------------------------------------
    def _stop(self, key: Key, job: Json, status: Json, active: list[Json]) -> None:
        """The deadline is over: name it, end the pods, and only then fail."""
        if not active:
            self._finish(key, job, status, "Failed", "DeadlineExceeded")
            return
        status |= {"terminating": len(active), "failed": number(status.get("failed")) + len(active)}
        status["conditions"] = [self._condition("FailureTarget", "DeadlineExceeded")]
        self.stage.set_status(job, status, _MANAGER)
        self.stage.tell(job, "Warning", "DeadlineExceeded", _MESSAGES["DeadlineExceeded"], _SOURCE)
        for pod in active:
            self.stage.drop_finalizer(pod, TRACKING, _MANAGER)
            current = self.stage.by_uid.get(pod["metadata"]["uid"])
            if current is not None:
                self.stage.delete(pod)
                self.stage.tell(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", _SOURCE)
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.job_lag))

    def _finish(self, key: Key, job: Json, status: Json, end: str, reason: str) -> None:
        first = "SuccessCriteriaMet" if end == "Complete" else "FailureTarget"
        known = [c for c in sequence(job, "status", "conditions") if c.get("type") == first]
        status["conditions"] = [*(known or [self._condition(first, reason)]), self._condition(end, reason)]
        status |= {"uncountedTerminatedPods": {}, "ready": 0, "terminating": 0}
        if end == "Complete":
            status |= {"succeeded": 1, "completionTime": text_of(self.now)}
        done = self.stage.set_status(job, status, _MANAGER)
        if end == "Complete":
            self.stage.tell(job, "Normal", "Completed", "Job completed", _SOURCE)
        elif reason != "DeadlineExceeded":
            self.stage.tell(job, "Warning", reason, _MESSAGES[reason], _SOURCE)
        self._release(done)
        self._expire(key, done, self.now)

    def _condition(self, kind: str, reason: str) -> Json:
        now = text_of(self.now)
        return {
            "type": kind, "status": "True", "reason": reason, "message": _MESSAGES[reason], "lastProbeTime": now,
            "lastTransitionTime": now,
        }  # fmt: skip

    def _release(self, job: Json) -> None:
        for pod in self._pods(job):
            self.stage.drop_finalizer(pod, TRACKING, _MANAGER)

    def _expire(self, key: Key, job: Json, ended: datetime) -> None:
        seconds = part(job, "spec", "ttlSecondsAfterFinished")
        if not isinstance(seconds, int):
            return
        due = ended + timedelta(seconds=seconds)
        if due > self.now:
            self.wake_at(key, due)
        else:
            self.stage.delete(job)


_MESSAGES = {
    "CompletionsReached": "Reached expected number of succeeded pods",
    "BackoffLimitExceeded": "Job has reached the specified backoff limit",
    "DeadlineExceeded": "Job was active longer than specified deadline",
}


def _pod_of(job: Json, pod_name: str) -> Json:
    metadata = job["metadata"]
    template = mapping(job, "spec", "template")
    uid, name = metadata["uid"], metadata["name"]
    generated = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    annotations = mapping(template, "metadata", "annotations")
    owner = {
        "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": True,
        "blockOwnerDeletion": True,
    }  # fmt: skip
    pod_metadata: dict[str, Any] = {
        "name": pod_name,
        "namespace": metadata["namespace"],
        "labels": {**mapping(template, "metadata", "labels"), **generated},
        "ownerReferences": [owner],
        "finalizers": [TRACKING],
    }
    if annotations:
        pod_metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": pod_metadata,
        "spec": dict(mapping(template, "spec")),
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }


def _end_of(job: Json) -> datetime | None:
    """The moment of the final condition."""
    for condition in sequence(job, "status", "conditions"):
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            return moment_of(condition.get("lastTransitionTime"))
    return None


def _phase(pod: Json) -> str:
    return str(part(pod, "status", "phase"))


def _finished(pod: Json) -> datetime | None:
    ends = [
        moment_of(part(s, "state", "terminated", "finishedAt")) for s in sequence(pod, "status", "containerStatuses")
    ]
    return max((e for e in ends if e is not None), default=None)
