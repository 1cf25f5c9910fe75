"""The discovery Job: what it runs with, its name, its manifest (J-1 to J-8, O-11, O-12).

1. Pull secrets: the template's, then the model's, unique by name. Service account: the first that is set.
2. Environment: the model's, then the template's, by name; an explicit `AIM_*` of the template wins over the computed.
3. The name hashes the values in force. It holds neither the namespace nor a number of attempts.
4. The Job is made once and never applied again; it ends itself after a deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aimcore import naming
from aimcore.cluster.reading import text
from aimcore.kinds.template.inputs import Template
from aimcore.kinds.template.model import Model
from aimcore.labels import COMPONENT, MANAGED_BY, NAME, TEMPLATE, stamp
from aimcore.layering import merge_env, merge_pull_secrets
from aimcore.plan import Child, Write
from aimcore.resource import Json, Resource

CONTAINER = "discovery"
DISCOVERY_LABELS = {NAME: "aim-discovery", COMPONENT: "discovery", MANAGED_BY: "aim-controller"}
_TTL = 60
_QUIET = ({"name": "AIM_LOG_LEVEL_ROOT", "value": "CRITICAL"}, {"name": "AIM_LOG_LEVEL", "value": "CRITICAL"})


@dataclass(frozen=True, slots=True)
class Run:
    """The values that a discovery runs with. `spec_hash`: other inputs start the attempts anew.

    `former_name`: the name by the rules of before (J-5: the model's account and secrets, the template's env alone).
    """

    name: str
    former_name: str
    spec_hash: str
    image: str
    env: tuple[Json, ...]
    pull_secrets: tuple[Json, ...]
    service_account: str


def run_of(template: Template, model: Model) -> Run:
    """The discovery that a template of this model needs."""
    secrets = tuple(merge_pull_secrets(template.pull_secrets, model.pull_secrets))
    account = template.service_account or model.service_account
    given = merge_env(model.env, template.env)
    return Run(
        name=naming.discovery_job_name(template.name, _named(template, model.image, account, given, secrets)),
        former_name=naming.discovery_job_name(
            template.name,
            _named(
                template,
                model.image,
                model.service_account,
                template.env if template.is_namespaced else (),
                model.pull_secrets,
            ),
        ),
        spec_hash=naming.discovery_spec_hash(
            [
                template.model_name,
                model.image,
                template.metric,
                template.precision,
                *_gpu(template),
                template.profile_id,
            ]
        ),
        image=model.image,
        env=_environment(template, given),
        pull_secrets=secrets,
        service_account=account,
    )


def _named(template: Template, image: str, account: str, env: Sequence[Json], secrets: Sequence[Json]) -> list[str]:
    """The texts that the Job's name is hashed over, in order."""
    variables = [t for e in env for t in (text(e, "name"), text(e, "value"))]
    names = [text(s, "name") for s in secrets]
    tail = [template.metric, template.precision, *_gpu(template), template.profile_id]
    return [template.model_name, image, account, *variables, *names, *tail]


def _gpu(template: Template) -> list[str]:
    return [text(template.gpu, "model"), str(template.gpu_requests)] if template.gpu else []


def _environment(template: Template, given: Sequence[Json]) -> tuple[Json, ...]:
    explicit = {text(e, "name") for e in template.env}
    computed = {
        "AIM_METRIC": template.metric,
        "AIM_PRECISION": template.precision,
        "AIM_GPU_MODEL": template.gpu_model,
        "AIM_GPU_COUNT": str(template.gpu_requests) if template.gpu_requests > 0 else "",
        "AIM_PROFILE_ID": template.profile_id,
    }
    asked = [{"name": n, "value": v} for n, v in computed.items() if v and n not in explicit]
    return tuple(merge_env(merge_env(_QUIET, given), asked))


def desired_job(resource: Resource, template: Template, run: Run, deadline: int, patterns: Sequence[str]) -> Child:
    """The discovery Job. `deadline` in seconds."""
    container = {
        "name": CONTAINER,
        "image": run.image,
        "args": ["dry-run", "--format=json"],
        "env": list(run.env),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod: Json = {
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    if run.pull_secrets:
        pod["imagePullSecrets"] = list(run.pull_secrets)
    if run.service_account:
        pod["serviceAccountName"] = run.service_account
    manifest: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run.name,
            "namespace": template.job_namespace,
            "labels": {**DISCOVERY_LABELS, TEMPLATE: template.label},
        },
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": _TTL,
            "activeDeadlineSeconds": deadline,
            "template": {"metadata": {"labels": {TEMPLATE: template.label}}, "spec": pod},
        },
    }
    return Child(stamp(manifest, resource, patterns, owned=True), "DiscoveryJob", Write.CREATE)
