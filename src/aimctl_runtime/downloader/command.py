"""`aim-artifact-downloader URI [FOLDER]`: fetch a model source; `--check-size URI`: say how large it is.

1. Exit codes: 0 done, 1 failed, 2 the arguments or variables cannot be used, 143 told to stop.
2. The last line on standard error names the cause of a failure.
3. The last line on standard output of `--check-size` is `{"url": …, "sizeBytes": …}`.
4. A stop signal ends the attempt; what was fetched stays.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NoReturn

from aimctl_runtime.downloader.failures import DownloadError
from aimctl_runtime.downloader.order import Order, read_order
from aimctl_runtime.downloader.progress import Progress
from aimctl_runtime.downloader.reporter import Reporter, status_address
from aimctl_runtime.downloader.run import Run, size_of
from aimctl_runtime.downloader.screen import Screen
from aimctl_runtime.downloader.scrub import Scrubber
from aimctl_runtime.downloader.sources import UsageError, parse_source

DONE, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 143
_LAST_WORD_WITHIN = 3.0

_HELP = """\
usage: aim-artifact-downloader URI [FOLDER]
       aim-artifact-downloader --check-size URI

Fetch the model source URI (hf://<organisation>/<name> or s3://<bucket>/<prefix>)
into FOLDER (default: TARGET_DIR, or /cache) and verify it, or say how large it
is. The variables it reads are listed in docs/downloader.md.
"""


class Stopped(BaseException):
    """We are told to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; answers with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in ("-h", "--help"):
        sys.stdout.write(_HELP)
        return DONE
    screen = Screen(sys.stderr, Scrubber(os.environ))
    signal.signal(signal.SIGTERM, _stop)
    try:
        if given and given[0] == "--check-size":
            return _check_size(given[1:], screen)
        return _download(given, os.environ, screen)
    except UsageError as error:
        screen.say(f"aim-artifact-downloader: {error}")
        return UNUSABLE
    except DownloadError as failure:
        screen.end_progress()
        screen.say(str(failure))
        return FAILED
    except (Stopped, KeyboardInterrupt):
        screen.end_progress()
        screen.say("Stopped; what was fetched stays")
        return STOPPED


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


def _check_size(arguments: Sequence[str], screen: Screen) -> int:
    order = _order(arguments, os.environ, most=1)
    size = size_of(order, screen.say)
    sys.stdout.write(json.dumps({"url": order.uri, "sizeBytes": size}) + "\n")
    return DONE


def _download(arguments: Sequence[str], environment: Mapping[str, str], screen: Screen) -> int:
    order = _order(arguments, environment, most=2)
    address = status_address(environment, order.namespace, order.artifact)
    reporter = Reporter(address.patch if address else None, screen.say)
    try:
        Run(order, Progress(order.expected, order.interval, reporter, screen), reporter, screen).perform()
    finally:
        reporter.close(_LAST_WORD_WITHIN)
    screen.say("Done")
    return DONE


def _order(arguments: Sequence[str], environment: Mapping[str, str], *, most: int) -> Order:
    if not 1 <= len(arguments) <= most:
        raise UsageError(f"one source URI is needed, {len(arguments)} arguments are given; see --help")
    parse_source(arguments[0])
    return read_order(arguments[0], environment, arguments[1] if len(arguments) > 1 else None)
