"""Writes the directory `schemas/`: `python -m aimctl_runtime.schemas [--check] [DIR]`.

1. What is written depends on the models alone (`aimcore.api.generate`), byte for byte.
2. `--check` writes nothing; it names the files that are stale, missing or too many, and exits with 1.
3. Files that no model asks for are removed, but only `*.yaml` and `*.json` in the two directories that are ours.
4. The same CRDs lie in the package itself (`crds.json`), for commands that must not load the models.
5. `kustomization.yaml` lists the definitions, so that `deploy/` and other people's kustomizations can take them in.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from aimcore.api.generate import schema_documents
from aimctl_runtime.packaged import PACKAGED

_HEADER = "# Generated from the models in aimcore.api by `python -m aimctl_runtime.schemas`. Do not edit.\n---\n"


class _Dumper(yaml.SafeDumper):
    """YAML without anchors: a CRD is read by people and by line-based tools."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # the name is PyYAML's
        return True


def yaml_text(document: Mapping[str, Any]) -> str:
    """One document as YAML, in the order of its members, without anchors."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def schema_texts() -> dict[str, str]:
    """The text of every file of `schemas/`, by path."""
    texts = {
        path: _HEADER + yaml_text(document)
        if path.endswith(".yaml")
        else json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for path, document in schema_documents().items()
    }
    crds = [path for path in texts if path.startswith("crds/")]
    return {**texts, "kustomization.yaml": _HEADER + yaml_text(_kustomization(crds))}


def _kustomization(files: Sequence[str]) -> Mapping[str, Any]:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(files)}


def stale_files(directory: Path) -> dict[Path, str | None]:
    """What must change in a directory: file to new text, or to None for a file that must go."""
    wanted = {directory / path: text for path, text in schema_texts().items()}
    present = [file for pattern in ("crds/*.yaml", "json/*.json") for file in sorted(directory.glob(pattern))]
    gone: dict[Path, str | None] = {file: None for file in present if file not in wanted}
    return {file: text for file, text in wanted.items() if not _holds(file, text)} | gone


def stale_package() -> dict[Path, str | None]:
    """What must change in the package: its file to the new text, if that is stale."""
    text = packaged_text()
    return {} if _holds(PACKAGED, text) else {PACKAGED: text}


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


def packaged_text() -> str:
    """The CRDs as the package carries them (`crds.json`): what commands read without loading the models."""
    crds = [document for path, document in schema_documents().items() if path.startswith("crds/")]
    return json.dumps(crds, separators=(",", ":"), ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m aimctl_runtime.schemas", description="Write the schemas.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    parser.add_argument("directory", nargs="?", type=Path, default=Path("schemas"), help="default: schemas")
    options = parser.parse_args(arguments)
    directory: Path = options.directory
    stale = stale_files(directory) | stale_package()
    for file, text in stale.items():
        if options.check:
            sys.stderr.write(f"stale: {file}\n")
        elif text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
