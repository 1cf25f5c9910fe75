"""A bucket as a source of bytes, through boto3.

1. `s3://<bucket>/<prefix>` is everything below `<prefix>/`; if there is nothing, the one object of that name.
2. AWS_* variables mean what they mean to every AWS tool. AWS_ENDPOINT_URL may lack its scheme; a custom endpoint is
   addressed by path. S3_NO_SSL=true means http.
3. Bytes come in ranges of the version that was listed: an object that changes meanwhile is a failure, not a mixture.
4. An ETag of 32 hexadecimal digits is the MD5 of the content, unless the server keeps it encrypted: then, and for
   objects uploaded in parts, the size is what can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from aimctl_runtime.downloader.failures import Cause, DownloadError, described, storage_full, storage_is_full
from aimctl_runtime.downloader.folder import OBJECT_RECORDS, Folder, WantedFile
from aimctl_runtime.downloader.partial import Gap
from aimctl_runtime.downloader.sources import BucketSource
from aimctl_runtime.downloader.transfer import CHUNK
from aimctl_runtime.downloader.verification import Checksum, Verifiable

_MISSING = {"NoSuchBucket", "NoSuchKey", "404"}
_TRANSIENT = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException"}
_MD5 = re.compile(r"[0-9a-f]{32}")
CONNECTIONS = 10


class Bucket:
    """The objects that a source names. Raises DownloadError if they cannot be listed or if there are none."""

    def __init__(self, source: BucketSource, environment: Mapping[str, str]) -> None:
        self._source = source
        self._endpoint = endpoint_of(environment)
        self._keys: dict[str, str] = {}
        try:
            self._client = self._connected(environment)
            self.files = list(self._listed())
        except Exception as error:
            failure = self.failure(error, self._name)
            raise failure or DownloadError(Cause.OTHER, f"the object store does not answer: {error}") from error
        if not self.files:
            raise DownloadError(Cause.MISSING, f"NoSuchKey: there is nothing at {self._name} (s3, 404)")

    @property
    def _name(self) -> str:
        return f"s3://{self._source.bucket}/{self._source.prefix}"

    def folder(self, root: Path) -> Folder:
        """The target folder with the records of objects."""
        return Folder(root, OBJECT_RECORDS)

    def _connected(self, environment: Mapping[str, str]) -> Any:
        config = Config(
            s3={"addressing_style": "path" if self._endpoint else "auto"},
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=10,
            read_timeout=30,
            max_pool_connections=CONNECTIONS,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        return boto3.client(
            "s3", endpoint_url=self._endpoint, region_name=region, config=config,
            use_ssl=environment.get("S3_NO_SSL") != "true",
        )  # fmt: skip

    def _listed(self) -> Iterator[Verifiable]:
        prefix = f"{self._source.prefix}/" if self._source.prefix else ""
        found = False
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._source.bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                found = True
                path = str(entry["Key"]).removeprefix(prefix)
                if path and not path.endswith("/"):
                    yield self._wanted(path, entry["Key"], entry["Size"], entry["ETag"])
        if not found and self._source.prefix:
            head = self._client.head_object(Bucket=self._source.bucket, Key=self._source.prefix)
            path = self._source.prefix.rpartition("/")[2]
            yield self._wanted(path, self._source.prefix, head["ContentLength"], head["ETag"])

    def _wanted(self, path: str, key: str, size: int, etag: str) -> Verifiable:
        self._keys[path] = key
        plain = etag.strip('"')
        checksum = plain.lower() if _MD5.fullmatch(plain.lower()) else ""
        return Verifiable(WantedFile(path, int(size), plain), Checksum("md5", checksum))

    # ---- bytes --------------------------------------------------------------------------------------------------
    @contextmanager
    def open(self, file: WantedFile, gap: Gap) -> Iterator[Iterator[bytes]]:
        answer = self._client.get_object(
            Bucket=self._source.bucket,
            Key=self._keys[file.path],
            Range=f"bytes={gap.start}-{gap.end - 1}",
            IfMatch=f'"{file.identity}"',
        )
        body = answer["Body"]
        try:
            yield body.iter_chunks(CHUNK)
        finally:
            body.close()

    def excuses(self, file: WantedFile) -> bool:
        """Whether the server keeps the object in a way in which its ETag is no MD5."""
        head = self._client.head_object(Bucket=self._source.bucket, Key=self._keys[file.path])
        encryption = head.get("ServerSideEncryption")
        return bool(head.get("SSECustomerAlgorithm") or (encryption and (encryption != "AES256" or self._endpoint)))

    # ---- failures -----------------------------------------------------------------------------------------------
    def failure(self, error: Exception, what: str) -> DownloadError | None:
        if storage_is_full(error):
            return storage_full(error)
        match error:
            case ClientError():
                return self._refused(error, what)
            case NoCredentialsError() | PartialCredentialsError():
                return DownloadError(Cause.DENIED, f"AWS credentials were not found: {error} (access to s3 denied)")
            case ParamValidationError():
                return DownloadError(Cause.MISSING, f"NoSuchBucket: {self._source.bucket!r} is no name of a bucket")
            case BotoConnectionError() | HTTPClientError() | ResponseStreamingError() | EOFError() | OSError():
                return None
            case BotoCoreError():
                return DownloadError(Cause.OTHER, f"{what}: {error}")
        return DownloadError(Cause.OTHER, f"{what}: {described(error)}")

    def _refused(self, error: ClientError, what: str) -> DownloadError | None:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code", "")), str(said.get("Message", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _MISSING or status == 404:
            reason = "NoSuchBucket" if code == "NoSuchBucket" else "NoSuchKey"
            return DownloadError(Cause.MISSING, f"{reason}: there is nothing at {what} (s3, 404)")
        if code in _TRANSIENT or status >= 500:
            return None
        if status in (401, 403):
            return DownloadError(Cause.DENIED, f"Access denied by s3 ({status} {code}) to {what}: {message}")
        if status == 412:
            return DownloadError(Cause.OTHER, f"{what} changed while it was fetched")
        return DownloadError(Cause.OTHER, f"{what}: the object store answered {status} {code}: {message}")


def endpoint_of(environment: Mapping[str, str]) -> str | None:
    """The custom endpoint with its scheme, or None for AWS itself."""
    given = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
    host = given.partition("://")[2] if "://" in given else given
    if not host:
        return None
    is_plain = given.startswith("http://") or environment.get("S3_NO_SSL") == "true"
    return f"{'http' if is_plain else 'https'}://{host}"
