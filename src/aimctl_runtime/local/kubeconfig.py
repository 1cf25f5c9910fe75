"""A kubeconfig for the local cluster: no credentials, plain HTTP on the loopback address."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from aimcore.resource import Json


def kubeconfig(url: str, *, name: str = "aim-local", namespace: str = "default") -> Json:
    """The kubeconfig of a server at `url`, with one context that is current."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }


def write_kubeconfig(path: Path, url: str, *, name: str = "aim-local", namespace: str = "default") -> None:
    """Writes the kubeconfig in one step, readable by its owner only; a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(yaml.safe_dump(kubeconfig(url, name=name, namespace=namespace), sort_keys=False))
    draft.chmod(0o600)
    draft.replace(path)
