"""The world's hooks at the API server's door: KServe's and KEDA's webhooks, a pod quota, webhooks that fail.

1. A switch `on`, `off` or `failing` for each component. A failing KServe webhook refuses every write (F-97, F-6); a
   failing KEDA webhook lets everything pass (failure policy Ignore, F-38).
2. `failing_webhooks` names kinds whose writes meet a webhook that does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from aimcore.simulation.actors import keda_webhook, kserve_webhooks
from aimcore.simulation.actors.nodes import amount
from aimcore.simulation.actors.stage import Json, Stage, mapping, sequence
from aimcore.simulation.admission import Admission
from aimcore.simulation.causes import Cause, invalid
from aimcore.simulation.errors import invalid_object, quota_exceeded, webhook_denied, webhook_failed
from aimcore.simulation.resource_type import ResourceType

_REFUSED = 'failed to call webhook: Post "https://{service}.svc:443/": dial tcp: connect: connection refused'


class Hook:
    """One side of the world's admission. Installed anew for each copy of the world."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage


class Mutating(Hook):
    """KServe's defaulter."""

    def __call__(self, operation: str, type_: ResourceType, new: Json, old: Json | None) -> Json:  # noqa: ARG002
        settings = self.stage.settings.kserve
        if type_.name != "InferenceService" or settings.webhook == "off":
            return new
        if settings.webhook == "failing":
            raise webhook_failed(
                kserve_webhooks.DEFAULTER, _REFUSED.format(service="kserve-webhook-server-service.kserve")
            )
        return kserve_webhooks.defaulted(new, settings)


class Validating(Hook):
    """KServe's and KEDA's validators, the quota, the check of resources, and webhooks that do not answer."""

    def __call__(self, operation: str, type_: ResourceType, new: Json, old: Json | None) -> Json:
        settings = self.stage.settings
        if type_.name in settings.failing_webhooks:
            webhook = f"{type_.kind.plural}.policy.example.com"
            raise webhook_failed(webhook, _REFUSED.format(service="policy.default"))
        match type_.name:
            case "InferenceService" if settings.kserve.webhook == "on":
                text = kserve_webhooks.refusal(new, old, settings.kserve)
                if text is not None:
                    raise webhook_denied(kserve_webhooks.VALIDATOR, text)
            case "ScaledObject" if settings.keda.webhook == "on":
                text = keda_webhook.refusal(new, old, self.stage.cluster.objects, settings.keda)
                if text is not None:
                    raise webhook_denied(keda_webhook.VALIDATOR, text)
            case "Pod" if operation == "CREATE":
                self._count_pod(type_, new)
            case "Deployment":
                causes = list(_requests_above_limits(new))
                if causes:
                    raise invalid_object(type_.kind, new["metadata"]["name"], causes)
        return new

    def _count_pod(self, type_: ResourceType, new: Json) -> None:
        namespace = new["metadata"]["namespace"]
        limit = self.stage.settings.pod_quota.get(namespace)
        if limit is None:
            return
        used = sum(
            (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
            for pod in self.stage.cluster.objects("Pod", namespace)
        )
        if used >= limit:
            raise quota_exceeded(
                type_.kind,
                new["metadata"]["name"],
                "pods",
                requested="pods=1",
                used=f"pods={used}",
                limited=f"pods={limit}",
            )


def _requests_above_limits(deployment: Json) -> Iterator[Cause]:
    """The server's own check of a pod template's resources."""
    for i, container in enumerate(sequence(deployment, "spec", "template", "spec", "containers")):
        limits = mapping(container, "resources", "limits")
        for resource, wanted in mapping(container, "resources", "requests").items():
            if resource in limits and amount(wanted) > amount(limits[resource]):
                field = f"spec.template.spec.containers[{i}].resources.requests"
                yield invalid(field, wanted, f"must be less than or equal to {resource} limit of {limits[resource]}")


def install(stage: Stage) -> None:
    """Put the hooks of this stage at its cluster's door, in place of another world's; other hooks stay."""
    known = stage.cluster.admission
    stage.cluster.admission = Admission(
        mutating=(*(h for h in known.mutating if not isinstance(h, Hook)), Mutating(stage)),
        validating=(*(h for h in known.validating if not isinstance(h, Hook)), Validating(stage)),
    )
