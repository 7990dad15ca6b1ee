"""What stands in FROM and JOIN: tables, names of WITH, subqueries, functions that make rows."""

from collections.abc import Iterator
from typing import Protocol

from sqlglot import exp

from pointsman.errors import way_out
from pointsman.labels import combine
from pointsman.language.sql.read import function_name, table_name
from pointsman.language.sql.scope import UNKNOWN, Cell, Relation, Scope, Source, made_from, mistake
from pointsman.language.sql.shapes import merged
from pointsman.language.tables import Tables
from pointsman.shape import ANY


class Resolver(Protocol):
    """What sources need of the walk that they are part of."""

    tables: Tables

    def query(self, tree: exp.Expr, scope: Scope) -> Relation: ...

    def cell(self, node: exp.Expr, scope: Scope) -> Cell: ...

    def values(self, tree: exp.Expr, scope: Scope) -> Relation: ...


def add_sources(resolver: Resolver, select: exp.Expr, scope: Scope) -> None:
    """Puts the sources of a SELECT into its scope; those of an outer join's other side may be null."""
    from_ = select.args.get("from_")
    if from_ is not None:
        _add(resolver, from_.this, scope)
    joins = select.args.get("joins") or []
    for join in joins:
        _join(resolver, join, scope)
    for lateral in select.args.get("laterals") or []:
        _add(resolver, lateral, scope)
    for join in joins:
        if join.args.get("on") is not None:
            resolver.cell(join.args["on"], scope)


def either(cells: list[Cell]) -> Cell:
    """A value that is one of these."""
    origins = frozenset[tuple[str, str]]().union(*(cell.origins for cell in cells))
    return Cell(merged([cell.shape for cell in cells]), combine(cell.labels for cell in cells), origins)


def renamed(relation: Relation, names: list[exp.Expr], scope: Scope) -> Relation:
    """`WITH t(a, b)`, `FROM (…) AS t(a, b)`: the first columns under new names."""
    if not names:
        return relation
    given = [scope.written(name) for name in names]
    return dict(zip([*given, *list(relation)[len(given) :]], relation.values(), strict=False))


def spread(scope: Scope, sources: list[Source], *, whole: bool) -> Iterator[tuple[str, Cell]]:
    """The columns of `*`. `whole`: of all sources, in which a column of USING stands once."""
    shown: set[str] = set()
    for source in sources:
        for name, cell in source.columns.items():
            key = scope.key(name)
            if whole and key in scope.merged:
                if key not in shown:
                    yield name, scope.merged[key]
                shown.add(key)
            else:
                yield name, cell


def _add(resolver: Resolver, node: exp.Expr, scope: Scope) -> None:
    scope.sources.append(_source(resolver, node, scope))
    for join in node.args.get("joins") or []:
        _join(resolver, join, scope)
        if join.args.get("on") is not None:
            resolver.cell(join.args["on"], scope)


def _join(resolver: Resolver, join: exp.Expr, scope: Scope) -> None:
    before = len(scope.sources)
    _add(resolver, join.this, scope)
    side = str(join.args.get("side") or "").upper()
    if side in ("RIGHT", "FULL"):
        scope.sources[:before] = [source.nullable() for source in scope.sources[:before]]
        scope.merged = {name: cell.or_null() for name, cell in scope.merged.items()}
    if side in ("LEFT", "FULL"):
        scope.sources[before:] = [source.nullable() for source in scope.sources[before:]]
    if str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI"):
        # Their columns can be used in ON only; `*` and the list do not see them.
        if join.args.get("on") is not None:
            resolver.cell(join.args.pop("on"), scope)
        del scope.sources[before:]
    names = list(join.args.get("using") or [])
    if str(join.args.get("method") or "").upper() == "NATURAL":
        left = {scope.key(name) for source in scope.sources[:before] for name in source.columns}
        names = [exp.to_identifier(name) for name in scope.sources[-1].columns if scope.key(name) in left]
    for name in names:
        _merge(name.this if isinstance(name, exp.Column) else name, scope, before, side)


def _merge(name: exp.Expr, scope: Scope, before: int, side: str) -> None:
    key = scope.key(name)
    left = [cell for source in scope.sources[:before] if (cell := scope.within(source, key))]
    right = [cell for source in scope.sources[before:] if (cell := scope.within(source, key))]
    known_left, known_right = ([scope.merged[key]] if key in scope.merged else left), right
    if not known_left or not known_right:
        missing = scope.sources[before:] if known_left else scope.sources[:before]
        if not any(source.rest for source in missing):
            known = {column for source in missing for column in source.columns}
            place = " or ".join(f"`{source.name}`" for source in missing)
            scope.mistakes.append(
                mistake(name, f"{place} has no column `{name.name}` to join by.", way_out(name.name, known, "Columns"))
            )
    both = either([*known_left, *known_right]) if known_left or known_right else UNKNOWN
    certain = {"RIGHT": known_right, "FULL": []}.get(side, known_left)
    scope.merged[key] = made_from(certain[0].shape, [both]) if certain else both


def _source(resolver: Resolver, node: exp.Expr, scope: Scope) -> Source:
    alias = node.args.get("alias")
    name = scope.written(alias.this) if alias is not None and alias.this else ""
    names = list(alias.columns) if alias is not None else []
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        found = _table(resolver, node, scope)
        return Source(name or found.name, renamed(found.columns, names, scope), found.rest)
    if isinstance(node, exp.Subquery):
        inside = node.this
        if isinstance(inside, exp.Table):  # FROM (a JOIN b …)
            return _source(resolver, inside, scope)
        around = scope if scope.dialect == "duckdb" else scope.outer or scope
        return Source(name, renamed(resolver.query(inside, around), names, scope))
    if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
        return Source(name, renamed(resolver.query(node.this.this, scope), names, scope))
    if isinstance(node, exp.Values):
        return Source(name, renamed(resolver.values(node, scope), names, scope))
    return _rows_of_function(resolver, node, name, names, scope)


def _table(resolver: Resolver, node: exp.Table, scope: Scope) -> Source:
    if not node.db and (known := scope.relation(scope.key(node.this))) is not None:
        return Source(node.name, dict(known))
    full = table_name(node)
    wanted = full if scope.dialect == "postgres" and node.this.args.get("quoted") else full.lower()
    for name, columns in resolver.tables.items():
        if (name if scope.dialect == "postgres" else name.lower()) == wanted:
            cells = {
                column: Cell(found.shape, found.labels, frozenset({(name, column)}))
                for column, found in columns.items()
            }
            return Source(name.rpartition(".")[2], cells)
    scope.mistakes.append(mistake(node, f"no table named `{full}`.", way_out(full, resolver.tables, "Tables")))
    return Source(node.name, {}, UNKNOWN)


def _rows_of_function(resolver: Resolver, node: exp.Expr, name: str, names: list[exp.Expr], scope: Scope) -> Source:
    """Rows made from values: whatever they are called, they carry the labels of those values."""
    call = node.this if isinstance(node, exp.Table | exp.Lateral) else node
    cells = [resolver.cell(part, scope) for part in call.iter_expressions() if not isinstance(part, exp.TableAlias)]
    rest = made_from(ANY, cells)
    called = name or (function_name(call) if isinstance(call, exp.Func) else "")
    return Source(called, {scope.written(column): rest for column in names}, None if names else rest)
