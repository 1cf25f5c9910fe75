"""CEL rules of schemas. This module alone knows the CEL library.

1. A rule sees `self` and, if it speaks of it, `oldSelf`; such a *transition* rule needs both values (F-144).
2. A rule that does not compile, or that fails while it runs, is violated: the API server is never laxer than asked.
3. Kubernetes' own CEL libraries (`quantity`, `isIP`, `format` …) are not known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

_ENVIRONMENT: Final = cel.NewEnv(variables={"self": cel.Type.DYN, "oldSelf": cel.Type.DYN})
_TEXTS: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_OLD: Final = re.compile(r"\boldSelf\b")
_FAULTS: Final = (RuntimeError, TypeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `program` is None for a text that is no CEL, `fault` then says why."""

    text: str
    is_transition: bool
    program: Any
    fault: str = ""

    def verdict(self, new: object, old: object = None) -> str | None:
        """None when the rule holds for these JSON values; "" when it does not; else why it could not be told."""
        if self.program is None:
            return self.fault
        data = {"self": new, "oldSelf": old} if self.is_transition else {"self": new}
        try:
            answer = self.program.eval(data=data)
            value = answer.plain_value()
        except _FAULTS as fault:
            return str(fault)
        if answer.type() == cel.Type.ERROR:
            return str(value)
        return None if value is True else ""


def compile_pattern(text: str) -> Callable[[str], bool]:
    """Whether a pattern of Go's is found in a text, in time that grows with the text. Never raises."""
    rule = compile_rule(f"self.matches({json.dumps(text, ensure_ascii=False)})")
    return lambda value: rule.verdict(value) is None


@lru_cache(maxsize=1024)
def compile_rule(text: str) -> Rule:
    """The rule with this text. Never raises: a text that is no CEL gives a rule that nothing satisfies."""
    is_transition = _OLD.search(_TEXTS.sub("", text)) is not None
    try:
        return Rule(text, is_transition, _ENVIRONMENT.compile(text))
    except _FAULTS as fault:
        return Rule(text, is_transition, None, f"compilation failed: {fault}")
