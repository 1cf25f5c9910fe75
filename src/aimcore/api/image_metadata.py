"""What an AIM image says of itself in its labels (models 3.4, M-6 to M-8)."""

from __future__ import annotations

from pydantic import Field

from aimcore.api.shape import Bool, Int32, Shape, StringMap


class RecommendedDeployment(Shape):
    """Hardware and tuning that the image recommends."""

    gpu_model: str | None = Field(None, description="GPU model, such as `MI300X`.")
    gpu_count: Int32 | None = Field(None, description="Number of GPUs for each replica.")
    precision: str | None = Field(None, description="Numeric precision of the weights.")
    metric: str | None = Field(None, description="What the deployment is optimised for.")
    profile_id: str | None = Field(None, description="Identifier of the profile in the image.")
    description: str | None = Field(None, description="What the deployment is meant for.")


class ImageModelMetadata(Shape):
    """What the image says of its model."""

    canonical_name: str | None = Field(None, description="Name of the model, such as `Qwen/Qwen3-32B`.")
    source: str | None = Field(None, description="Where the weights come from.")
    tags: tuple[str, ...] | None = Field(None, description="Words that describe the model.")
    versions: tuple[str, ...] | None = Field(None, description="Versions of the model in the image.")
    variants: tuple[str, ...] | None = Field(None, description="Variants of the model in the image.")
    hf_token_required: Bool | None = Field(None, description="Whether the download needs a Hugging Face token.")
    title: str | None = Field(None, description="Title of the model.")
    description_full: str | None = Field(None, description="Long description of the model.")
    release_notes: str | None = Field(None, description="Notes on this release of the image.")
    recommended_deployments: tuple[RecommendedDeployment, ...] | None = Field(
        None, description="Deployments that the image recommends; templates are made from them."
    )


class OciMetadata(Shape):
    """The standard labels of the image (`org.opencontainers.image.*`)."""

    title: str | None = Field(None, description="Title of the image.")
    description: str | None = Field(None, description="What the image is for.")
    licenses: str | None = Field(None, description="Licences of what the image contains.")
    vendor: str | None = Field(None, description="Who distributes the image.")
    authors: str | None = Field(None, description="Who is responsible for the image.")
    source: str | None = Field(None, description="Where the sources of the image are.")
    documentation: str | None = Field(None, description="Where the documentation of the image is.")
    created: str | None = Field(None, description="When the image was built.")
    revision: str | None = Field(None, description="Revision of the sources of the image.")
    version: str | None = Field(None, description="Version of the packaged software.")


class ImageMetadata(Shape):
    """What an image says of itself in its labels."""

    model: ImageModelMetadata | None = Field(None, description="What the image says of its model.")
    oci: OciMetadata | None = Field(None, description="Standard labels of the image.")
    original_labels: StringMap | None = Field(None, description="All labels of the image as they were read.")
