"""The hub as a source of bytes, through huggingface_hub.

1. One question lists the repository: commit, and for each file its size and checksum (SHA-256 for large files, the
   git blob's SHA-1 for others). Everything is fetched at that commit.
2. With XET the bytes of files that lie in Xet storage come through hf_xet. Other files, and all files with the other
   protocols, come over HTTP in ranges.
3. Where a file lies is asked once for each file, and again after an error: signed addresses expire. The hub's token
   never goes to another host.
4. 403 may be an expired address: it is final only when a fresh address meets it too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

from aimctl_runtime.downloader.failures import Cause, DownloadError, described, storage_full, storage_is_full
from aimctl_runtime.downloader.folder import HUB_RECORDS, Folder, WantedFile
from aimctl_runtime.downloader.partial import Gap
from aimctl_runtime.downloader.transfer import CHUNK
from aimctl_runtime.downloader.verification import Checksum, Verifiable

_TRANSIENT = (408, 429)
_LIBRARY = "aim-artifact-downloader"


class HubRepository:
    """One model repository at one commit. Raises DownloadError if it cannot be listed."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self._api = HfApi(library_name=_LIBRARY)
        self._headers: dict[str, str] = build_hf_headers(library_name=_LIBRARY)
        self._located: dict[str, Any] = {}
        self._group: Any = None
        self._lock = threading.Lock()
        self._refused_once: set[str] = set()
        info = self._ask()
        self.commit = str(info.sha)
        self.files = [_verifiable(sibling) for sibling in info.siblings or ()]

    def _ask(self) -> Any:
        """What the hub knows of the repository."""
        for pause in (1.0, 2.0, 4.0, None):
            try:
                return self._api.model_info(self.repository, files_metadata=True)
            except Exception as error:
                failure = self.failure(error, self.repository)
                if failure is None and pause is not None:
                    time.sleep(pause)
                    continue
                message = f"the hub does not answer for {self.repository}: {error}"
                raise failure or DownloadError(Cause.OTHER, message) from error
        return None

    def folder(self, root: Path) -> Folder:
        """The target folder with this repository's records."""
        return Folder(root, HUB_RECORDS, self.commit)

    def excuses(self, _file: WantedFile) -> bool:
        """The hub's checksums always mean something."""
        return False

    # ---- bytes --------------------------------------------------------------------------------------------------
    @contextmanager
    def open(self, file: WantedFile, gap: Gap) -> Iterator[Iterator[bytes]]:
        place = self._place_of(file)
        if place.xet_file_data is not None and not constants.HF_HUB_DISABLE_XET:
            yield self._from_xet(place, file, gap)
            return
        headers = {**self._headers, "Range": f"bytes={gap.start}-{gap.end - 1}", "Accept-Encoding": "identity"}
        if urlsplit(place.location).netloc != urlsplit(self._url_of(file)).netloc:
            headers.pop("authorization", None)
        try:
            with http_stream_backoff(
                "GET", place.location, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
                retry_on_exceptions=(), retry_on_status_codes=_TRANSIENT,
            ) as answer:  # fmt: skip
                hf_raise_for_status(answer)
                skipped = gap.start if answer.status_code == 200 else 0
                yield _without_first(answer.iter_raw(CHUNK), skipped)
        except Exception:
            self._located.pop(file.path, None)
            raise

    def _place_of(self, file: WantedFile) -> Any:
        place = self._located.get(file.path)
        if place is None:
            place = get_hf_file_metadata(self._url_of(file), headers=self._headers)
            self._located[file.path] = place
        return place

    def _url_of(self, file: WantedFile) -> str:
        return hf_hub_url(self.repository, file.path, revision=self.commit)

    def _from_xet(self, place: Any, file: WantedFile, gap: Gap) -> Iterator[bytes]:
        from hf_xet import XetFileInfo

        group = self._xet_group(place.xet_file_data.refresh_route)
        stream: Iterator[bytes] = group.download_stream(
            XetFileInfo(place.xet_file_data.file_hash, file.size), gap.start, gap.end
        )
        return stream

    def _xet_group(self, refresh_route: str) -> Any:
        """The connections to Xet storage, shared by all files."""
        from hf_xet import XetSession

        with self._lock:
            if self._group is None:
                public = {k: v for k, v in self._headers.items() if k.lower() != "authorization"}
                self._group = XetSession().new_download_stream_group(
                    token_refresh_url=refresh_route, token_refresh_headers=self._headers, custom_headers=public
                )
            return self._group

    # ---- failures -----------------------------------------------------------------------------------------------
    def failure(self, error: Exception, what: str) -> DownloadError | None:
        name = self.repository
        if storage_is_full(error):
            return storage_full(error)
        match error:
            case GatedRepoError():
                hint = "its token has no access to it" if "authorization" in self._headers else "HF_TOKEN is not set"
                return DownloadError(Cause.DENIED, f"Cannot access gated repo: {name} ({hint})")
            case DisabledRepoError():
                return DownloadError(Cause.DENIED, f"Access to model {name} is restricted: the hub disabled it")
            case RepositoryNotFoundError() | HFValidationError():
                return DownloadError(Cause.MISSING, f"Repository Not Found: {name}")
            case RevisionNotFoundError() | EntryNotFoundError():
                return DownloadError(Cause.MISSING, f"404: {what} was not found in {name}")
            case HfHubHTTPError():
                return self._refused(error, what)
            case _ if _is_of_the_network(error):
                return None
        return DownloadError(Cause.OTHER, f"{what}: {described(error)}")

    def _refused(self, error: HfHubHTTPError, what: str) -> DownloadError | None:
        code = error.response.status_code
        if code == 401:
            return DownloadError(Cause.DENIED, f"Invalid token: huggingface answered 401 Unauthorized for {what}")
        if code == 403 and (what == self.repository or what in self._refused_once):
            return DownloadError(
                Cause.DENIED, f"huggingface authentication failed: 403 Forbidden for {what} of {self.repository}"
            )
        if code == 403:
            self._refused_once.add(what)
            return None
        if code in _TRANSIENT or code >= 500:
            return None
        return DownloadError(Cause.OTHER, f"{what}: the hub answered {code}")


def _is_of_the_network(error: Exception) -> bool:
    """Timeouts, broken connections, early ends. The transport errors of the library's HTTP client go by their name."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, EOFError | ConnectionError | TimeoutError) or "TransportError" in kinds


def _without_first(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The chunks without the first `count` bytes: a server that ignores ranges begins at the beginning."""
    for chunk in chunks:
        if count >= len(chunk):
            count -= len(chunk)
            continue
        yield chunk[count:]
        count = 0


def _verifiable(sibling: Any) -> Verifiable:
    size = int(sibling.size or 0)
    if sibling.lfs is not None:
        checksum = Checksum("sha256", sibling.lfs.sha256)
        size = int(sibling.lfs.size)
    else:
        checksum = Checksum("git-sha1", sibling.blob_id or "")
    return Verifiable(WantedFile(sibling.rfilename, size, checksum.value), checksum)
