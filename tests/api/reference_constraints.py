"""The constraints of the reference's schema, typed by hand from the tables that describe it.

A constraint is keyed by path and keyword; lists are sorted. CEL rules are named by their message.
"""

from __future__ import annotations

from typing import Any

QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
MODEL_ID = r"^[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+$"
SOURCE_URI = r"^(hf|s3)://[^ \t\r\n]+$"
METRICS = ["latency", "throughput"]
PRECISIONS = ["auto", "bf16", "fp16", "fp32", "fp4", "fp8", "int4", "int8"]
TYPES = ["optimized", "preview", "unoptimized"]
SCOPES = ["Cluster", "Merged", "Namespace", "Unknown"]
STATES = ["Degraded", "Failed", "NotAvailable", "Pending", "Progressing", "Ready"]
MODES = ["Dedicated", "Shared"]
Constraints = dict[tuple[str, str], Any]


def rule(path: str, message: str) -> Constraints:
    return {(path, f"rule: {message}"): True}


def env(path: str) -> Constraints:
    source = f"{path}[].valueFrom"
    return {
        (f"{path}[]", "required"): ["name"],
        (f"{source}.configMapKeyRef", "required"): ["key"],
        (f"{source}.fieldRef", "required"): ["fieldPath"],
        (f"{source}.fileKeyRef", "required"): ["key", "path", "volumeName"],
        (f"{source}.resourceFieldRef", "required"): ["resource"],
        (f"{source}.resourceFieldRef.divisor", "pattern"): QUANTITY,
        (f"{source}.secretKeyRef", "required"): ["key"],
    }


def resources(path: str) -> Constraints:
    return {
        (f"{path}.claims[]", "required"): ["name"],
        (f"{path}.limits{{}}", "pattern"): QUANTITY,
        (f"{path}.requests{{}}", "pattern"): QUANTITY,
    }


def hardware(path: str) -> Constraints:
    return {
        (f"{path}.gpu.requests", "minimum"): 0,
        (f"{path}.gpu.model", "maxLength"): 64,
        (f"{path}.gpu.minVram", "pattern"): QUANTITY,
        (f"{path}.cpu", "required"): ["requests"],
        (f"{path}.cpu.requests", "pattern"): QUANTITY,
        (f"{path}.cpu.limits", "pattern"): QUANTITY,
        **rule(path, "at least one of gpu or cpu must be specified"),
        **rule(
            f"{path}.gpu",
            "model and minVram are mutually exclusive; specify either a specific GPU model OR a minimum VRAM "
            "requirement, not both",
        ),
    }


def sources(path: str) -> Constraints:
    return {
        (f"{path}[]", "required"): ["modelId", "sourceUri"],
        (f"{path}[].modelId", "pattern"): MODEL_ID,
        (f"{path}[].sourceUri", "pattern"): SOURCE_URI,
        (f"{path}[].size", "pattern"): QUANTITY,
        **env(f"{path}[].env"),
    }


DNS = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def routing(path: str) -> Constraints:
    gateway = f"{path}.gatewayRef"
    return {
        (gateway, "required"): ["name"],
        (f"{gateway}.group", "maxLength"): 253,
        (f"{gateway}.group", "pattern"): rf"^$|^{DNS}(\.{DNS})*$",
        (f"{gateway}.kind", "minLength"): 1,
        (f"{gateway}.kind", "maxLength"): 63,
        (f"{gateway}.kind", "pattern"): r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
        (f"{gateway}.name", "minLength"): 1,
        (f"{gateway}.name", "maxLength"): 253,
        (f"{gateway}.namespace", "minLength"): 1,
        (f"{gateway}.namespace", "maxLength"): 63,
        (f"{gateway}.namespace", "pattern"): rf"^{DNS}$",
        (f"{gateway}.sectionName", "minLength"): 1,
        (f"{gateway}.sectionName", "maxLength"): 253,
        (f"{gateway}.sectionName", "pattern"): rf"^{DNS}(\.{DNS})*$",
        (f"{gateway}.port", "minimum"): 1,
        (f"{gateway}.port", "maximum"): 65535,
    }


