"""The catalogue of reasons: what the conditions of AIM's kinds may say, and what of it no simulated world brings about.

1. `REASONS` names for each type of condition the reasons of its own. Every component may also say why something could
   not be read or written (`READS`, `WRITES`). `Ready` repeats any of them.
2. `PASSED_ON`: conditions that also repeat what controllers of others say, whatever that is.
3. `UNREACHED` are reasons that no history can reach, each with why that is so. Tests of planners prove them. One that
   is reached after all is no exemption.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aimcore.errors import READ_ERRORS
from aimcore.facts import Refusal

READS = frozenset(READ_ERRORS) | {"UnknownError", "ResourceNotReady", "ReferenceNotFound"}
WRITES = frozenset(refusal.value for refusal in Refusal)
PODS = frozenset(
    {
        "NoPods", "PodsPending", "PodsReady", "PodsStarting", "PodsProgressing", "Pulling", "FailedCreate",
        "FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "ErrImagePull",
        "ImagePullBackOff", "ImageNotFound", "ImagePullAuthFailure", "CreateContainerConfigError",
        "CreateContainerError", "RunContainerError", "InvalidImageName", "PodCrashLooping", "PodFailed", "PodEvicted",
        "PodOOMKilled", "PodDeadlineExceeded", "AuthError", "SourceNotFound", "StorageFull",
    }
)  # fmt: skip
JOBS = frozenset(
    {"JobRunning", "Ready", "JobFailed", "JobNotFound", "JobEvicted", "JobBackoffLimitExceeded", "JobDeadlineExceeded"}
)
TEMPLATES = frozenset(
    {
        "AllTemplatesFailed", "AllTemplatesReady", "AwaitingMetadata", "CreatingTemplates", "NoTemplatesAvailable",
        "NoTemplatesExpected", "SomeTemplatesDegraded", "SomeTemplatesReady", "TemplatesHeldUp", "TemplatesProgressing",
    }
)  # fmt: skip

REASONS: Mapping[str, frozenset[str]] = {
    "ArtifactsReady": frozenset({"AllCachesReady", "AllComponentsReady", "CachesNotReady", "CreatingCaches", "NoCaches",
                                 "Progressing", "AuthError", "StorageFull"}),
    "AuthValid": frozenset({"AuthenticationValid", "AuthError"}),
    "CachePvcReady": frozenset({"PvcPending", "Ready", "PvcLost", "PvcNotFound", "PvcProvisioningFailed"}),
    "CacheReady": frozenset({"CacheCreating", "CacheFailed", "CacheLost", "CacheNotReady", "CacheReady"}),
    "CheckSizeJobPodsReady": PODS,
    "CheckSizeJobReady": JOBS,
    "CheckSizeOutputReady": frozenset({"InvalidSizeOutput", "NoSizeOutput"}),
    "ClusterModelReady": frozenset({"ClusterModelFound", "ClusterModelFailed"}),
    "ClusterServiceTemplatesReady": TEMPLATES,
    "ConfigValid": frozenset({"ConfigurationValid", "InvalidSpec", "MetadataExtractionFailed", "ReferenceNotFound"}),
    "DependenciesReachable": frozenset({"InfrastructureError", "Reachable"}),
    "Discovered": frozenset({"AwaitingDiscovery", "DiscoveryComplete", "DiscoveryFailed", "InlineModelSources"}),
    "DiscoveryJobReady": JOBS | {"DiscoveryOutputUnreadable", "JobNotCreated"},
    "DiscoveryPodsReady": PODS,
    "DownloadComplete": frozenset({"Downloading", "VerificationFailed", "Verified", "Verifying"}),
    "DownloadJobPodsReady": PODS,
    "DownloadJobReady": JOBS,
    "ExistingModelsReady": frozenset({"Listed"}),
    "FiltersReady": frozenset({"AllFiltersFailed", "AllFiltersSucceeded", "SomeFiltersFailed", "AwaitingRegistry",
                               "NoFilters"}),
    "GPUReady": frozenset({"GPUAvailable", "GPUNotAvailable", "VRAMNotAvailable", "GPUCheckFailed"}),
    "HPAReady": frozenset({"HPANotFound", "HPAOperational", "HPARemoving", "HPAFetchError", "MetricsFailed",
                           "ScaledObjectPaused", "ScaledObjectRemoving", "ScaledObjectNotReady", "ScaleTargetNotReady",
                           "FallbackExists", "WaitingForMetrics"}),
    "HTTPRouteReady": frozenset({"GatewayNotConfigured", "HTTPRouteAccepted", "HTTPRouteCreating", "HTTPRoutePending",
                                 "HTTPRouteRejected", "HTTPRouteFetchError", "PathTemplateInvalid", "RouteNameTaken",
                                 "RoutePathConflict"}),
    "ImageMetadataReady": frozenset({"AuthError", "AwaitingMetadata", "ImageFound", "ImageMetadataFound",
                                     "ImageNotFound", "ImageNotSpecified", "MetadataExtractionFailed",
                                     "RegistryUnreachable", "SecretNotFound", "SecretAccessFailed"}),
    "InferenceServicePodsReady": PODS,
    "InferenceServiceReady": frozenset({"CreatingRuntime", "InternalError", "KServeDefaultsConflict",
                                        "RenderRevisionUnknown", "RolloutInProgress", "RuntimeReady",
                                        "ServerlessModeRejected", "FetchError", "InferenceServiceNameTaken"}),
    "MaxModelsLimitReached": frozenset({"LimitReached", "WithinLimit"}),
    "ModelReady": frozenset({"CreatingModel", "InvalidImageReference", "ModelFailed", "ModelFound", "ModelNameTaken",
                             "ModelNotFound", "ModelNotReady", "ModelResolved", "MultipleModelsFound"}),
    "RuntimeConfigReady": frozenset({"ConfigFound", "ConfigNotFound", "DefaultConfigNotFound",
                                     "RuntimeConfigResolved"}),
    "ServiceTemplateReady": frozenset({"AllComponentsReady", "GPUNotAvailable", "ResourceFound"}),
    "ServiceTemplatesReady": TEMPLATES,
    "TemplateReady": frozenset({"Resolved", "TemplateNotFound", "TemplateNotReady", "TemplateSelectionAmbiguous"}),
}  # fmt: skip
"""The reasons of each condition's own, by its type (rule 1)."""

