"""Ten discovery Jobs at a time, whoever asks: concurrent templates, two controllers, failures beside successes."""

from __future__ import annotations

import pytest

from aimcore.resource import Json

from .stage import DUMMY, NAMESPACE, WORLD, Stage

LIMIT = 10
OFF = {"extractMetadata": False, "createServiceTemplates": False}
HARDWARE = {"gpu": {"requests": 1, "model": "MI300X"}}


def unfinished(stage: Stage) -> int:
    def is_open(job: Json) -> bool:
        conditions = job.get("status", {}).get("conditions", [])
        return not any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)

    return sum(is_open(job) for job in stage.play.cluster.objects("Job"))


def with_templates(stage: Stage, count: int, image: str = DUMMY, prefix: str = "t") -> None:
    stage.put("AIMModel", f"{prefix}-model", spec={"image": image, "discovery": OFF})
    for number in range(count):
        spec = {"modelName": f"{prefix}-model", "hardware": HARDWARE, "env": [{"name": "N", "value": str(number)}]}
        stage.put("AIMServiceTemplate", f"{prefix}-{number:02}", spec=spec)


def most_at_once(stage: Stage) -> list[int]:
    """Watches every write of the controller. The last entry is the most Jobs that were unfinished."""
    most = [0]
    stage.play.driver.after_write = lambda _change: most.append(max(most[-1], unfinished(stage)))
    return most


@pytest.mark.rule("T-5", "T-6", "O-5", "W-5")
def test_thirty_templates_at_once_never_run_more_than_ten_jobs_and_all_become_ready():
    stage = Stage()
    with_templates(stage, 30)
    most = most_at_once(stage)
    stage.run(3600)
    assert stage.statuses("AIMServiceTemplate") == {"Ready": 30}
    assert most[-1] == LIMIT


@pytest.mark.rule("T-7", "T-32", "O-5")
def test_templates_that_fail_do_not_keep_a_good_one_waiting():
    broken = {"image": "ghcr.io/acme/broken:1", "discoveryExitCode": 1, "discoveryLog": "no dry run here"}
    stage = Stage({"images": [broken, *WORLD["images"]]})
    with_templates(stage, 15, "ghcr.io/acme/broken:1", "bad")
    most = most_at_once(stage)
    stage.run(60)
    with_templates(stage, 1, prefix="good")
    stage.run(120)
    found = {t["metadata"]["name"]: t["status"] for t in stage.play.cluster.objects("AIMServiceTemplate")}
    assert found["good-00"]["status"] == "Ready"
    failed = [
        s for name, s in found.items() if name.startswith("bad") and s.get("discovery", {}).get("attempts", 0) > 0
    ]
    assert len(failed) >= 5
    assert all(s["status"] != "Ready" for name, s in found.items() if name.startswith("bad"))
    assert most[-1] <= LIMIT


@pytest.mark.rule("O-5", "T-22")
def test_two_controllers_that_know_the_same_give_the_slots_to_the_same_templates():
    stage = Stage()
    with_templates(stage, 12)
    stage.play.driver.observe()
    other = stage.play.fork().driver
    other.observe()
    keys = [k for k in stage.play.driver.planned_keys() if k.kind == "AIMServiceTemplate"]
    mine = {k.name for k in keys if stage.play.driver.plan(k)[0].children}
    theirs = {k.name for k in reversed(keys) if other.plan(k)[0].children}
    assert mine == theirs == {f"t-{n:02}" for n in range(LIMIT)}
    assert {k.namespace for k in keys} == {NAMESPACE}
