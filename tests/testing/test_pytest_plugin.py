"""The pytest plugin, as its users see it: in a pytest of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

PLUGIN = "aimcore.testing.pytest_plugin"
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))


@pytest.fixture
def run(tmp_path):
    """Runs pytest on files given by path and text. Answers with its code and all that it printed."""

    def ran(files: dict[str, str], *options: str) -> tuple[int, str]:
        (tmp_path / "pytest.ini").write_text(files.pop("pytest.ini", "[pytest]\n"))
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(textwrap.dedent(text))
        plugin = [] if INSTALLED else ["-p", PLUGIN]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ})
        return done.returncode, done.stdout + done.stderr

    return ran


def test_importing_the_plugin_loads_neither_hypothesis_nor_the_simulation_nor_the_core():
    code = f"""
        import sys, pytest
        before = set(sys.modules)
        import {PLUGIN}
        print(sorted(m for m in set(sys.modules) - before if not m.startswith("importlib")))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=Path("/")
    )
    loaded = eval(done.stdout)  # noqa: S307  a list of texts that the process above printed
    assert loaded == ["aimcore", "aimcore.testing", PLUGIN]


def test_a_run_that_uses_nothing_of_it_is_as_without_it(run):
    code, said = run({"test_it.py": "def test_it():\n    pass\n", "a/then.yaml": "{}", "a/world.yaml": "{}"})
    assert code == 0
    assert "1 passed" in said
    assert "laws" not in said


def test_a_test_gets_an_empty_cluster_that_checks_objects(run):
    code, said = run(
        {
            "test_it.py": """
                import pytest
                from aimcore.simulation.cluster import ApiError
                from aimcore.testing.builders import service

                def test_invalid(aim_cluster):
                    aim_cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-team"}})
                    with pytest.raises(ApiError) as refused:
                        aim_cluster.create(service("chat", image="example.com/chat:1", replicas="two"))
                    assert "spec.replicas" in refused.value.body["message"]

                @pytest.mark.parametrize("name", ["one", "two"])
                def test_of_its_own(aim_cluster, name):
                    assert not list(aim_cluster.objects("AIMService"))
                    aim_cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-team"}})
                    aim_cluster.create(service(name, image="example.com/chat:1"))
            """
        }
    )
    assert (code, "3 passed" in said) == (0, True), said


def test_what_plays_reach_and_tests_try_is_told_at_the_end(run):
    files = {
        "test_it.py": """
            from aimcore.testing import Put
            from aimcore.testing.builders import service

            def test_it(aim_play, aim_tally, aim_effort):
                play = aim_play()
                play.act([Put(service("chat", model="nobody"))])
                play.converge()
                aim_tally.tried["plays"] += 1
                assert aim_effort.scaled(10) == (10 if not aim_effort.minutes else 25)
        """
    }
    code, said = run(dict(files))
    assert code == 0, said
    assert "tried: 1 plays" in said
    assert "AIMService Failed 1" in said
    assert "ModelNotFound" in said
    code, said = run(dict(files), "--laws-minutes", "3")
    assert code == 0, said


def test_the_tallies_of_workers_are_added_up(run):
    text = """
        import pytest

        @pytest.mark.parametrize("n", range(4))
        def test_it(aim_tally, n):
            aim_tally.tried["things"] += 1
    """
    code, said = run({"test_it.py": text}, "-n", "2")
    assert code == 0, said
    assert "tried: 4 things" in said


FOLDERS = {
    "pytest.ini": "[pytest]\naim_scenarios = stories\n",
    "stories/world.yaml": "{}",
    "stories/01-nobody/when.yaml": """
        apiVersion: aim.eai.amd.com/v1alpha1
        kind: AIMService
        metadata: {name: chat}
        spec: {model: {name: nobody}}
    """,
    "stories/01-nobody/then.yaml": """
        expect:
          - kind: AIMService
            metadata: {name: chat}
            status: {conditions: [{type: ModelReady, status: "False"}]}
    """,
    "stories/01-nobody/then-2-later.yaml": "quiet: true\n",
}


def test_scenario_folders_are_tests(run):
    code, said = run(dict(FOLDERS), "--collect-only")
    assert "01-nobody" in said
    code, said = run(dict(FOLDERS))
    assert code == 0, said
    assert "1 passed" in said
    assert "tried: 1 scenarios" in said


def test_a_scenario_that_does_not_come_out_fails_with_what_is_otherwise(run):
    wrong = {**FOLDERS, "stories/01-nobody/then-2-later.yaml": "absent: [{kind: AIMService}]\n"}
    code, said = run(wrong)
    assert code == 1
    assert "step 2: AIMService ml-team/chat should not be there" in said
    assert "Traceback" not in said


def test_a_scenario_that_cannot_be_read_says_where(run):
    code, said = run({**FOLDERS, "stories/01-nobody/than.yaml": "{}"})
    assert code == 1
    assert "01-nobody/than.yaml: no such file belongs in a scenario" in said


def test_a_conftest_brings_its_own_kinds(run):
    code, said = run(
        {
            **FOLDERS,
            "conftest.py": """
                from aimcore import KnownKind, vocabulary_of
                from aimcore.api.kinds import AIM_KINDS

                KINDS = vocabulary_of(KnownKind(AIM_KINDS["AIMService"]))

                def pytest_aim_vocabulary():
                    return KINDS
            """,
            "stories/01-nobody/then.yaml": "expect: [{kind: AIMService, status: !absent }]\n",
            "test_it.py": """
                def test_it(aim_vocabulary, aim_cluster):
                    assert list(aim_vocabulary.kinds) == ["AIMService"]
                    assert "AIMModel" not in {type_.name for type_ in aim_cluster.types()}
            """,
        }
    )
    assert code == 0, said
    assert "2 passed" in said
