"""Compiles a tree that keeps to the grammar into closures. No code object is made, no builtin can be reached."""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

from pointsman.language.expression import access
from pointsman.language.expression.arithmetic import signed
from pointsman.language.expression.functions import FUNCTIONS
from pointsman.language.expression.grammar import BINARY, COMPARISONS, SIGNS, Comprehension, Parsed
from pointsman.language.expression.kinds import Env, bounded_text, kind_of, refuse_long, spend
from pointsman.language.expression.operators import Link, Run, binary, boolean, comparison
from pointsman.language.expression.source import Spot
from pointsman.language.expression.texts import text_of
from pointsman.language.expression.trouble import Missing, Trouble, null

ABSENT: Final = object()
"""At the slot of a name that the scope does not hold."""


class Compiler:
    """`roots`: the names whose values go to slots 1, 2, …; `slots`: how many there are with the loops' own."""

    def __init__(self, parsed: Parsed) -> None:
        self._source = parsed.source
        self.roots = tuple(sorted(parsed.names))
        self.slots = len(self.roots) + 1
        self._slot_of = {name: position for position, name in enumerate(self.roots, 1)}
        self._own: frozenset[str] = frozenset()
        self._rules: dict[type[ast.AST], Callable[[Any], Run]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.BoolOp: self._bool_op,
            ast.IfExp: self._if,
            ast.List: self._list,
            ast.Tuple: self._list,
            ast.Set: self._set,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._compare,
            ast.Dict: self._dict,
            ast.JoinedStr: self._joined,
            ast.Call: self._call,
            ast.ListComp: self._list_comprehension,
            ast.SetComp: self._set_comprehension,
            ast.GeneratorExp: self._list_comprehension,
            ast.DictComp: self._dict_comprehension,
        }

    def build(self, node: ast.expr) -> Run:
        return self._rules[type(node)](node)

    def _spots(self, *nodes: ast.expr) -> tuple[Spot, ...]:
        return tuple(self._source.spot(node) for node in nodes)

    def _constant(self, node: ast.Constant) -> Run:
        value = node.value
        return lambda env: value

    def _name(self, node: ast.Name) -> Run:
        slot, spot = self._slot_of[node.id], self._source.spot(node)
        if node.id in self._own:
            return lambda env: env[slot]

        def run(env: Env) -> Any:
            value = env[slot]
            if value is ABSENT:
                raise Trouble("there is no value of this name").at(spot)
            return value

        return run

    def _attribute(self, node: ast.Attribute) -> Run:
        inner, name = self.build(node.value), node.attr
        whole, part = self._spots(node, node.value)

        def run(env: Env) -> Any:
            value = inner(env)
            if type(value) is dict and name in value:
                return value[name]
            try:
                return access.field(value, name)
            except Trouble as trouble:
                raise trouble.at(whole, (part,)) from None

        return run

    def _subscript(self, node: ast.Subscript) -> Run:
        inner = self.build(node.value)
        whole, spots = self._source.spot(node), self._spots(node.value, node.slice)
        if isinstance(node.slice, ast.Slice):
            return self._slice(inner, node.slice, whole, spots)
        key = self.build(node.slice)

        def run(env: Env) -> Any:
            value = inner(env)
            try:
                return access.item(value, key(env))
            except Trouble as trouble:
                raise trouble.at(whole, spots) from None

        return run

    def _slice(self, inner: Run, node: ast.Slice, whole: Spot, spots: tuple[Spot, ...]) -> Run:
        bounds = [None if part is None else self.build(part) for part in (node.lower, node.upper, node.step)]

        def run(env: Env) -> Any:
            value = inner(env)
            try:
                start, stop, step = (None if bound is None else _present(bound(env)) for bound in bounds)
                return access.part_of(env, value, (start, stop, step))
            except Trouble as trouble:
                raise trouble.at(whole, spots) from None

        return run

    def _unary(self, node: ast.UnaryOp) -> Run:
        inner, spot = self.build(node.operand), self._source.spot(node.operand)
        if isinstance(node.op, ast.Not):
            condition = boolean(inner, spot, "`not`")
            return lambda env: not condition(env)
        symbol = SIGNS[type(node.op)]

        def run(env: Env) -> Any:
            value = inner(env)
            try:
                return signed(symbol, value)
            except Trouble as trouble:
                raise trouble.at(spot) from None

        return run

    def _binary(self, node: ast.BinOp) -> Run:
        spots = self._spots(node.left, node.right)
        return binary(
            BINARY[type(node.op)], self.build(node.left), self.build(node.right), self._source.spot(node), spots
        )

    def _compare(self, node: ast.Compare) -> Run:
        sides = [node.left, *node.comparators]
        runs = [self.build(side) for side in sides]
        links = [
            comparison(
                COMPARISONS[type(op)], sides[at : at + 2], self._source.spot(node), self._spots(*sides[at : at + 2])
            )
            for at, op in enumerate(node.ops)
        ]
        if len(links) == 1:
            return links[0](runs[0], runs[1])
        return self._chain(links, runs)

    def _chain(self, links: list[Link], runs: list[Run]) -> Run:
        """`a < b < c`: each side is worked out once, and only as far as needed."""
        held, self.slots = self.slots, self.slots + 2
        steps = [link(lambda env: env[held], lambda env: env[held + 1]) for link in links]
        first, others = runs[0], runs[1:]

        def run(env: Env) -> bool:
            left = first(env)
            for side, step in zip(others, steps, strict=True):
                right = side(env)
                env[held], env[held + 1] = left, right
                if not step(env):
                    return False
                left = right
            return True

        return run

    def _bool_op(self, node: ast.BoolOp) -> Run:
        word, stop = ("`or`", True) if isinstance(node.op, ast.Or) else ("`and`", False)
        parts = [boolean(self.build(part), self._source.spot(part), word) for part in node.values]
        if len(parts) == 2:
            first, second = parts
            if stop:
                return lambda env: first(env) or second(env)
            return lambda env: first(env) and second(env)

        def run(env: Env) -> bool:
            for part in parts:
                if part(env) is stop:
                    return stop
            return not stop

        return run

    def _if(self, node: ast.IfExp) -> Run:
        condition = boolean(self.build(node.test), self._source.spot(node.test), "`if`")
        then, otherwise = self.build(node.body), self.build(node.orelse)
        return lambda env: then(env) if condition(env) else otherwise(env)

    def _list(self, node: ast.List | ast.Tuple) -> Run:
        parts = [self.build(part) for part in node.elts]
        return lambda env: [part(env) for part in parts]

    def _set(self, node: ast.Set) -> Run:
        parts, spot = [self.build(part) for part in node.elts], self._source.spot(node)
        return lambda env: _distinct(env, [part(env) for part in parts], spot)

    def _dict(self, node: ast.Dict) -> Run:
        keys = [(self.build(key), self._source.spot(key)) for key in node.keys if key is not None]
        parts = [(key, spot, self.build(value)) for (key, spot), value in zip(keys, node.values, strict=True)]
        if all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys):
            known = [(key.value, run) for key, (_, _, run) in zip(node.keys, parts, strict=True)]  # type: ignore[union-attr]
            return lambda env: {key: run(env) for key, run in known}
        return lambda env: {_key(key(env), spot): run(env) for key, spot, run in parts}

    def _joined(self, node: ast.JoinedStr) -> Run:
        parts = []
        for part in node.values:
            shown = part.value if isinstance(part, ast.FormattedValue) else part
            parts.append((self.build(shown), self._source.spot(shown)))
        whole = self._source.spot(node)

        def run(env: Env) -> str:
            texts, length = [], 0
            for part, spot in parts:
                value = part(env)
                try:
                    texts.append(value if type(value) is str else text_of(value))
                    length += len(texts[-1])
                    refuse_long(length)
                except Trouble as trouble:
                    raise trouble.at(spot) from None
            try:
                return bounded_text(env, "".join(texts))
            except Trouble as trouble:
                raise trouble.at(whole) from None

        return run

    def _call(self, node: ast.Call) -> Run:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "default":
            return self._default(node)
        call, whole = FUNCTIONS[name].run, self._source.spot(node)
        arguments, spots = [self.build(argument) for argument in node.args], self._spots(*node.args)
        keywords = {keyword.arg: self.build(keyword.value) for keyword in node.keywords if keyword.arg}

        def run(env: Env) -> Any:
            values = [argument(env) for argument in arguments]
            named: Mapping[str, Any] = {word: value(env) for word, value in keywords.items()} if keywords else {}
            try:
                return call(env, *values, **named)
            except Trouble as trouble:
                raise trouble.at(whole, spots) from None

        return run

    def _default(self, node: ast.Call) -> Run:
        """Answers with the second when the first is null or, when that is a path, when a part of it is missing."""
        wanted, otherwise = (self.build(argument) for argument in node.args)
        base = node.args[0]
        while isinstance(base, ast.Attribute | ast.Subscript):
            base = base.value
        if not isinstance(base, ast.Name):
            return lambda env: otherwise(env) if (value := wanted(env)) is None else value

        def run(env: Env) -> Any:
            try:
                value = wanted(env)
            except Missing:
                value = None
            return otherwise(env) if value is None else value

        return run

    def _list_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Run:
        return self._loops(node, lambda: self._collect(node.elt))

    def _collect(self, node: ast.expr) -> Callable[[Env, list[Any]], None]:
        element = self.build(node)
        return lambda env, out: out.append(element(env))

    def _set_comprehension(self, node: ast.SetComp) -> Run:
        every, spot = self._list_comprehension(node), self._source.spot(node)
        return lambda env: _distinct(env, every(env), spot)

    def _dict_comprehension(self, node: ast.DictComp) -> Run:
        def pair() -> Callable[[Env, list[Any]], None]:
            key, value, spot = self.build(node.key), self.build(node.value), self._source.spot(node.key)
            return lambda env, out: out.append((_key(key(env), spot), value(env)))

        pairs = self._loops(node, pair)
        return lambda env: dict(pairs(env))

    def _loops(self, node: Comprehension, inmost: Callable[[], Callable[[Env, list[Any]], None]]) -> Run:
        """Nested loops that hand each round to what collects; each loop has its own slot."""
        outer_slots, outer_own = dict(self._slot_of), self._own
        heads = []
        for part in node.generators:
            items, spot = self.build(part.iter), self._source.spot(part.iter)
            name = part.target.id if isinstance(part.target, ast.Name) else ""
            slot, self.slots = self.slots, self.slots + 1
            self._slot_of[name] = slot
            self._own |= {name}
            conditions = [boolean(self.build(test), self._source.spot(test), "`if`") for test in part.ifs]
            heads.append((items, spot, slot, conditions))
        step = inmost()
        self._slot_of, self._own = outer_slots, outer_own
        for items, spot, slot, conditions in reversed(heads):
            step = _loop(items, spot, slot, conditions, step)

        def run(env: Env) -> list[Any]:
            out: list[Any] = []
            step(env, out)
            return out

        return run


