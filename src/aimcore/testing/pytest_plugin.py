"""The pytest plugin `aimcore`: fixtures, scenario folders as tests, and what the laws tried at the end of a run.

1. Whoever does not use it pays nothing: importing this module loads neither Hypothesis nor the simulation, and without
   `aim_scenarios` in the configuration no file is collected.
2. Each test gets a cluster of its own, a fork of an empty one that checks objects as an API server does.
3. A test module plans for its own kinds by overriding the fixture `aim_vocabulary`, scenario folders by the hook
   `pytest_aim_vocabulary` in a conftest.py.
4. With pytest-xdist the tallies of all workers are added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from aimcore.simulation.cluster import Cluster
    from aimcore.testing.effort import Effort
    from aimcore.testing.histories import Play
    from aimcore.testing.tally import Tally
    from aimcore.vocabulary import Vocabulary

TALLY: Final = pytest.StashKey["Tally"]()
EMPTY: Final = pytest.StashKey["dict[int, tuple[Vocabulary, Cluster]]"]()
"""Empty clusters by the identity of their vocabulary, which is kept so that it stays its own."""
SCENARIOS: Final = "aim_scenarios"
VALIDATION: Final = "aimctl_runtime.local.validation"


class Hooks:
    """The hooks that a conftest.py may implement."""

    @pytest.hookspec(firstresult=True)
    def pytest_aim_vocabulary(self, config: pytest.Config) -> Vocabulary | None:
        """The vocabulary of scenario folders and of the fixture `aim_vocabulary`; None for AIM's own."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("aim", "laws of aimcore").addoption(
        "--laws-minutes",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="how long the laws may take; 0 (default) is the short run, the same every time",
    )
    parser.addini(SCENARIOS, "folders that hold scenario folders", type="paths", default=[])


# ---- fixtures -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def aim_vocabulary(pytestconfig: pytest.Config) -> Vocabulary:
    """The kinds that are planned for: AIM's own, unless a test module or `pytest_aim_vocabulary` says otherwise."""
    return _vocabulary(pytestconfig)


@pytest.fixture
def aim_cluster(pytestconfig: pytest.Config, aim_vocabulary: Vocabulary) -> Cluster:
    """An empty simulated cluster that serves the kinds of `aim_vocabulary` and checks objects as an API server does."""
    return _empty_cluster(pytestconfig, aim_vocabulary).fork()


@pytest.fixture
def aim_play(
    pytestconfig: pytest.Config, aim_vocabulary: Vocabulary, aim_tally: Tally
) -> Iterator[Callable[..., Play]]:
    """Makes a play on an empty cluster: `aim_play(world)`, where `world` is a mapping as `WorldSettings.read` takes it.

    Further arguments are those of `aimcore.testing.Play`. The statuses that its plays reach go into the tally.
    """
    from aimcore.testing.histories import Play

    made: list[Play] = []

    def begin(world: Mapping[str, Any] | None = None, **arguments: Any) -> Play:
        cluster = _empty_cluster(pytestconfig, aim_vocabulary).fork()
        made.append(Play(world, **{"cluster": cluster, "vocabulary": aim_vocabulary, **arguments}))
        return made[-1]

    yield begin
    for play in made:
        aim_tally.note(play)


@pytest.fixture(scope="session")
def aim_tally(pytestconfig: pytest.Config) -> Tally:
    """What the tests of this run tried: `aim_tally.tried["histories"] += 1`. It is told at the end of the run."""
    return _tally(pytestconfig)


@pytest.fixture(scope="session")
def aim_effort(pytestconfig: pytest.Config) -> Effort:
    """How much generated laws try, by `--laws-minutes`: `@aim_effort.settings(30)` above `@given` within a test."""
    from aimcore.testing.effort import Effort

    return Effort(pytestconfig.getoption("laws_minutes"))


def _vocabulary(config: pytest.Config) -> Vocabulary:
    from aimcore.dispatch import AIM

    found: Vocabulary | None = config.hook.pytest_aim_vocabulary(config=config)
    return found or AIM


def _empty_cluster(config: pytest.Config, vocabulary: Vocabulary) -> Cluster:
    from aimcore.testing.histories import new_cluster

    kept = config.stash.setdefault(EMPTY, {})
    if id(vocabulary) not in kept:
        reason = "checking objects as an API server does needs the extra: pip install 'aimctl[local]'"
        validation = pytest.importorskip(VALIDATION, reason=reason, exc_type=ImportError)
        kept[id(vocabulary)] = (vocabulary, new_cluster(validation.SchemaValidator(), vocabulary))
    return kept[id(vocabulary)][1]


def _tally(config: pytest.Config) -> Tally:
    if TALLY not in config.stash:
        from aimcore.testing.tally import Tally

        config.stash[TALLY] = Tally()
    return config.stash[TALLY]


# ---- scenario folders -----------------------------------------------------------------------------------------------
def pytest_collect_file(file_path: Any, parent: pytest.Collector) -> pytest.Collector | None:
    """The first file of a scenario folder that expects something stands for the folder."""
    folder = file_path.parent
    if file_path.suffix != ".yaml" or folder.parent not in parent.config.getini(SCENARIOS):
        return None
    expecting = sorted(file for file in folder.glob("then*.yaml"))
    return ScenarioFolder.from_parent(parent, path=file_path) if expecting[:1] == [file_path] else None


class ScenarioFolder(pytest.File):
    """A folder whose story is one test."""

    def collect(self) -> Iterable[pytest.Item]:
        yield ScenarioItem.from_parent(self, name=self.path.parent.name)


class UnexpectedError(AssertionError):
    """What of a scenario is not as expected."""


class ScenarioItem(pytest.Item):
    """One scenario, played on a cluster of its own."""

    def runtest(self) -> None:
        """Play it. Raises `UnexpectedError` with a line for each thing that is not as expected."""
        from aimcore.testing.scenarios import Stage, read_scenario

        folder = self.path.parent
        common = folder.parent / "world.yaml"
        texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}
        scenario = read_scenario(folder.name, texts, common.read_text(encoding="utf-8") if common.exists() else "")
        vocabulary = _vocabulary(self.config)
        stage = Stage(scenario, _empty_cluster(self.config, vocabulary).fork(), vocabulary=vocabulary)
        failures = stage.perform()
        tally = _tally(self.config)
        tally.note(stage.play)
        tally.tried["scenarios"] += 1
        if failures:
            raise UnexpectedError("\n".join(failures))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The lines alone: the story is in the folder, not in Python."""
        if isinstance(excinfo.value, UnexpectedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, None, f"scenario {self.name}"


# ---- the end of a run -----------------------------------------------------------------------------------------------
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None and TALLY in session.config.stash:
        output["aim_tally"] = session.config.stash[TALLY].numbers()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended."""
    numbers = getattr(node, "workeroutput", {}).get("aim_tally")
    if numbers is not None:
        _tally(node.config).add(numbers)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = list(config.stash[TALLY].lines()) if TALLY in config.stash else []
    if lines:
        terminalreporter.section("laws")
        for line in lines:
            terminalreporter.line(line)