PASSED_ON = frozenset({"HPAReady", "HTTPRouteReady", "InferenceServiceReady", "ArtifactsReady", "ServiceTemplateReady"})
"""Conditions that repeat the reason of another controller's condition, or of a child's own."""

_NO_LIST = "no API server answers a list with this: it is said of single objects"
_NOBODY = "nobody of a real cluster says so of an object of ours: "
UNREACHED: Mapping[str, str] = {
    **dict.fromkeys(("NotFound", "AlreadyExists", "Conflict"), _NO_LIST),
    "PodDeadlineExceeded": _NOBODY + "a deadline of ours is the Job's, and its pods are deleted",
    "PodsProgressing": _NOBODY + "the API server gives each pod a phase, and Unknown is not set any more",
    "JobEvicted": _NOBODY + "pods are evicted, Jobs are not",
    "PvcProvisioningFailed": _NOBODY
    + "a provisioner that fails writes an event, which is in the message of PvcPending",
    "HTTPRouteRejected": _NOBODY + "the schema wants a reason of each gateway controller, which is repeated",
    "ScaledObjectNotReady": _NOBODY + "KEDA gives a reason, which is repeated",
    "FallbackExists": _NOBODY + "no ScaledObject of ours, or of KServe's, has a fallback",
    "JobNotFound": "each component of a Job makes it or waits for it, and says that",
    "PvcNotFound": "each component of a claim makes it or waits for it, and says that",
    "NoFilters": "a model source without filters is refused by its schema",
    "ImageNotSpecified": "a model without an image is refused by its schema",
}
"""Rule 3."""


def unknown_reasons(said: Iterable[str]) -> list[str]:
    """The reasons among `Kind Condition Reason` entries that the catalogue does not know, sorted."""
    return sorted({reason for _, type_, reason in map(str.split, said) if not may_say(type_, reason)})


def may_say(type_: str, reason: str) -> bool:
    """Whether a condition of this type may carry that reason."""
    if type_ == "Ready" or type_ in PASSED_ON:
        return True
    return reason in REASONS.get(type_, frozenset()) | READS | WRITES


def unreached(said: Iterable[str]) -> list[str]:
    """The reasons of the catalogue that none of these `Kind Condition Reason` entries has, without `UNREACHED`."""
    return sorted(catalogue() - UNREACHED.keys() - {entry.split()[2] for entry in said})


def reached_after_all(said: Iterable[str]) -> list[str]:
    """The exempt reasons (`UNREACHED`) that one of these `Kind Condition Reason` entries has all the same."""
    return sorted(UNREACHED.keys() & {entry.split()[2] for entry in said})


def catalogue() -> frozenset[str]:
    """Every reason of every condition."""
    return READS | WRITES | {reason for reasons in REASONS.values() for reason in reasons}
