"""The kubelets: from a bound pod to running, ready, ended, crashing or stuck containers (F-73, F-74, F-75).

1. The first container decides; the others run beside it. Init containers and injected sidecars are not played.
2. Steps: volumes and sandbox, pull (5 s), configuration (secrets), start, script (`containers.script_of`), readiness
   after a delay. What may go wrong before the script stands in `pod_troubles`.
3. A pull failure shows `ErrImagePull`, then `ImagePullBackOff`; it is tried again when a Secret or ServiceAccount of
   the namespace or the settings change.
4. A container that ends is restarted unless the pod says Never, after 10, 20, 40 … 300 s; after five restarts it stays
   in `CrashLoopBackOff` until the settings change.
5. A pod whose node is gone is deleted. One that comes to a node under disk pressure is rejected, as evicted; the node
   is tainted then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.containers import Script, find_image, main_container, script_of
from aimcore.simulation.actors.pod_troubles import (
    PRESSURE,
    container_trouble,
    hindrance,
    is_under_pressure,
    pull_trouble,
    run_trouble,
)
from aimcore.simulation.actors.stage import Json, Stage, is_deleting, part, sequence, text_of

_MANAGER = "kubelet"
_BACKOFF_SECONDS = 10.0
_MAX_RESTARTS = 5
_NOT_STARTED = 128
_REJECTED = "Pod was rejected: The node had condition: [DiskPressure]. "


class Kubelet(Actor):
    name = "kubelet"
    watches = ("Pod", "Secret", "ServiceAccount", "Node")

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._stuck: dict[Key, None] = {}
        self._told: dict[Key, float] = {}

    def notice(self, key: Key, old: Json | None, new: Json | None) -> None:
        if key.kind == "Pod":
            if new is None:
                self._stuck.pop(key, None)
                self._told.pop(key, None)
            elif part(new, "spec", "nodeName") and (old is None or not part(old, "spec", "nodeName")):
                self.wake(key)
        elif key.kind == "Node":
            if new is None:
                for pod_key in self.stage.objects.get("Pod", {}):
                    self.wake(pod_key)
        else:
            for pod_key in self._stuck:
                if pod_key.namespace == key.namespace:
                    self.wake(pod_key)

    def wake_all(self) -> None:
        for node in self.stage.all("Node"):
            self._mark(node)
        for key in self.stage.objects.get("Pod", {}):
            self.wake(key)

    def act(self, key: Key) -> None:
        pod = self.stage.at(key)
        name = pod and part(pod, "spec", "nodeName")
        if pod is None or not name or is_deleting(pod) or part(pod, "status", "phase") in ("Succeeded", "Failed"):
            return
        node = self.stage.get("Node", "", name)
        if node is None:
            self.stage.delete(pod)
            return
        state = _state(pod)
        if "running" in state:
            self._run(key, pod)
        elif not part(pod, "status", "startTime"):
            self._take(key, pod, node)
        elif part(state, "waiting", "reason") == "CrashLoopBackOff":
            self._restart(key, pod)
        elif part(state, "waiting", "reason") == "RunContainerError":
            self._give_up(key, pod)
        else:
            self._start(key, pod)

    # ---- starting ---------------------------------------------------------------------------------------------------
    def _take(self, key: Key, pod: Json, node: Json) -> None:
        """The pod is on a node: it is rejected, or containers are being created."""
        if is_under_pressure(self.settings, node):
            status = {**pod.get("status", {}), "phase": "Failed", "reason": "Evicted", "message": _REJECTED}
            self.stage.set_status(pod, {**status, "startTime": text_of(self.now)}, _MANAGER)
            self._mark(node)
            return
        self._write(pod, {"waiting": {"reason": "ContainerCreating"}}, phase="Pending", startTime=text_of(self.now))
        self._start(key, self.stage.objects["Pod"][key])

    def _mark(self, node: Json) -> None:
        """A node under pressure is tainted, so that no more pods come; one that has recovered is not."""
        taints = sequence(node, "spec", "taints")
        others = [t for t in taints if t.get("key") != PRESSURE]
        ours = [{"key": PRESSURE, "effect": "NoSchedule"}] if is_under_pressure(self.settings, node) else []
        if [*others, *ours] != taints:
            self.stage.merge(node, {"spec": {"taints": [*others, *ours] or None}}, _MANAGER)

    def _start(self, key: Key, pod: Json) -> None:
        hindered = hindrance(self.stage, pod)
        if hindered is not None:
            self._stuck[key] = None
            self.stage.tell(pod, "Warning", hindered.reason, hindered.message, hindered.source)
            return
        image = str(main_container(pod).get("image") or "")
        self.stage.tell(pod, "Normal", "Pulling", f'Pulling image "{image}"', _MANAGER, once=True)
        found = find_image(self.settings, image)
        seconds = self.settings.delays.pull if found is None or found.pull_seconds is None else found.pull_seconds
        due = self.stage.since(pod, seconds, "status", "startTime")
        if due > self.now:
            self.wake_at(key, due)
            return
        trouble = pull_trouble(self.stage, pod, image)
        if trouble is not None:
            self._fail_pull(key, pod, image, trouble.reason, trouble.message)
            return
        trouble = container_trouble(self.stage, pod)
        if trouble is not None:
            self._stuck[key] = None
            if self._write(pod, {"waiting": {"reason": trouble.reason, "message": trouble.message}}):
                self.stage.tell(pod, "Warning", "Failed", f"Error: {trouble.message}", _MANAGER)
            return
        self._stuck.pop(key, None)
        name = main_container(pod).get("name")
        self.stage.tell(pod, "Normal", "Pulled", f'Successfully pulled image "{image}"', _MANAGER)
        self.stage.tell(pod, "Normal", "Created", f"Created container: {name}", _MANAGER)
        self._begin(key, pod)

    def _begin(self, key: Key, pod: Json) -> None:
        if self._does_not_run(key, pod, _restarts(pod)):
            return
        self.stage.tell(pod, "Normal", "Started", f"Started container {main_container(pod).get('name')}", _MANAGER)
        self._told.pop(key, None)
        self._write(pod, {"running": {"startedAt": text_of(self.now)}}, phase="Running", ready=not _has_probe(pod))
        self.wake(key)

    def _does_not_run(self, key: Key, pod: Json, restarts: int) -> bool:
        """Whether the container cannot be run, which is told for a while before it counts as ended."""
        trouble = run_trouble(self.stage, pod)
        if trouble is None:
            return False
        self._write(pod, {"waiting": {"reason": trouble.reason, "message": trouble.message}}, restarts=restarts)
        self.stage.tell(pod, "Warning", "Failed", f"Error: {trouble.message}", _MANAGER)
        self.wake_at(key, self.now + timedelta(seconds=self.settings.delays.crash))
        return True

    def _give_up(self, key: Key, pod: Json) -> None:
        """The run of a container that could not be started is over."""
        if run_trouble(self.stage, pod) is None:
            self._begin(key, pod)
        else:
            self._end(key, pod, _NOT_STARTED, "StartError")

    def _fail_pull(self, key: Key, pod: Json, image: str, reason: str, message: str) -> None:
        self._stuck[key] = None
        waiting = part(_state(pod), "waiting", "reason")
        if reason == "InvalidImageName":
            if self._write(pod, {"waiting": {"reason": reason, "message": message}}):
                self.stage.tell(pod, "Warning", "InspectFailed", message, _MANAGER)
        elif waiting == "ErrImagePull":
            text = f'Back-off pulling image "{image}": ErrImagePull: {message}'
            self._write(pod, {"waiting": {"reason": "ImagePullBackOff", "message": text}})
            self.stage.tell(pod, "Normal", "BackOff", f'Back-off pulling image "{image}"', _MANAGER)
            self.stage.tell(pod, "Warning", "Failed", "Error: ImagePullBackOff", _MANAGER)
        elif waiting != "ImagePullBackOff" or message not in str(part(_state(pod), "waiting", "message")):
            self._write(pod, {"waiting": {"reason": "ErrImagePull", "message": message}})
            self.stage.tell(pod, "Warning", "Failed", f'Failed to pull image "{image}": {message}', _MANAGER)
            self.stage.tell(pod, "Warning", "Failed", "Error: ErrImagePull", _MANAGER)
            self.wake_at(key, self.stage.since({}, _BACKOFF_SECONDS, "t"))

    # ---- running ----------------------------------------------------------------------------------------------------
    def _run(self, key: Key, pod: Json) -> None:
        script = script_of(pod, self.settings)
        started = part(_state(pod), "running", "startedAt")
        now = (self.now - self.stage.since({"t": started}, 0, "t")).total_seconds()
        told = self._told.get(key, -1.0)
        for beat in script:
            if beat.at <= now and beat.patch is not None and beat.at > told:
                self._report(pod, beat.patch)
        self._told[key] = now
        end = next((b for b in script if b.ends is not None and b.at <= now), None)
        if end is not None and end.ends is not None:
            self._end(key, pod, end.ends, end.reason)
            return
        if _serves(script) and script[-1].at <= now and not _is_ready(pod):
            self._write(pod, _state(pod), phase="Running", ready=True)
        following = next((b.at for b in script if b.at > now), None)
        if following is not None:
            self.wake_at(key, self.stage.since({"t": started}, following, "t"))

    def _report(self, pod: Json, patch: Json) -> None:
        """The downloader writes progress to its artifact, if its account may; failures are ignored (A7.3)."""
        env = {e.get("name"): e.get("value") for e in sequence(main_container(pod), "env")}
        namespace, name = env.get("ARTIFACT_NAMESPACE"), env.get("ARTIFACT_NAME")
        artifact = self.stage.get("AIMArtifact", str(namespace), str(name))
        if artifact is not None and self._may_patch(pod, str(namespace)):
            self.stage.merge(artifact, {"status": patch}, "kubectl-patch", subresource="status")

    def _may_patch(self, pod: Json, namespace: str) -> bool:
        account = part(pod, "spec", "serviceAccountName") or "default"
        return any(
            s.get("kind") == "ServiceAccount" and s.get("name") == account
            for binding in self.stage.in_namespace(namespace, "RoleBinding")
            for s in sequence(binding, "subjects")
        )

    def _end(self, key: Key, pod: Json, code: int, reason: str) -> None:
        started = part(_state(pod), "running", "startedAt") or text_of(self.now)
        terminated = {
            "exitCode": code,
            "reason": reason or ("Completed" if code == 0 else "Error"),
            "startedAt": started,
            "finishedAt": text_of(self.now),
        }
        policy = part(pod, "spec", "restartPolicy") or "Always"
        if policy == "Never" or (policy == "OnFailure" and code == 0):
            self._write(pod, {"terminated": terminated}, phase="Succeeded" if code == 0 else "Failed")
            return
        container = str(main_container(pod).get("name"))
        wait = _backoff(_restarts(pod))
        name = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
        text = f"back-off {wait:.0f}s restarting failed container={container} pod={name}"
        self._write(pod, {"waiting": {"reason": "CrashLoopBackOff", "message": text}}, phase="Running", last=terminated)
        told = f"Back-off restarting failed container {container} in pod {name}"
        self.stage.tell(pod, "Warning", "BackOff", told, _MANAGER)
        self.wake_at(key, self.stage.since(terminated, wait, "finishedAt"))

    def _restart(self, key: Key, pod: Json) -> None:
        restarts = _restarts(pod)
        last = part(_status(pod), "lastState", "terminated") or {}
        due = self.stage.since(last, _backoff(restarts), "finishedAt")
        if due > self.now:
            self.wake_at(key, due)
        elif restarts < _MAX_RESTARTS or not self._fails(pod):
            if self._does_not_run(key, pod, restarts + 1):
                return
            self._write(
                pod,
                {"running": {"startedAt": text_of(self.now)}},
                phase="Running",
                ready=not _has_probe(pod),
                restarts=restarts + 1,
            )
            self._told.pop(key, None)
            self.wake(key)

    def _fails(self, pod: Json) -> bool:
        """Whether another run would end like the last one."""
        return run_trouble(self.stage, pod) is not None or any(b.ends for b in script_of(pod, self.settings))

    # ---- status -----------------------------------------------------------------------------------------------------
    def _write(
        self,
        pod: Json,
        state: Mapping[str, Any],
        *,
        phase: str = "Pending",
        ready: bool = False,
        last: Json | None = None,
        restarts: int | None = None,
        **members: Any,
    ) -> bool:
        """Write the pod's status; whether anything changed."""
        now = text_of(self.now)
        known = _status(pod)
        is_over = phase in ("Succeeded", "Failed")
        statuses = [
            {
                "name": container.get("name"),
                "image": container.get("image"),
                "imageID": "",
                "restartCount": (restarts if restarts is not None else _restarts(pod)) if i == 0 else 0,
                "ready": ready,
                "started": "running" in state,
                "state": dict(state),
                "lastState": {"terminated": last} if last else part(known, "lastState") or {},
            }
            for i, container in enumerate(sequence(pod, "spec", "containers"))
        ]
        truths = {
            "PodScheduled": ("True", ""),
            "Initialized": ("True", "PodCompleted" if phase == "Succeeded" else ""),
            "ContainersReady": ("True", "") if ready else ("False", _unready(phase, is_over=is_over)),
            "Ready": ("True", "") if ready else ("False", _unready(phase, is_over=is_over)),
        }
        old = {c.get("type"): c for c in sequence(pod, "status", "conditions")}
        conditions = []
        for kind, (truth, reason) in truths.items():
            was = old.get(kind, {})
            since = was.get("lastTransitionTime", now) if was.get("status") == truth else now
            conditions.append(
                {"type": kind, "status": truth, **({"reason": reason} if reason else {}), "lastTransitionTime": since}
            )
        status = {
            **pod.get("status", {}), **members, "phase": phase, "conditions": conditions, "containerStatuses": statuses,
        }  # fmt: skip
        if status == pod.get("status"):
            return False
        self.stage.set_status(pod, status, _MANAGER)
        return True


def _unready(phase: str, *, is_over: bool) -> str:
    if is_over:
        return "PodCompleted" if phase == "Succeeded" else "PodFailed"
    return "ContainersNotReady"


def _status(pod: Json) -> Mapping[str, Any]:
    return next(iter(sequence(pod, "status", "containerStatuses")), {})


def _state(pod: Json) -> Mapping[str, Any]:
    state = part(_status(pod), "state")
    return state if isinstance(state, Mapping) else {}


def _restarts(pod: Json) -> int:
    count = part(_status(pod), "restartCount")
    return count if isinstance(count, int) else 0


def _backoff(restarts: int) -> float:
    return min(_BACKOFF_SECONDS * 2.0**restarts, 300.0)


def _is_ready(pod: Json) -> bool:
    return part(_status(pod), "ready") is True


def _has_probe(pod: Json) -> bool:
    return "readinessProbe" in main_container(pod)


def _serves(script: Script) -> bool:
    return len(script) > 1 and all(b.ends is None for b in script)
