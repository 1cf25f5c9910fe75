"""AIMArtifact: one downloaded model on one volume (artifacts A1 and A2).

1. `size` and `allocatedSize` may be "0", which means unknown: the reference operator wrote it so.
2. `progress` and `download` are written by the download's pod as well; 0 and empty members may be absent.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from aimcore.api.condition import CONDITIONS_TEXT, OBSERVED_GENERATION_TEXT, Conditions
from aimcore.api.meta import EnvVars, PullSecret
from aimcore.api.reading import AimObject
from aimcore.api.shape import Int32, Int64, Quantity, Shape, Timestamp, immutable
from aimcore.api.words import MODEL_ID_PATTERN, SOURCE_URI_PATTERN

DOWNLOADER_IMAGE: Final = "ghcr.io/silogen/aim-artifact-downloader:0.2.0"


class ArtifactSpec(Shape):
    """What to download, and where to keep it."""

    source_uri: str = Field(
        min_length=1,
        pattern=SOURCE_URI_PATTERN,
        description="Location of the files: a `hf://` or `s3://` URI; it cannot be changed later.",
        json_schema_extra=immutable("sourceUri is immutable"),
    )
    model_id: str | None = Field(
        None,
        pattern=MODEL_ID_PATTERN,
        description="Identifier `organisation/name`; also the path of the model below the cache directory.",
    )
    storage_class_name: str | None = Field(
        None, description="Storage class of the volume; that of the runtime configuration when absent."
    )
    size: Quantity | None = Field(None, description="Size of all files; found out when absent or 0.")
    env: EnvVars | None = Field(None, description="Environment of the download; wins over the runtime configuration.")
    model_download_image: str = Field(DOWNLOADER_IMAGE, description="Container image that downloads the files.")
    image_pull_secrets: tuple[PullSecret, ...] | None = Field(
        None, description="Secrets with which the download image is pulled."
    )
    runtime_config_name: str | None = Field(
        None, description="Name of the runtime configuration to use; `default` when absent."
    )


class ArtifactProgress(Shape):
    """How far the download is."""

    total_bytes: Int64 | None = Field(None, description="Bytes to download.")
    downloaded_bytes: Int64 | None = Field(None, description="Bytes that are there.")
    percentage: Int32 | None = Field(None, ge=0, le=100, description="Share of the bytes that are there, in percent.")
    display_percentage: str | None = Field(None, description="The share as text: `42 %`, or `N/A` if unknown.")


class ArtifactDownload(Shape):
    """What the download's pod says of its work."""

    protocol: str | None = Field(None, description="Protocol in use: `XET`, `HF_TRANSFER` or `HTTP`.")
    attempt: Int32 | None = Field(None, description="Number of the attempt, from 1.")
    total_attempts: Int32 | None = Field(None, description="Number of attempts that will be made at most.")
    protocol_sequence: str | None = Field(None, description="Protocols in the order in which they are tried.")
    message: str | None = Field(None, description="What the download does at the moment.")


class ArtifactStatus(Shape):
    """What was observed of an artifact."""

    observed_generation: Int64 | None = Field(None, description=OBSERVED_GENERATION_TEXT)
    conditions: Conditions | None = Field(None, description=CONDITIONS_TEXT)
    status: Literal["Pending", "Progressing", "Ready", "Degraded", "Failed", "NotAvailable"] = Field(
        "Pending", description="State of the artifact as a whole."
    )
    progress: ArtifactProgress | None = Field(None, description="How far the download is.")
    download: ArtifactDownload | None = Field(None, description="What the download's pod says of its work.")
    display_size: str | None = Field(None, description="Size of the model as text for people.")
    last_used: Timestamp | None = Field(
        None, description="Time at which an inference service that mounts the volume was last created."
    )
    persistent_volume_claim: str | None = Field(None, description="Name of the volume claim that holds the files.")
    verified_claim_uid: str | None = Field(
        None,
        alias="verifiedClaimUID",
        description="UID of the volume claim on which the complete download was verified.",
    )
    mode: Literal["Dedicated", "Shared"] | None = Field(
        None, description="Whether the artifact has an owner or serves the whole namespace."
    )
    discovered_size_bytes: Int64 | None = Field(None, description="Size of all files as found out, in bytes.")
    allocated_size: Quantity | None = Field(None, description="Storage that the volume claim asked for.")
    headroom_percent: Int32 | None = Field(
        None, description="Space added to the size when the volume claim was made, in percent."
    )


class AIMArtifact(AimObject):
    """A downloaded model on a volume."""

    spec: ArtifactSpec = Field(description="What to download, and where to keep it.")
    status: ArtifactStatus | None = Field(None, description="What was observed of the artifact.")
