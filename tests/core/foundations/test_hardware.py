"""GPU models, device ids and VRAM, from tables and node labels."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore import hardware
from aimcore.hardware import Gpu
from aimcore.snapshot import NotInstalled, Snapshot, Unreadable
from aimcore.table import Table

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=UTC)
GI = 2**30


def labelled(name, labels):
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}}


def snapshot(*nodes):
    return Snapshot(Table(nodes), NOW)


@pytest.mark.rule("G-5")
@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("MI300X (rev 2)", "MI300X"),
        ("Instinct-MI325X", "MI325X"),
        ("RX7900-XTX", "RX7900"),
        ("mi300x", "MI300X"),
        ("AMD_Instinct_MI300X_OAM", "MI300X"),
        ("INSTINCTMI300X", "MI300X"),
        ("RX 7900 XTX", "7900"),
        ("AMD-74FF", "74FF"),
        ("AI", "AI"),
        ("Radeon", "RADEON"),
        ("AMD Radeon", "AMD"),
        ("  ", ""),
        ("-/:", "-/:"),
    ],
)
def test_model_names_are_normalised(text, model):
    assert hardware.normalize_model(text) == model


@pytest.mark.rule("G-6", "O-9")
@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("192G", 206158430208),
        ("1T", 2**40),
        ("192g", 206158430208),
        (" 64G ", 64 * GI),
        ("", 0),
        ("abc", 0),
        ("-5G", 0),
        ("206158430208", 206158430208),
        ("196608", 192 * GI),
        ("192", 192 * GI),
        ("192Gi", 192 * GI),
        ("192GiB", 192 * GI),
        ("191.5G", 191 * GI + GI // 2),
        ("1024M", GI),
        ("191.5", 0),
        ("5B", 0),
        ("G", 0),
    ],
)
def test_vram_texts_are_read(text, size):
    assert hardware.vram_bytes(text) == size


@given(st.text())
def test_no_vram_text_or_model_raises(text):
    assert hardware.vram_bytes(text) >= 0
    assert isinstance(hardware.normalize_model(text), str)
    assert isinstance(hardware.device_ids(text), tuple)
    assert 0 <= hardware.gpu_rank(text) <= 9


@pytest.mark.rule("G-4")
@pytest.mark.parametrize("model", list(hardware.DEVICES))
def test_every_known_device_id_gives_its_model(model):
    ids = hardware.device_ids(model)
    assert ids == tuple(sorted(ids)) == hardware.DEVICES[model].ids
    for id_ in ids:
        for written in (id_, id_.upper(), f"0x{id_}"):
            assert hardware.node_model({"amd.com/gpu.device-id": written}) == model


@pytest.mark.rule("G-4", "G-13", "O-8")
def test_an_unknown_device_stands_for_itself():
    assert hardware.node_model({"amd.com/gpu.device-id": "0x74FF"}) == "AMD-74FF"
    assert hardware.device_ids("AMD-74FF") == ("74ff",)
    assert hardware.device_ids("74FF") == ("74ff",)
    assert hardware.device_ids("7900") == ()
    assert hardware.device_ids("MI999X") == ()
    inside = snapshot(labelled("n", {"amd.com/gpu.device-id": "74ff"}))
    assert inside.view(hardware.gpu_present, "AMD-74FF")


@pytest.mark.rule("G-2", "G-3")
@pytest.mark.parametrize(
    ("labels", "model"),
    [
        ({"amd.com/gpu.device-id": " 74a1 ", "beta.amd.com/gpu.device-id": "740f"}, "MI300X"),
        ({"amd.com/gpu.device-id": " ", "beta.amd.com/gpu.device-id": "740f"}, "MI210"),
        ({"amd.com/gpu.device-id.74a5": "8"}, "MI325X"),
        ({"amd.com/gpu.device-id.74a5": "0", "beta.amd.com/gpu.device-id.74a1": "8"}, "MI300X"),
        ({"amd.com/gpu.device-id.74a5": "8", "amd.com/gpu.device-id.740f": "1"}, "MI210"),
        ({"amd.com/gpu.device-id.74a5": "8", "amd.com/gpu.family": "MI210"}, "MI325X"),
        ({"amd.com/gpu.family": "instinct_mi300x"}, "MI300X"),
        ({"beta.amd.com/gpu.family": "MI210"}, "MI210"),
        ({"amd.com/gpu.family.MI250X": "4"}, "MI250X"),
        ({"beta.amd.com/gpu.family.MI100": "1", "amd.com/gpu.vram": "32G"}, "MI100"),
        ({"amd.com/gpu.vram": "192G"}, None),
        ({}, None),
    ],
)
def test_a_nodes_labels_are_tried_in_order(labels, model):
    assert hardware.node_model(labels) == model


@pytest.mark.rule("G-3", "G-11")
def test_the_first_node_of_a_model_decides_its_vram():
    inventory = snapshot(
        labelled("b", {"amd.com/gpu.device-id": "74a1", "amd.com/gpu.vram": "100G"}),
        labelled("a", {"amd.com/gpu.device-id": "74a1", "beta.amd.com/gpu.vram": "200G"}),
        labelled("c", {"amd.com/gpu.device-id": "740f"}),
        labelled("d", {"amd.com/gpu.device-id": "ffff"}),
        labelled("e", {"kubernetes.io/os": "linux"}),
    ).view(hardware.gpu_inventory)
    assert inventory == (
        Gpu("AMD-FFFF", 0, "", "unknown"),
        Gpu("MI210", 64 * GI, "64G", "static"),
        Gpu("MI300X", 200 * GI, "200G", "label"),
    )


@pytest.mark.rule("G-8", "G-9")
def test_views_answer_what_the_cluster_has():
    seen = snapshot(labelled("a", {"amd.com/gpu.device-id": "74a1"}), labelled("b", {"amd.com/gpu.device-id": "740f"}))
    assert seen.view(hardware.gpu_present, "AMD Instinct MI300X")
    assert not seen.view(hardware.gpu_present, "MI325X")
    assert seen.view(hardware.any_gpu)
    assert seen.view(hardware.best_vram).model == "MI300X"
    assert not snapshot().view(hardware.any_gpu)
    assert snapshot().view(hardware.best_vram) is None


@pytest.mark.rule("G-13", "O-6")
def test_ids_with_enough_vram_are_ascending():
    seen = snapshot(
        labelled("a", {"amd.com/gpu.device-id": "75a0"}),
        labelled("b", {"amd.com/gpu.device-id": "74a1"}),
        labelled("c", {"amd.com/gpu.device-id": "740f"}),
    )
    assert seen.view(hardware.ids_with_vram, 192 * GI) == ("74a1", "74a9", "74b5", "74bd", "75a0", "75b0")
    assert seen.view(hardware.ids_with_vram, 1000 * GI) == ()


@pytest.mark.rule("G-7")
def test_unreadable_nodes_are_told_apart_from_none():
    table = Table()
    assert hardware.nodes_unreadable(Snapshot(table, NOW)) is None
    table.learn_availability("Node", Unreadable("Node", "Forbidden", "no"))
    assert hardware.nodes_unreadable(Snapshot(table, NOW)).reason == "Forbidden"
    assert Snapshot(table, NOW).view(hardware.gpu_inventory) == ()
    table.learn_availability("Node", NotInstalled("Node"))
    assert hardware.nodes_unreadable(Snapshot(table, NOW)) is None


@pytest.mark.rule("D-17")
def test_models_are_preferred_in_the_order_of_the_table():
    models = ["MI100", "unknown", "mi300x", "Instinct-MI355X", "MI210"]
    assert sorted(models, key=hardware.gpu_rank) == ["Instinct-MI355X", "mi300x", "MI210", "MI100", "unknown"]
