"""Shapes that several kinds share: references, environment variables, compute resources, pull secrets.

1. `EnvVar` and `ResourceRequirements` are Kubernetes' own shapes. They are as wide as Kubernetes makes them, for what a
   user wrote there reaches a pod unchanged.
2. A reference in a status may lack members: the reference operator wrote only some of them (D-1, D-2).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from aimcore.api.shape import ATOMIC_MAP, Bool, Quantity, Shape, list_map

Scope = Literal["Namespace", "Cluster", "Merged", "Unknown"]


class Reference(Shape):
    """Names an object that was found, so that a reader of the status can fetch it."""

    name: str | None = Field(None, description="Name of the object.")
    namespace: str | None = Field(None, description="Namespace of the object; absent for a cluster-scoped one.")
    scope: Scope | None = Field(
        None,
        description="Where the object was found: in a namespace, in the cluster, merged from both, or unknown.",
    )
    kind: str | None = Field(
        None, description="Group, version and kind of the object, such as `aim.eai.amd.com/v1alpha1/AIMModel`."
    )
    uid: str | None = Field(None, description="UID of the object; tells it from a later one of the same name.")


class ConfigMapKeySelector(Shape):
    """Selects one key of a ConfigMap."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    name: str = Field("", description="Name of the ConfigMap, in the namespace of the pod.")
    key: str = Field(description="Key to read.")
    optional: Bool | None = Field(None, description="Whether the ConfigMap or its key may be missing.")


class SecretKeySelector(Shape):
    """Selects one key of a Secret."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    name: str = Field("", description="Name of the Secret, in the namespace of the pod.")
    key: str = Field(description="Key to read; its value must be text.")
    optional: Bool | None = Field(None, description="Whether the Secret or its key may be missing.")


class FieldSelector(Shape):
    """Selects a field of the pod."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    api_version: str | None = Field(None, description="API version in which the path is written; `v1` when absent.")
    field_path: str = Field(description="Path of the field, such as `metadata.name`.")


class ResourceFieldSelector(Shape):
    """Selects a compute resource of a container."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    container_name: str | None = Field(None, description="Container to look at; required for volumes only.")
    resource: str = Field(description="Resource to read, such as `limits.cpu`.")
    divisor: Quantity | None = Field(None, description="Unit in which the value is given; 1 when absent.")


class FileKeySelector(Shape):
    """Selects one key of an env file in a volume of the pod."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    volume_name: str = Field(description="Name of the volume that holds the env file.")
    path: str = Field(description="Path of the file in the volume; relative and without `..`.")
    key: str = Field(description="Key to read from the file.")
    optional: Bool = Field(
        False, description="Whether the file or its key may be missing; the variable is then not set."
    )


class EnvVarSource(Shape):
    """Says where the value of an environment variable comes from; exactly one member is set."""

    config_map_key_ref: ConfigMapKeySelector | None = Field(None, description="Takes the value from a ConfigMap.")
    field_ref: FieldSelector | None = Field(None, description="Takes the value from a field of the pod.")
    file_key_ref: FileKeySelector | None = Field(None, description="Takes the value from an env file in a volume.")
    resource_field_ref: ResourceFieldSelector | None = Field(
        None, description="Takes the value from the requests or limits of a container."
    )
    secret_key_ref: SecretKeySelector | None = Field(None, description="Takes the value from a Secret.")


class EnvVar(Shape):
    """An environment variable of a container."""

    name: str = Field(description="Name of the variable.")
    value: str | None = Field(
        None, description="Value of the variable; `$(NAME)` refers to variables that stand before it."
    )
    value_from: EnvVarSource | None = Field(None, description="Source of the value; excludes `value`.")


EnvVars = Annotated[tuple[EnvVar, ...], Field(json_schema_extra=list_map("name"))]


class PullSecret(Shape):
    """Names a Secret with registry credentials."""

    model_config = ConfigDict(json_schema_extra=ATOMIC_MAP)

    name: str = Field("", description="Name of the Secret, in the namespace of the pod that pulls.")


class ResourceClaim(Shape):
    """Names a dynamic resource claim of the pod that the container uses."""

    name: str = Field(description="Name of an entry of the pod's `resourceClaims`.")
    request: str | None = Field(None, description="Name of one request of that claim; all of them when absent.")


ResourceList = dict[str, Quantity]


class ResourceRequirements(Shape):
    """Compute resources of a container."""

    claims: Annotated[tuple[ResourceClaim, ...], Field(json_schema_extra=list_map("name"))] | None = Field(
        None, description="Dynamic resource claims of the pod that the container uses."
    )
    limits: ResourceList | None = Field(None, description="Most that the container may use, by resource name.")
    requests: ResourceList | None = Field(
        None, description="What is set aside for the container, by resource name; the limits when absent."
    )
