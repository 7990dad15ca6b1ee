"""Where a column's name leads: the sources of one SELECT, inside those around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlglot import exp

from pointsman.errors import nearest, way_out
from pointsman.labels import PLAIN, Labels, combine
from pointsman.language.mistake import Mistake
from pointsman.language.sql.read import Dialect
from pointsman.shape import ANY, Shape

Origin = tuple[str, str]
"""A table and its column."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a value is, what it carries, and the columns that it is made from."""

    shape: Shape
    labels: Labels = PLAIN
    origins: frozenset[Origin] = frozenset()

    def or_null(self) -> "Cell":
        return replace(self, shape=self.shape.or_null())


UNKNOWN: Final = Cell(ANY)
Relation = dict[str, Cell]
"""Columns by name, in order."""


def made_from(shape: Shape, cells: list[Cell]) -> Cell:
    """A value of this shape that was computed from these."""
    origins: frozenset[Origin] = frozenset().union(*(cell.origins for cell in cells))
    return Cell(shape, combine(cell.labels for cell in cells), origins)


@dataclass(slots=True)
class Source:
    """A table, subquery or row function in FROM. `rest`: what its columns are that nobody knows by name."""

    name: str
    columns: Relation
    rest: Cell | None = None

    def nullable(self) -> "Source":
        """As the other side of an outer join sees it."""
        return Source(self.name, {name: cell.or_null() for name, cell in self.columns.items()}, self.rest)


