"""The table of our ten kinds. Names, short names and categories are a published contract.

`Kind` also describes the foreign kinds (`aimcore.cluster.kinds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GROUP = "aim.eai.amd.com"
VERSION = "v1alpha1"


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type of the API server. `group` is "" for the core group."""

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    api_version: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)

    @property
    def singular(self) -> str:
        return self.kind.lower()


def _ours(kind: str, plural: str, short: str, *, namespaced: bool = True) -> Kind:
    return Kind(kind, GROUP, VERSION, plural, namespaced, (short,), ("aim", "all"))


AIM_KINDS: Mapping[str, Kind] = {
    k.kind: k
    for k in (
        _ours("AIMArtifact", "aimartifacts", "aimart"),
        _ours("AIMClusterModel", "aimclustermodels", "aimclmdl", namespaced=False),
        _ours("AIMClusterModelSource", "aimclustermodelsources", "aimclsrc", namespaced=False),
        _ours("AIMClusterRuntimeConfig", "aimclusterruntimeconfigs", "aimclrc", namespaced=False),
        _ours("AIMClusterServiceTemplate", "aimclusterservicetemplates", "aimcltpl", namespaced=False),
        _ours("AIMModel", "aimmodels", "aimmdl"),
        _ours("AIMRuntimeConfig", "aimruntimeconfigs", "aimrc"),
        _ours("AIMService", "aimservices", "aimsvc"),
        _ours("AIMServiceTemplate", "aimservicetemplates", "aimtpl"),
        _ours("AIMTemplateCache", "aimtemplatecaches", "aimtc"),
    )
}
