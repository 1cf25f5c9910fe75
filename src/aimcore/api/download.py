"""Where the files of a model come from."""

from __future__ import annotations

from pydantic import Field

from aimcore.api.meta import EnvVars
from aimcore.api.shape import Quantity, Shape
from aimcore.api.words import MODEL_ID_PATTERN, SOURCE_URI_PATTERN


class ModelSource(Shape):
    """A model to download."""

    model_id: str = Field(
        pattern=MODEL_ID_PATTERN,
        description="Identifier `organisation/name`; also the path of the model below the cache directory.",
    )
    source_uri: str = Field(pattern=SOURCE_URI_PATTERN, description="Location of the files: a `hf://` or `s3://` URI.")
    size: Quantity | None = Field(None, description="Expected size of all files; found out when absent.")
    env: EnvVars | None = Field(None, description="Environment of the download, credentials for example.")
