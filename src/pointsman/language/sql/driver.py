"""A query in the words of its driver."""

from dataclasses import dataclass

from pointsman.language.sql.read import Query


@dataclass(frozen=True, slots=True)
class Bound:
    """A text with parameters `$1`, `$2`, …, and the names whose values go there, in that order."""

    text: str
    names: tuple[str, ...]


def for_driver(query: Query) -> Bound:
    """The query with numbered parameters, as PostgreSQL takes them; SQLite and DuckDB take names as they are written.

    Strings, comments and `::casts` stay untouched: parameters were found among the tokens.
    """
    names = tuple(dict.fromkeys(parameter.name for parameter in query.places))
    pieces, end = [], 0
    for place in query.places:
        pieces += [query.text[end : place.offset], f"${names.index(place.name) + 1}"]
        end = place.offset + place.length
    return Bound("".join(pieces) + query.text[end:], names)
