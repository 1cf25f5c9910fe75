"""A registry that others wrote: Debian's docker-registry on the loopback address, filled by Debian's skopeo."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shell.web import free_port

USER, PASSWORD = "captain", "harbour"
HTPASSWD = "captain:$2b$04$k/nxjNlYaJ7x7dpCMvzE7.gutZn96PB2fp88ISMawOxyFNoou71pS\n"
INSTALL = "docker-registry and skopeo are needed; on Debian: apt-get install docker-registry skopeo"
OCI = "application/vnd.oci.image"
Json = dict[str, Any]


def is_installed() -> bool:
    """Whether both programs are here."""
    return all(shutil.which(program) for program in ("docker-registry", "skopeo"))


@contextmanager
def serving(directory: Path, *, login: bool = False) -> Iterator[str]:
    """A registry that lives as long as the block; gives `host:port`."""
    port = free_port()
    config: Json = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if login:
        (directory / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "harbour", "path": str(directory / "htpasswd")}}
    (directory / "config.yml").write_text(json.dumps(config))
    log = (directory / "log").open("wb")
    process = subprocess.Popen(["docker-registry", "serve", str(directory / "config.yml")], stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}/v2/", process, directory / "log")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310  (an address of ours)
        except urllib.error.HTTPError as answer:
            if answer.code == 401:
                return
        except OSError:
            time.sleep(0.05)
            continue
        else:
            return
    raise AssertionError(f"docker-registry does not answer: {log.read_text()}")


def skopeo(*arguments: str) -> str:
    """Run skopeo against a registry without TLS; gives what it prints."""
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def push(layout: Path, image: str, *options: str, login: bool = False) -> None:
    """Copy an image made by `image_layout` or `index_layout` to a registry."""
    credentials = ["--dest-creds", f"{USER}:{PASSWORD}"] if login else []
    skopeo("copy", "--quiet", "--dest-tls-verify=false", *credentials, *options, f"oci:{layout}", f"docker://{image}")


# ---- images ---------------------------------------------------------------------------------------------------------
def image_layout(directory: Path, labels: Mapping[str, str]) -> Path:
    """An OCI layout with one small image that carries these labels."""
    return _layout(directory, _image(directory, labels, "amd64"))


def index_layout(directory: Path, labels: Mapping[str, Mapping[str, str]]) -> Path:
    """An OCI layout with an index: for each architecture, an image with these labels."""
    children = []
    for architecture, of_child in labels.items():
        child = _image(directory, of_child, architecture)
        children.append({**child, "platform": {"os": "linux", "architecture": architecture}})
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": children}
    return _layout(directory, _blob(directory, json.dumps(index).encode(), f"{OCI}.index.v1+json"))


def _layout(directory: Path, entry: Json) -> Path:
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return directory


def _image(directory: Path, labels: Mapping[str, str], architecture: str) -> Json:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("etc"))
    layer = _blob(directory, gzip.compress(tar.getvalue(), mtime=0), f"{OCI}.layer.v1.tar+gzip")
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": dict(labels)},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar.getvalue()).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": _blob(directory, json.dumps(config).encode(), f"{OCI}.config.v1+json"),
        "layers": [layer],
    }
    return _blob(directory, json.dumps(manifest).encode(), f"{OCI}.manifest.v1+json")


def _blob(directory: Path, content: bytes, media_type: str) -> Json:
    digest = hashlib.sha256(content).hexdigest()
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}
