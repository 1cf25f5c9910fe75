"""The committed schemas are what the models say, and editors understand them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from test_reading_objects import SERVICE

from aimcore.api.crd import crd_for, json_schema_for
from aimcore.api.generate import schema_documents
from aimcore.api.kinds import AIM_KINDS
from aimctl_runtime import schemas
from aimctl_runtime.packaged import our_crds

COMMITTED = Path(__file__).parents[2] / "schemas"
KINDS = sorted(AIM_KINDS)


def test_the_committed_schemas_are_fresh():
    assert sorted(schemas.stale_files(COMMITTED)) == []


def test_the_crds_in_the_package_are_fresh():
    assert schemas.stale_package() == {}
    assert [crd["spec"]["names"]["kind"] for crd in our_crds()] == KINDS


def test_every_kind_has_a_crd_and_a_schema_for_editors():
    paths = set(schema_documents())
    assert len(paths) == 20
    assert {"crds/aim.eai.amd.com_aimservices.yaml", "json/aimservice.json"} <= paths


@pytest.mark.parametrize("kind", KINDS)
def test_the_yaml_of_a_crd_reads_back_as_the_crd(kind):
    text = (COMMITTED / "crds" / f"aim.eai.amd.com_{AIM_KINDS[kind].plural}.yaml").read_text()
    assert yaml.safe_load(text) == crd_for(kind)
    assert "&id" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_for_editors_are_valid_json_schemas(kind):
    jsonschema_rs.meta.validate(json_schema_for(kind))


def test_an_editor_takes_the_example_and_finds_typing_errors():
    editor = jsonschema_rs.validator_for(json_schema_for("AIMService"))
    example = {k: v for k, v in SERVICE.items() if k != "status"}
    assert editor.is_valid(example)
    for wrong in (
        example | {"spec": example["spec"] | {"replcas": 1}},
        example | {"spec": example["spec"] | {"replicas": "1"}},
        example | {"kind": "AIMServic"},
        {k: v for k, v in example.items() if k != "spec"},
    ):
        assert not editor.is_valid(wrong)


def test_an_editor_knows_that_a_runtime_configuration_needs_no_spec():
    editor = jsonschema_rs.validator_for(json_schema_for("AIMRuntimeConfig"))
    config = {"apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMRuntimeConfig", "metadata": {"name": "default"}}
    assert editor.is_valid(config)


def test_an_editor_knows_what_may_be_null():
    editor = jsonschema_rs.validator_for(json_schema_for("AIMServiceTemplate"))
    template = {"apiVersion": "aim.eai.amd.com/v1alpha1", "kind": "AIMServiceTemplate", "metadata": {"name": "t"}}
    assert editor.is_valid(template | {"spec": {"modelName": "m", "type": None, "resources": None}})
    assert not editor.is_valid(template | {"spec": {"modelName": None}})


def test_writing_makes_a_directory_fresh_and_removes_what_is_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(schemas, "PACKAGED", tmp_path / "package" / "crds.json")
    assert schemas.main([str(tmp_path)]) == 0
    assert json.loads((tmp_path / "package" / "crds.json").read_text()) == [crd_for(kind) for kind in KINDS]
    (tmp_path / "json" / "aimold.json").write_text("{}")
    (tmp_path / "crds" / "aim.eai.amd.com_aimservices.yaml").write_text("stale")
    (tmp_path / "json" / "NOTES.txt").write_text("not ours")
    assert schemas.main(["--check", str(tmp_path)]) == 1
    assert (tmp_path / "json" / "aimold.json").exists()
    assert schemas.main([str(tmp_path)]) == 0
    assert not (tmp_path / "json" / "aimold.json").exists()
    assert (tmp_path / "json" / "NOTES.txt").exists()
    assert schemas.main(["--check", str(tmp_path)]) == 0


def test_a_check_names_the_stale_files(tmp_path, capsys):
    assert schemas.main(["--check", str(tmp_path)]) == 1
    assert f"stale: {tmp_path / 'json' / 'aimservice.json'}" in capsys.readouterr().err


def test_json_keeps_the_order_of_the_models():
    document = json.loads((COMMITTED / "json" / "aimservice.json").read_text())
    assert list(document["properties"]["spec"]["properties"])[:3] == ["model", "template", "caching"]