CONDITIONS: Constraints = {
    ("status.conditions[]", "required"): ["lastTransitionTime", "message", "reason", "status", "type"],
    ("status.conditions[].message", "maxLength"): 32768,
    ("status.conditions[].observedGeneration", "minimum"): 0,
    ("status.conditions[].reason", "minLength"): 1,
    ("status.conditions[].reason", "maxLength"): 1024,
    ("status.conditions[].reason", "pattern"): r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    ("status.conditions[].status", "enum"): ["False", "True", "Unknown"],
    ("status.conditions[].type", "maxLength"): 316,
    ("status.conditions[].type", "pattern"): rf"^({DNS}(\.{DNS})*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
}


def state(*values: str) -> Constraints:
    return {**CONDITIONS, ("status.status", "enum"): sorted(values or STATES)}


def references(*paths: str) -> Constraints:
    return {(f"status.{path}.scope", "enum"): SCOPES for path in paths}


SERVICE: Constraints = {
    ("spec", "required"): ["model"],
    **rule("spec.model", "exactly one of name, image, or custom must be specified"),
    **rule("spec.model", "model selection is immutable after creation"),
    ("spec.model.custom", "required"): ["baseImage", "hardware", "modelSources"],
    **rule("spec.model.custom", "at least one model source must be specified"),
    ("spec.model.custom.modelSources", "minItems"): 1,
    ("spec.model.custom.modelSources", "maxItems"): 1,
    **sources("spec.model.custom.modelSources"),
    **hardware("spec.model.custom.hardware"),
    **rule("spec.template", "template selection is immutable after creation"),
    **rule("spec.caching", "caching mode is immutable after creation"),
    ("spec.caching.mode", "enum"): ["Always", "Auto", "Dedicated", "Never", "Shared"],
    ("spec.minReplicas", "minimum"): 1,
    ("spec.maxReplicas", "minimum"): 1,
    ("spec.autoScaling.metrics[]", "required"): ["type"],
    ("spec.autoScaling.metrics[].type", "enum"): ["PodMetric"],
    ("spec.autoScaling.metrics[].podmetric", "required"): ["metric", "target"],
    ("spec.autoScaling.metrics[].podmetric.metric.backend", "enum"): ["opentelemetry"],
    ("spec.autoScaling.metrics[].podmetric.target", "required"): ["type"],
    ("spec.autoScaling.metrics[].podmetric.target.type", "enum"): ["AverageValue", "Utilization", "Value"],
    ("spec.storage.pvcHeadroomPercent", "minimum"): 0,
    **routing("spec.routing"),
    **env("spec.env"),
    **resources("spec.resources"),
    ("spec.overrides.metric", "enum"): METRICS,
    ("spec.overrides.precision", "enum"): PRECISIONS,
    **rule("spec.overrides.metric", "metric is immutable"),
    **rule("spec.overrides.precision", "precision is immutable"),
    **rule("spec.overrides.hardware", "hardware is immutable"),
    **hardware("spec.overrides.hardware"),
    **state("Pending", "Starting", "Running", "Degraded", "Failed"),
    **references("resolvedRuntimeConfig", "resolvedModel", "resolvedTemplate", "cache.templateCacheRef"),
}
MODEL: Constraints = {
    ("spec", "required"): ["image"],
    ("spec.image", "minLength"): 1,
    **rule(
        "spec",
        "when using modelSources, hardware must be specified: set custom.hardware (inherited by all templates) or set "
        "hardware on each template individually",
    ),
    **hardware("spec.custom.hardware"),
    ("spec.custom.type", "enum"): TYPES,
    ("spec.customTemplates", "maxItems"): 16,
    ("spec.customTemplates[].name", "maxLength"): 63,
    ("spec.customTemplates[].type", "enum"): TYPES,
    ("spec.customTemplates[].env", "maxItems"): 64,
    **env("spec.customTemplates[].env"),
    **hardware("spec.customTemplates[].hardware"),
    ("spec.customTemplates[].profile.metric", "enum"): METRICS,
    ("spec.customTemplates[].profile.precision", "enum"): PRECISIONS,
    ("spec.modelSources", "maxItems"): 1,
    **sources("spec.modelSources"),
    **env("spec.env"),
    **resources("spec.resources"),
    **state(),
    ("status.sourceType", "enum"): ["Custom", "Image"],
    **references("resolvedRuntimeConfig"),
}
AFFINITY = "status.resolvedNodeAffinity"
PREFERRED = f"{AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution[]"
REQUIRED = f"{AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution"
CLUSTER_TEMPLATE: Constraints = {
    ("spec", "required"): ["modelName"],
    ("spec.modelName", "minLength"): 1,
    ("spec.metric", "enum"): METRICS,
    ("spec.precision", "enum"): PRECISIONS,
    ("spec.type", "enum"): TYPES,
    **rule("spec.modelName", "model name is immutable"),
    **rule("spec.metric", "metric is immutable"),
    **rule("spec.precision", "precision is immutable"),
    **rule("spec.hardware", "hardware is immutable"),
    **hardware("spec.hardware"),
    **resources("spec.resources"),
    **sources("spec.modelSources"),
    **env("spec.env"),
    **state(),
    **hardware("status.resolvedHardware"),
    **sources("status.modelSources"),
    ("status.profile.metadata.metric", "enum"): METRICS,
    ("status.profile.metadata.precision", "enum"): PRECISIONS,
    ("status.profile.metadata.type", "enum"): TYPES,
    **references("resolvedRuntimeConfig", "resolvedModel", "resolvedCache", "discoveryJob"),
    (PREFERRED, "required"): ["preference", "weight"],
    (REQUIRED, "required"): ["nodeSelectorTerms"],
    **{
        (f"{term}.{match}[]", "required"): ["key", "operator"]
        for term in (f"{PREFERRED}.preference", f"{REQUIRED}.nodeSelectorTerms[]")
        for match in ("matchExpressions", "matchFields")
    },
}
ARTIFACT: Constraints = {
    ("spec", "required"): ["sourceUri"],
    ("spec.sourceUri", "minLength"): 1,
    ("spec.sourceUri", "pattern"): SOURCE_URI,
    **rule("spec.sourceUri", "sourceUri is immutable"),
    ("spec.modelId", "pattern"): MODEL_ID,
    ("spec.size", "pattern"): QUANTITY,
    **env("spec.env"),
    **state(),
    ("status.progress.percentage", "minimum"): 0,
    ("status.progress.percentage", "maximum"): 100,
    ("status.mode", "enum"): MODES,
    ("status.allocatedSize", "pattern"): QUANTITY,
}
TEMPLATE_CACHE: Constraints = {
    ("spec", "required"): ["templateName", "templateScope"],
    ("spec.templateName", "minLength"): 1,
    ("spec.templateScope", "enum"): ["Cluster", "Namespace", "Unknown"],
    ("spec.mode", "enum"): MODES,
    **env("spec.env"),
    **sources("spec.modelSources"),
    **state(),
    ("status.artifacts{}", "required"): ["model", "name", "status", "uid"],
    ("status.artifacts{}.status", "enum"): STATES,
    **references("resolvedRuntimeConfig"),
}
MODEL_SOURCE: Constraints = {
    ("spec", "required"): ["filters"],
    ("spec.filters", "minItems"): 1,
    ("spec.filters", "maxItems"): 100,
    ("spec.filters[]", "required"): ["image"],
    ("spec.filters[].image", "maxLength"): 512,
    ("spec.maxModels", "minimum"): 1,
    ("spec.maxModels", "maximum"): 10000,
    **state(*STATES, "Starting", "Running"),
}
RUNTIME_CONFIG: Constraints = {
    ("spec.storage.pvcHeadroomPercent", "minimum"): 0,
    **routing("spec.routing"),
    **env("spec.env"),
    **CONDITIONS,
}
REFERENCE: dict[str, Constraints] = {
    "AIMArtifact": ARTIFACT,
    "AIMClusterModel": MODEL,
    "AIMClusterModelSource": MODEL_SOURCE,
    "AIMClusterRuntimeConfig": RUNTIME_CONFIG,
    "AIMClusterServiceTemplate": CLUSTER_TEMPLATE,
    "AIMModel": MODEL,
    "AIMRuntimeConfig": RUNTIME_CONFIG,
    "AIMService": SERVICE,
    "AIMServiceTemplate": CLUSTER_TEMPLATE | env("spec.caching.env"),
    "AIMTemplateCache": TEMPLATE_CACHE,
}
