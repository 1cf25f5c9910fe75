"""The operator's own settings, as far as plans depend on them. Flags and environment are read by the shell alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that plans read.

    `operator_namespace`: where discovery jobs of cluster templates run and source secrets lie.
    `download_image`: image of the check-size and download jobs of new artifacts without one of their own.
    `discovery_limit`: discovery jobs that may run at once in the cluster.
    `discovery_deadline`: seconds after which a discovery job is ended.
    `dedicated_download_accounts`: give each artifact a service account, Role and binding of its own.
    `render_revision`: None for the newest; a number plans as if this release knew only revisions up to it.
    """

    operator_namespace: str = "aim-system"
    download_image: str = "ghcr.io/silogen/aim-artifact-downloader:0.2.0"
    discovery_limit: int = 10
    discovery_deadline: int = 3600
    dedicated_download_accounts: bool = False
    render_revision: int | None = None
