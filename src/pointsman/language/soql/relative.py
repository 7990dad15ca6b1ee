"""Takes the object's own name off the paths of a query: `SELECT a.Name FROM Account a` asks for `Name`."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from pointsman.language.soql.query import (
    Aggregate,
    And,
    Comparison,
    Condition,
    Membership,
    Not,
    Or,
    Path,
    Query,
    Selected,
)


def relative(query: Query, own_names: AbstractSet[str]) -> Query:
    """The same query with every path seen from its object."""
    own = {name.casefold() for name in own_names}
    return replace(
        query,
        selected=tuple(_selected(entry, own) for entry in query.selected),
        where=None if query.where is None else _condition(query.where, own),
        group_by=tuple(_path(path, own) for path in query.group_by),
        order_by=tuple(replace(order, what=_field(order.what, own)) for order in query.order_by),
    )


def _selected(entry: Selected, own: AbstractSet[str]) -> Selected:
    what = _field(entry.what, own)
    named_by_path = isinstance(entry.what, Path) and entry.name == str(entry.what)
    return Selected(what, str(what) if named_by_path else entry.name)


def _field(what: Path | Aggregate, own: AbstractSet[str]) -> Path | Aggregate:
    if isinstance(what, Path):
        return _path(what, own)
    return what if what.path is None else replace(what, path=_path(what.path, own))


def _path(path: Path, own: AbstractSet[str]) -> Path:
    if len(path.parts) > 1 and path.parts[0].casefold() in own:
        return replace(path, parts=path.parts[1:])
    return path


def _condition(condition: Condition, own: AbstractSet[str]) -> Condition:
    match condition:
        case Comparison() | Membership():
            return replace(condition, path=_path(condition.path, own))
        case Not(part):
            return Not(_condition(part, own))
        case And(parts):
            return And(tuple(_condition(part, own) for part in parts))
        case Or(parts):
            return Or(tuple(_condition(part, own) for part in parts))
