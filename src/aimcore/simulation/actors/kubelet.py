"""The kubelets: from a bound pod to running, ready, ended, crashing or stuck containers (F-73, F-74, F-75).

1. The first container decides; the others run beside it. Init containers and injected sidecars are not played.
2. Steps: pull (5 s), configuration (secrets), start, script (`containers.script_of`), readiness after a delay.
3. A pull failure shows `ErrImagePull`, then `ImagePullBackOff`; it is tried again when a Secret or ServiceAccount of
   the namespace or the settings change.
4. A container that ends is restarted unless the pod says Never, after 10, 20, 40 … 300 s; after five restarts it stays
   in `CrashLoopBackOff` until the settings change.
5. A pod whose node is gone is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.containers import Script, find_image, main_container, script_of
from aimcore.simulation.actors.stage import Json, Stage, is_deleting, part, sequence, text_of

_MANAGER = "kubelet"
_BACKOFF_SECONDS = 10.0
_MAX_RESTARTS = 5
_PULL_PROBLEMS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"})
_IMAGE = re.compile(
    r"[a-z0-9]+([._:/-]+[a-z0-9]+)*(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?"
)


_LONGEST_IMAGE = 512


def is_image(text: str) -> bool:
    """Whether a text can name an image."""
    return len(text) <= _LONGEST_IMAGE and _IMAGE.fullmatch(text) is not None


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
        for key in self.stage.objects.get("Pod", {}):
            self.wake(key)

    def act(self, key: Key) -> None:
        pod = self.stage.at(key)
        node = pod and part(pod, "spec", "nodeName")
        if pod is None or not node or is_deleting(pod) or part(pod, "status", "phase") in ("Succeeded", "Failed"):
            return
        if self.stage.get("Node", "", node) is None:
            self.stage.delete(pod)
            return
        state = _state(pod)
        if "running" in state:
            self._run(key, pod)
        elif not part(pod, "status", "startTime"):
            self._take(pod)
        elif part(state, "waiting", "reason") == "CrashLoopBackOff":
            self._restart(key, pod)
        else:
            self._start(key, pod)

    # ---- starting ---------------------------------------------------------------------------------------------------
    def _take(self, pod: Json) -> None:
        """The pod is on a node: containers are being created."""
        self._write(pod, {"waiting": {"reason": "ContainerCreating"}}, phase="Pending", startTime=text_of(self.now))
        image = main_container(pod).get("image")
        self.stage.tell(pod, "Normal", "Pulling", f'Pulling image "{image}"', _MANAGER)
        found = find_image(self.settings, str(image))
        seconds = self.settings.delays.pull if found is None or found.pull_seconds is None else found.pull_seconds
        key = Key("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
        self.wake_at(key, self.stage.since({"t": text_of(self.now)}, seconds, "t"))

    def _start(self, key: Key, pod: Json) -> None:
        image = str(main_container(pod).get("image"))
        found = find_image(self.settings, image)
        seconds = self.settings.delays.pull if found is None or found.pull_seconds is None else found.pull_seconds
        due = self.stage.since(pod, seconds, "status", "startTime")
        if due > self.now:
            self.wake_at(key, due)
            return
        missing_volume = self._missing_secret_volume(pod)
        if missing_volume is not None:
            self._stuck[key] = None
            self.stage.tell(pod, "Warning", "FailedMount", missing_volume, _MANAGER)
            return
        trouble = self._pull_trouble(pod, image)
        if trouble is not None:
            self._fail_pull(key, pod, image, *trouble)
            return
        missing = self._missing_secret(pod)
        if missing is not None:
            self._stuck[key] = None
            if self._write(pod, {"waiting": {"reason": "CreateContainerConfigError", "message": missing}}):
                self.stage.tell(pod, "Warning", "Failed", f"Error: {missing}", _MANAGER)
            return
        self._stuck.pop(key, None)
        name = main_container(pod).get("name")
        self.stage.tell(pod, "Normal", "Pulled", f'Successfully pulled image "{image}"', _MANAGER)
        self.stage.tell(pod, "Normal", "Created", f"Created container: {name}", _MANAGER)
        self._begin(key, pod)

    def _begin(self, key: Key, pod: Json) -> None:
        self.stage.tell(pod, "Normal", "Started", f"Started container {main_container(pod).get('name')}", _MANAGER)
        self._told.pop(key, None)
        self._write(pod, {"running": {"startedAt": text_of(self.now)}}, phase="Running", ready=not _has_probe(pod))
        self.wake(key)

    def _pull_trouble(self, pod: Json, image: str) -> tuple[str, str] | None:
        """Waiting reason and message of an image that cannot be had."""
        if not is_image(image):
            return "InvalidImageName", f'Failed to apply default image tag "{image}": couldn\'t parse image name'
        found = find_image(self.settings, image)
        fault = "not-found" if found is None else found.fault
        if found is not None and found.private and not fault and not self._has_pull_secret(pod):
            fault = "unauthorized"
        pulling = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}":'
        match fault:
            case "not-found":
                return "ErrImagePull", f"rpc error: code = NotFound desc = {pulling} {image}: not found"
            case "unauthorized":
                text = "pull access denied, repository does not exist or may require authorization: 401 Unauthorized"
                return "ErrImagePull", f"rpc error: code = Unknown desc = {pulling} {text}"
            case "unreachable":
                text = "dial tcp: lookup registry: no such host"
                return "ErrImagePull", f"rpc error: code = Unknown desc = {pulling} {text}"
            case _:
                return None

    def _has_pull_secret(self, pod: Json) -> bool:
        namespace = pod["metadata"]["namespace"]
        account = self.stage.get("ServiceAccount", namespace, part(pod, "spec", "serviceAccountName") or "default")
        named = [*sequence(pod, "spec", "imagePullSecrets"), *sequence(account or {}, "imagePullSecrets")]
        return any(self.stage.get("Secret", namespace, str(s.get("name"))) is not None for s in named)

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

    def _missing_secret(self, pod: Json) -> str | None:
        namespace = pod["metadata"]["namespace"]
        for container in sequence(pod, "spec", "containers"):
            wanted = [part(e, "valueFrom", "secretKeyRef") for e in sequence(container, "env")]
            wanted += [part(e, "secretRef") for e in sequence(container, "envFrom")]
            for ref in wanted:
                if not isinstance(ref, Mapping) or ref.get("optional") is True:
                    continue
                secret = self.stage.get("Secret", namespace, str(ref.get("name")))
                if secret is None:
                    return f'secret "{ref.get("name")}" not found'
                if "key" in ref and ref["key"] not in {
                    **(secret.get("data") or {}),
                    **(secret.get("stringData") or {}),
                }:
                    return f"couldn't find key {ref['key']} in Secret {namespace}/{ref.get('name')}"
        return None

    def _missing_secret_volume(self, pod: Json) -> str | None:
        for volume in sequence(pod, "spec", "volumes"):
            name = part(volume, "secret", "secretName")
            if not isinstance(name, str) or part(volume, "secret", "optional") is True:
                continue
            if self.stage.get("Secret", pod["metadata"]["namespace"], name) is None:
                return f'MountVolume.SetUp failed for volume "{volume.get("name")}" : secret "{name}" not found'
        return None

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
        started = part(_state(pod), "running", "startedAt")
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
        elif restarts < _MAX_RESTARTS or not any(b.ends for b in script_of(pod, self.settings)):
            self._write(
                pod,
                {"running": {"startedAt": text_of(self.now)}},
                phase="Running",
                ready=not _has_probe(pod),
                restarts=restarts + 1,
            )
            self._told.pop(key, None)
            self.wake(key)

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