def _loop(
    items: Run, spot: Spot, slot: int, conditions: list[Run], step: Callable[[Env, list[Any]], None]
) -> Callable[[Env, list[Any]], None]:
    only = conditions[0] if len(conditions) == 1 else None

    def run(env: Env, out: list[Any]) -> None:
        for item in _counted(env, items(env), spot):
            env[slot] = item
            if only is not None:
                if only(env):
                    step(env, out)
            elif all(condition(env) for condition in conditions):
                step(env, out)

    return run


def _counted(env: Env, value: Any, spot: Spot) -> list[Any] | dict[str, Any]:
    """What a loop goes over, all of it taken from the budget at once."""
    try:
        kind = kind_of(value)
        if kind == "null":
            raise null("gone over by `for`")
        if kind not in ("list", "object"):
            raise Trouble(f"`for` goes over a list, or an object's field names, got {kind}")
        spend(env, len(value))
    except Trouble as trouble:
        raise trouble.at(spot) from None
    return value  # type: ignore[no-any-return]


def _present(bound: Any) -> Any:
    if bound is None:
        raise null("as the bound of a part")
    return bound


def _key(value: Any, spot: Spot) -> str:
    if not isinstance(value, str):
        raise Trouble("an object's fields are named by texts").at(spot)
    return value


def _distinct(env: Env, items: list[Any], spot: Spot) -> list[Any]:
    """A set is a list without repeats, in the order of first appearance: JSON has no sets."""
    try:
        spend(env, len(items))
        seen: dict[tuple[str, Any], Any] = {}
        for item in items:
            kind = kind_of(item)
            if kind in ("list", "object"):
                raise Trouble(f"a set holds plain values, got {kind}")
            seen.setdefault((kind, item), item)
    except Trouble as trouble:
        raise trouble.at(spot) from None
    return list(seen.values())
