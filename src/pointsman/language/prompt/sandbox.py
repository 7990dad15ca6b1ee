"""The Jinja2 environment of prompts: an immutable sandbox, strict, without files, whose look-ups are ours."""

from typing import Any, Final

from jinja2 import StrictUndefined, Undefined
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS as JINJA

from pointsman.language.expression import access
from pointsman.language.expression.arithmetic import calculate, signed
from pointsman.language.expression.trouble import Trouble
from pointsman.language.prompt.filters import ALL, counted, given, joined, meter, written

TESTS: Final = frozenset(
    (
        *("defined", "undefined", "none", "string", "number", "boolean", "true", "false", "even", "odd"),
        *("divisibleby", "in", "eq", "ne", "lt", "le", "gt", "ge", "==", "!=", "<", "<=", ">", ">="),
    )
)
LOOP_FIELDS: Final = ("index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem")
MOST_RANGE: Final = 1000


def _range(*bounds: Any) -> list[int]:
    found = range(*bounds)
    if len(found) > MOST_RANGE:
        raise Trouble(f"range() gives at most {MOST_RANGE} numbers")
    return list(found)


class Sandbox(ImmutableSandboxedEnvironment):
    """Fields are look-ups, arithmetic is that of expressions, and `{{ }}` writes what a text can hold."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))
    intercepted_unops = frozenset(("+", "-"))

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            loader=None,
            finalize=written,
            optimized=False,
            keep_trailing_newline=True,
            cache_size=0,
        )
        self.filters = {**ALL, "_counted": counted, "_joined": joined}
        self.tests = {name: JINJA[name] for name in TESTS}
        self.globals = {"range": _range}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in LOOP_FIELDS:
            return getattr(obj, attribute)
        try:
            return access.field(given(obj), attribute)
        except Trouble as trouble:
            return self.undefined(hint=f"{trouble.message}. {trouble.way_out}".strip())

    def getitem(self, obj: Any, argument: Any) -> Any | Undefined:
        try:
            return access.item(given(obj), given(argument))
        except Trouble as trouble:
            return self.undefined(hint=trouble.message)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return calculate(operator, meter(context), given(left), given(right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        return signed(operator, given(arg))
