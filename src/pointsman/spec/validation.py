"""From a tree to the class of its file, with every mistake at its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pointsman.errors import nearest
from pointsman.spec import words
from pointsman.spec.node import Node, Path, Scalar, Tree, find, put, value
from pointsman.spec.place import at, at_key
from pointsman.spec.problem import Problem
from pointsman.spec.step import VERBS
from pointsman.spec.trail import Trail, follow, keys
from pointsman.spec.words import Said

M = TypeVar("M", bound=BaseModel)
_IN_A_FILE = {"file": True}


def check(kind: type[M], node: Node) -> tuple[M | None, list[Problem]]:
    """The file as its class, or every mistake in it. A number where a text belongs is taken as it is written."""
    try:
        return kind.model_validate(value(node), by_alias=True, by_name=False, context=_IN_A_FILE), []
    except ValidationError as error:
        faults = [_Fault(detail, follow(kind, detail["loc"]), node) for detail in _details(error)]
    written = _as_written(node, faults)
    if written is not node:
        return check(kind, written)
    return None, _problems(node, faults)


@dataclass(frozen=True, slots=True)
class _Fault:
    detail: ErrorDetails
    trail: Trail
    root: Node

    @property
    def kind(self) -> str:
        return self.detail["type"]

    @property
    def context(self) -> dict[str, Any]:
        return self.detail.get("ctx", {})

    @property
    def path(self) -> Path:
        """A rule about a whole mapping may name the key that broke it."""
        key = self.context.get("at")
        return (*self.trail.path, key) if key else self.trail.path


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=True)


def _as_written(node: Node, faults: Iterable[_Fault]) -> Node:
    """The tree with numbers put back into text where a text was wanted: `api_version: 62.0` is "62.0"."""
    for fault in faults:
        found, _, rest = find(node, fault.path)
        if (
            fault.kind == "string_type"
            and not rest
            and isinstance(found, Scalar)
            and isinstance(found.value, int | float)
            and not isinstance(found.value, bool)
        ):
            written = Scalar(found.source, found.start, found.end, found.text, found.text, found.style)
            node = put(node, fault.path, written)
    return node


def _problems(root: Node, faults: list[_Fault]) -> list[Problem]:
    meant = _meant_arms(faults)
    typos = _typos(meant)
    found: list[Problem] = []
    for fault in meant:
        if fault.kind == "missing" and fault.path in typos:
            continue  # the misspelt key is reported, with the right one as its hint
        if fault.kind == "too_short" and len(fault.detail["input"]) >= fault.context.get("min_length", 0):
            continue  # pydantic counts the sound items only, and the others are reported
        said = _said(fault, meant)
        key_is_wrong = fault.trail.on_key or fault.kind == "extra_forbidden"
        path = fault.path[:-1] if fault.kind == "missing" else fault.path
        place = at_key(root, path) if key_is_wrong else at(root, path)
        if fault.kind.startswith("union_tag"):
            said, place = _step_without_verb(root, path)
        found.append(Problem(said.code, said.message, place, said.way_out))
    return list({(problem.code, problem.place): problem for problem in reversed(found)}.values())[::-1]


def _meant_arms(faults: list[_Fault]) -> list[_Fault]:
    """Of a union's arms only the one that the file comes closest to; the others' errors would be noise."""
    level = 0
    while any(len(fault.trail.arms) > level for fault in faults):
        unions: dict[tuple[object, ...], dict[str, list[_Fault]]] = {}
        for fault in faults:
            if len(fault.trail.arms) > level:
                arm = fault.trail.arms[level]
                union = (fault.trail.path[: arm.depth], fault.trail.arms[:level])
                unions.setdefault(union, {}).setdefault(arm.label, []).append(fault)
        dropped: set[int] = set()
        for arms in unions.values():
            best = min(arms.values(), key=_distance)
            same = [arm for arm in arms.values() if _distance(arm) == _distance(best) and _distance(arm)[0]]
            kept = {id(fault) for arm in [best, *same] for fault in arm}
            dropped |= {id(fault) for arm in arms.values() for fault in arm} - kept
        faults = [fault for fault in faults if id(fault) not in dropped]
        level += 1
    return faults


def _distance(arm: list[_Fault]) -> tuple[bool, int]:
    """How far the file is from an arm: the wrong type altogether, then the number of mistakes."""
    only = arm[0]
    whole = len(arm) == 1 and len(only.trail.path) == only.trail.arms[-1].depth
    return whole and (only.kind in words.TYPES or (only.kind == "literal_error" and not _is_scalar(only))), len(arm)


def _is_scalar(fault: _Fault) -> bool:
    return not isinstance(fault.detail["input"], dict | list)


def _typos(faults: Iterable[_Fault]) -> set[Path]:
    """Paths of keys that are there, but misspelt."""
    found = set()
    for fault in faults:
        if fault.kind == "extra_forbidden" and (near := nearest(str(fault.path[-1]), keys(fault.trail.models))):
            found.add((*fault.path[:-1], near))
    return found


def _said(fault: _Fault, faults: list[_Fault]) -> Said:
    kind, path = fault.kind, fault.path
    known = keys(fault.trail.models)
    last = str(path[-1]) if path else "the file"
    if kind == "extra_forbidden":
        return words.unknown_key(last, (key for key in known if key not in _siblings(fault)))
    if kind == "missing":
        return words.missing_key(last, known.get(last, ""))
    name = _name(path)
    if kind in words.TYPES:
        wanted = [words.TYPES[other.kind] for other in faults if other.path == path and other.kind in words.TYPES]
        return words.wrong_type(name, wanted, fault.detail["input"])
    return words.not_allowed(name, kind, fault.context, fault.detail["input"], fault.detail["msg"])


def _siblings(fault: _Fault) -> set[str]:
    """Keys that stand beside an unknown one, which it can therefore not be meant to be."""
    around, _, _ = find(fault.root, fault.path[:-1])
    return set(around.entries) - {str(fault.path[-1])} if isinstance(around, Tree) else set()


def _name(path: Path) -> str:
    """`limits.rows`, in backquotes: the last keys of a path, enough to know it by."""
    named = [element for element in path if isinstance(element, str)][-2:]
    index = f", item {path[-1] + 1}," if path and isinstance(path[-1], int) else ""
    return f"`{'.'.join(named)}`{index}" if named else "the file"


def _step_without_verb(root: Node, path: Path) -> tuple[Said, Any]:
    node, _, _ = find(root, path)
    if not isinstance(node, Tree):
        return words.wrong_type(_name(path), ["a mapping (`key: value`)"], value(node)), at(root, path)
    found = [verb for verb in node.entries if verb in VERBS]
    if len(found) > 1:
        said = Said("PM017", f"a step has one verb, this one has `{'` and `'.join(found)}`", "Make two steps of it.")
        return said, at_key(root, (*path, found[1]))
    for key in node.entries:
        if near := nearest(key, VERBS):
            return Said("PM017", "this step has no verb", f"Did you mean `{near}`?"), at_key(root, (*path, key))
    return Said("PM017", "this step has no verb", f"One of: {', '.join(VERBS)}."), at(root, path)