@dataclass(slots=True)
class Scope:
    """Names that one SELECT can use."""

    dialect: Dialect
    text: str
    mistakes: list[Mistake]
    parameters: Mapping[str, Shape] | None
    outer: "Scope | None" = None
    relations: dict[str, Relation] = field(default_factory=dict)
    """What WITH has named so far, by folded name."""
    sources: list[Source] = field(default_factory=list)
    merged: Relation = field(default_factory=dict)
    """Columns of USING: one column for both sides."""
    aliases: Relation = field(default_factory=dict)
    """Columns of the SELECT list made so far."""
    locals: set[str] = field(default_factory=set)
    """Names of lambdas."""
    grouped: bool = False

    def key(self, identifier: exp.Expr | str) -> str:
        """How a name is compared: PostgreSQL folds what is not quoted, the others ignore case."""
        if isinstance(identifier, exp.Identifier) and self.dialect == "postgres" and identifier.args.get("quoted"):
            return identifier.name
        name = identifier if isinstance(identifier, str) else identifier.name
        return name if self.dialect == "postgres" and isinstance(identifier, str) else name.lower()

    def written(self, identifier: exp.Expr) -> str:
        """An alias as the answer will show it."""
        return self.key(identifier) if self.dialect == "postgres" else identifier.name

    def inside(self) -> "Scope":
        """A scope within this one."""
        return Scope(self.dialect, self.text, self.mistakes, self.parameters, self)

    def relation(self, name: str) -> Relation | None:
        scope: Scope | None = self
        while scope:
            if name in scope.relations:
                return scope.relations[name]
            scope = scope.outer
        return None

    def source(self, key: str) -> Source | None:
        scope: Scope | None = self
        while scope:
            for source in scope.sources:
                if self.key(source.name) == key:
                    return source
            scope = scope.outer
        return None

    def column(self, column: exp.Column) -> Cell:
        """What a reference leads to. Puts a Mistake down where it leads nowhere or to two places."""
        return self._qualified(column) if column.table else self._bare(column.this)

    def _bare(self, name: exp.Expr) -> Cell:
        key = self.key(name)
        scope: Scope | None = self
        while scope:
            if found := scope._here(key, name):
                return found
            scope = scope.outer
        self.mistakes.append(self._unknown(name))
        return UNKNOWN

    def _here(self, key: str, name: exp.Expr) -> Cell | None:
        if key in self.locals:
            return UNKNOWN
        if key in self.merged:
            return self.merged[key]
        hits = [(source, cell) for source in self.sources if (cell := self.within(source, key))]
        if len(hits) > 1:
            both = [f"`{source.name}`" for source, _ in hits]
            out = " or ".join(f"{source.name}.{name.name}" for source, _ in hits)
            self.mistakes.append(
                mistake(name, f"`{name.name}` is ambiguous: {' and '.join(both)} have it.", f"Write {out}.")
            )
        if hits:
            return hits[0][1]
        for written, cell in self.aliases.items():
            if self.key(written) == key:
                return cell
        rests = [source.rest for source in self.sources if source.rest]
        if rests:
            return made_from(ANY, rests)
        whole = next((source for source in self.sources if self.key(source.name) == key), None)
        if whole and self.dialect != "sqlite":
            return made_from(Shape("object"), list(whole.columns.values()))
        return None

    def within(self, source: Source, key: str) -> Cell | None:
        return next((cell for name, cell in source.columns.items() if self.key(name) == key), None)

    def _qualified(self, column: exp.Column) -> Cell:
        parts = column.parts
        for at in range(min(2, len(parts) - 1)):  # `table.column`, or `schema.table.column`
            source = self.source(self.key(parts[at]))
            if source:
                return self._of_source(source, parts[at + 1 :])
        head = self._column_of_object(parts[0])
        if head:
            return _field(head, parts[1:])
        table = parts[-2]
        known = [source.name for source in self.sources]
        self.mistakes.append(
            mistake(table, f"no table or alias named `{table.name}` in this SELECT.", way_out(table.name, known))
        )
        return UNKNOWN

    def _of_source(self, source: Source, path: list[exp.Expr]) -> Cell:
        name = path[0]
        cell = self.within(source, self.key(name))
        if cell:
            return _field(cell, path[1:])
        if source.rest:
            return source.rest
        hint = self._hint(name, list(source.columns))
        self.mistakes.append(mistake(name, f"`{source.name}` has no column `{name.name}`.", hint))
        return UNKNOWN

    def _column_of_object(self, name: exp.Expr) -> Cell | None:
        """`customer.name`, where `customer` is a column that holds objects."""
        for source in self.sources:
            cell = self.within(source, self.key(name))
            if cell and cell.shape.kind in ("object", "any"):
                return cell
        return UNKNOWN if self.key(name) in self.locals else None

    def _unknown(self, name: exp.Expr) -> Mistake:
        known = [column for source in self.sources for column in source.columns]
        if len(self.sources) == 1:
            text = f"`{self.sources[0].name}` has no column `{name.name}`."
        else:
            text = f"no column named `{name.name}` in {_listed(self.sources)}."
        return mistake(name, text, self._hint(name, known))

    def _hint(self, name: exp.Expr, known: list[str]) -> str:
        close = nearest(name.name, known)
        if close and close.lower() == name.name.lower():
            return f'Write "{close}": PostgreSQL folds names without quotes to lower case.'
        return way_out(name.name, known, "Columns")


def _listed(sources: list[Source]) -> str:
    return " or ".join(f"`{source.name}`" for source in sources) or "a SELECT without FROM"


def _field(cell: Cell, path: list[exp.Expr]) -> Cell:
    """A value inside an object."""
    shape = cell.shape
    for name in path:
        nullable = shape.nullable
        shape = shape.fields.get(name.name, ANY)
        shape = shape.or_null() if nullable else shape
    return replace(cell, shape=shape)


def mistake(node: exp.Expr, message: str, hint: str = "") -> Mistake:
    """A Mistake at the first name inside a node (sqlglot keeps places of names only)."""
    for part in node.find_all(exp.Identifier, bfs=False):
        if "start" in part.meta:
            start, end = part.meta["start"], part.meta["end"]
            return Mistake(message, offset=start, length=end - start + 1, way_out=hint)
    return Mistake(message, way_out=hint)
