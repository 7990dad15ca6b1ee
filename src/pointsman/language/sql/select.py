"""The columns of a query, and every mistake in its names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from pointsman.errors import way_out
from pointsman.frame import Column
from pointsman.language.mistake import Mistake
from pointsman.language.sql import shapes
from pointsman.language.sql.read import Query
from pointsman.language.sql.scope import UNKNOWN, Cell, Origin, Relation, Scope, made_from, mistake
from pointsman.language.sql.sources import add_sources, either, renamed, spread
from pointsman.language.tables import Tables
from pointsman.shape import BOOLEAN, NULL, Shape


@dataclass(frozen=True, slots=True)
class Checked:
    """What a query gives. `origins`: for each column, the tables' columns that its values are made from."""

    columns: tuple[Column, ...]
    origins: Mapping[str, frozenset[Origin]]
    mistakes: tuple[Mistake, ...]


def check(query: Query, tables: Tables, parameters: Mapping[str, Shape] | None = None) -> Checked:
    """Columns, origins and mistakes of a query over these tables.

    `parameters`: those that are given, with their shapes; None = any, of any shape. Columns are as good as they can
    be where there are mistakes. A column's labels are those of all columns that its values are made from.
    """
    mistakes: list[Mistake] = []
    scope = Scope(query.dialect, query.text, mistakes, parameters)
    try:
        cells = Resolver(tables).query(query.tree, scope)
    except RecursionError:
        return Checked((), MappingProxyType({}), (Mistake("the SQL is nested too deeply.", length=len(query.text)),))
    if parameters is not None:
        mistakes += [
            Mistake(
                f"no parameter named `{place.name}` is given.",
                offset=place.offset,
                length=place.length,
                way_out=way_out(place.name, parameters, "Given"),
            )
            for place in query.places
            if place.name not in parameters
        ]
    columns = tuple(Column(name, cell.shape, cell.labels) for name, cell in cells.items())
    origins = MappingProxyType({name: cell.origins for name, cell in cells.items()})
    return Checked(columns, origins, tuple(sorted(mistakes, key=lambda found: found.offset)))


