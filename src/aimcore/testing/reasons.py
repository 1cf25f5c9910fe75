"""The catalogue of reasons: what the conditions of AIM's kinds may say, and what of it no simulated world brings about.

1. `REASONS` names for each type of condition the reasons of its own. Every component may also say why something could
   not be read or written (`READS`, `WRITES`). `Ready` repeats any of them.
2. `PASSED_ON`: conditions that also repeat what controllers of others say, whatever that is.
3. `UNREACHED` are reasons that no history reaches, each with why that is so. Tests of planners prove them.
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
    "ClusterModelReady": frozenset({"ClusterModelFound", "ClusterModelFailed", "ClusterModelNotReady"}),
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
    "ImageMetadataReady": frozenset({"AuthError", "ImageFound", "ImageMetadataFound", "ImageNotFound",
                                     "ImageNotSpecified", "MetadataExtractionFailed", "RegistryUnreachable",
                                     "SecretNotFound", "SecretAccessFailed"}),
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

_UNREAD = "the simulated server refuses no list with this; a list that fails there fails as unreachable"
_UNINJECTED = "no admission, quota or missing namespace refuses our writes in the simulated world"
_UNLIVED = "no kubelet, volume or node of the simulated world gets there"
_PASSING = "another controller of the simulated world always names a reason of its own"
UNREACHED: Mapping[str, str] = {
    **dict.fromkeys(
        ("NotFound", "Unauthorized", "AlreadyExists", "Conflict", "Timeout", "ServiceUnavailable", "RateLimited",
         "ServerError", "ClientError", "ConnectionRefused", "NetworkTimeout", "ConnectionReset", "DNSFailure",
         "NetworkError", "UnknownError", "FetchError", "HPAFetchError", "HTTPRouteFetchError", "GPUCheckFailed",
         "SecretAccessFailed"),
        _UNREAD,
    ),
    **dict.fromkeys(
        ("AdmissionDenied", "Forbidden", "QuotaExceeded", "NamespaceNotFound", "NamespaceTerminating"), _UNINJECTED
    ),
    **dict.fromkeys(
        ("CreateContainerError", "RunContainerError", "InvalidImageName", "ImagePullBackOff", "FailedMount",
         "FailedAttachVolume", "FailedCreatePodSandBox", "PodEvicted", "PodDeadlineExceeded", "PodOOMKilled",
         "PodsProgressing", "JobEvicted", "JobFailed", "JobNotFound", "PvcLost", "PvcNotFound",
         "PvcProvisioningFailed", "InvalidSizeOutput", "NoSizeOutput"),
        _UNLIVED,
    ),
    **dict.fromkeys(
        ("HTTPRouteRejected", "ScaledObjectNotReady", "ScaleTargetNotReady", "FallbackExists"), _PASSING
    ),
    "AwaitingRegistry": "in the simulated world a registry is asked and has answered within the moment",
    "NoFilters": "a model source without filters is refused by its schema",
    "ImageNotSpecified": "a model without an image is refused by its schema",
    "InferenceServiceNameTaken": "the name has a hash of the service's own uid",
    "ModelNameTaken": "the name has a hash of the image or of the description that it is made for",
    "ClusterModelFailed": "a template whose cluster model failed is not planned in any scenario of the catalogue",
    "ClusterModelNotReady": "a cluster model has its metadata in the moment in which its templates are made",
}  # fmt: skip
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
    every = READS | WRITES | {reason for reasons in REASONS.values() for reason in reasons}
    return sorted(every - UNREACHED.keys() - {entry.split()[2] for entry in said})