class Resolver:
    """Walks a query's tree over these tables; mistakes go to the scope."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._known: dict[int, Cell] = {}
        """Cells of the nodes walked so far, for rules that look deeper than one level."""

    def query(self, tree: exp.Expr, scope: Scope, *, named: bool = True) -> Relation:
        """The columns of a SELECT, a UNION or one in parentheses. `scope` is what stands around it.

        `named`: its columns are asked for by name, so each must have one.
        """
        around = scope.inside()
        self._with(tree, around)
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this, around, named=named)
        if isinstance(tree, exp.SetOperation):
            return self._union(tree, around, named)
        if isinstance(tree, exp.Values):
            return self.values(tree, around)
        if isinstance(tree, exp.Select):
            return self._select(tree, around.inside(), named)
        scope.mistakes.append(mistake(tree, f"{tree.key.upper()} is not a query."))
        return {}

    def values(self, tree: exp.Expr, scope: Scope) -> Relation:
        rows = [[self.cell(part, scope) for part in row.expressions] for row in tree.expressions]
        width = min((len(row) for row in rows), default=0)
        first = 1 if scope.dialect != "duckdb" else 0
        return {
            f"col{at}" if scope.dialect == "duckdb" else f"column{at}": either([row[at - first] for row in rows])
            for at in range(first, width + first)
        }

    def cell(self, node: exp.Expr, scope: Scope) -> Cell:
        """What an expression gives; looks at all that it names."""
        made = self._known[id(node)] = self._made(node, scope)
        return made

    def _made(self, node: exp.Expr, scope: Scope) -> Cell:
        if isinstance(node, exp.Column):
            return UNKNOWN if isinstance(node.this, exp.Star) else scope.column(node)
        if isinstance(node, exp.Placeholder):
            known = scope.parameters or {}
            return Cell(known[node.name]) if node.name in known else UNKNOWN
        if isinstance(node, exp.Subquery | exp.Select | exp.SetOperation):
            return self._scalar(node, scope)
        if isinstance(node, exp.Lambda):
            return self._lambda(node, scope)
        if isinstance(node, exp.DataType | exp.Var | exp.JSONPath):
            return UNKNOWN
        cells = [self.cell(child, scope) for child in node.iter_expressions()]
        parts = [cell.shape for cell in cells]
        shape = shapes.shape_of(node, self._shape, parts, grouped=scope.grouped, dialect=scope.dialect)
        return made_from(shape, cells)

    def _shape(self, node: object) -> Shape:
        return self._known.get(id(node), UNKNOWN).shape

    def _scalar(self, node: exp.Expr, scope: Scope) -> Cell:
        columns = list(self.query(node, scope, named=False).values())
        if isinstance(node.parent, exp.Exists):
            return made_from(BOOLEAN, columns)
        return columns[0].or_null() if columns else UNKNOWN

    def _lambda(self, node: exp.Expr, scope: Scope) -> Cell:
        inner = scope.inside()
        inner.locals = {scope.key(name) for name in node.expressions}
        return self.cell(node.this, inner)

    def _with(self, tree: exp.Expr, scope: Scope) -> None:
        with_ = tree.args.get("with_")
        if with_ is None:
            return
        for cte in with_.expressions:
            name, inner = scope.key(cte.args["alias"].this), cte.this
            names = cte.args["alias"].columns
            if with_.args.get("recursive") and isinstance(inner, exp.SetOperation):
                # The recursive branch sees the columns of the first one.
                scope.relations[name] = renamed(self.query(inner.left, scope, named=not names), names, scope)
            scope.relations[name] = renamed(self.query(inner, scope, named=not names), names, scope)

    def _union(self, tree: exp.SetOperation, scope: Scope, named: bool) -> Relation:
        by_name = bool(tree.args.get("by_name"))
        left = self.query(tree.left, scope, named=named)
        right = self.query(tree.right, scope, named=named and by_name)
        if by_name:
            return {name: either([side.get(name, Cell(NULL)) for side in (left, right)]) for name in {**left, **right}}
        if len(left) != len(right):
            scope.mistakes.append(
                mistake(
                    tree.right,
                    f"the sides of {tree.key.upper()} have {len(left)} and {len(right)} columns.",
                    "Give both the same columns.",
                )
            )
        sides = zip(left.items(), right.values(), strict=False)
        scope.aliases = {name: either([cell, other]) for (name, cell), other in sides}
        self._look(tree, "order", scope)
        return scope.aliases

    def _select(self, tree: exp.Select, scope: Scope, named: bool) -> Relation:
        add_sources(self, tree, scope)
        group = tree.args.get("group")
        scope.grouped = group is not None
        if group and group.find(exp.Rollup, exp.Cube, exp.GroupingSets):
            scope.sources = [source.nullable() for source in scope.sources]  # null stands for "all of them"
        early = ("where", "prewhere")
        for key in early if scope.dialect == "postgres" else ():
            self._look(tree, key, scope)
        for item in tree.expressions:
            for name, cell in self._outputs(item, scope, named):
                if name in scope.aliases and not named:
                    name = f"{name}?{len(scope.aliases)}"
                elif name in scope.aliases:
                    scope.mistakes.append(
                        mistake(item, f"two columns are called `{name}`.", "Give each its own name with AS.")
                    )
                scope.aliases[name] = cell
        for key in ("where", "group", "having", "qualify", "order", "distinct", "windows", "limit", "offset"):
            if not (scope.dialect == "postgres" and key in early):
                self._look(tree, key, scope)
        return scope.aliases

    def _look(self, tree: exp.Expr, key: str, scope: Scope) -> None:
        part = tree.args.get(key)
        for node in part if isinstance(part, list) else [part] if part is not None else []:
            self.cell(node, scope)

    def _outputs(self, item: exp.Expr, scope: Scope, named: bool) -> Iterator[tuple[str, Cell]]:
        if isinstance(item, exp.Star):
            yield from self._star(item, scope, None)
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            yield from self._star(item.this, scope, item)
        elif isinstance(item, exp.Alias):
            yield scope.written(item.args["alias"]), self.cell(item.this, scope)
        elif isinstance(item, exp.Column):
            yield self._column_name(item, scope), self.cell(item, scope)
        else:
            yield f"?{len(scope.aliases)}", self.cell(item, scope)
            if named:
                scope.mistakes.append(_nameless(item, scope))

    @staticmethod
    def _column_name(item: exp.Column, scope: Scope) -> str:
        """A column keeps its table's spelling, whatever case the query uses."""
        key = scope.key(item.this)
        known = (name for source in scope.sources for name in source.columns if scope.key(name) == key)
        return next(known, scope.written(item.this))

    def _star(self, star: exp.Expr, scope: Scope, of: exp.Column | None) -> Iterator[tuple[str, Cell]]:
        without = {scope.key(name.this) for name in star.args.get("except_") or ()}
        instead = {scope.key(part.args["alias"]): part for part in star.args.get("replace") or ()}
        sources = scope.sources
        if of is not None:
            source = scope.source(scope.key(of.args["table"]))
            sources = [source] if source else []
            if not source:
                known = [source.name for source in scope.sources]
                hint = way_out(of.table, known)
                scope.mistakes.append(mistake(of, f"no table or alias named `{of.table}` in this SELECT.", hint))
        if any(source.rest and source.rest is not UNKNOWN for source in sources):
            scope.mistakes.append(
                mistake(of or star, "`*` of a function gives columns that nobody can know.", "Name them.")
            )
        for name, cell in spread(scope, sources, whole=of is None):
            key = scope.key(name)
            if key in instead:
                yield name, self.cell(instead[key].this, scope)
            elif key not in without:
                yield name, cell


def _nameless(item: exp.Expr, scope: Scope) -> Mistake:
    text = item.sql(dialect=scope.dialect)
    shown = text if len(text) <= 40 else f"{text[:39]}…"
    found = mistake(item, f"`{shown}` has no name.", "Give it one with AS.")
    offset = scope.text.lower().find(text.lower())
    return Mistake(found.message, offset=offset, length=len(text), way_out=found.way_out) if offset >= 0 else found
