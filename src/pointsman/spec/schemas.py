"""The committed pictures of connections."""

from pointsman.errors import way_out
from pointsman.spec.gather import Gathered, plain
from pointsman.spec.kinds import CONNECTION
from pointsman.spec.layout import schema_of
from pointsman.spec.problem import Place
from pointsman.spec.schema import Schema
from pointsman.spec.validation import check


def gather_schemas(files: list[str], gathered: Gathered) -> dict[str, Schema]:
    """Schemas by connection."""
    known = {plain(name): name for name in gathered.names.get(CONNECTION.section, ())}
    found = {}
    for file in files:
        stem = schema_of(file)
        name = known.get(plain(stem))
        if name is None:
            way = way_out(stem, known.values(), "Connections")
            gathered.add("PM036", Place(file), f"there is no connection `{stem}` that this is the schema of", way)
        schema = _schema(file, gathered)
        if schema is None:
            gathered.broken.add(("schema", plain(stem)))
        elif name is not None:
            found[name] = schema
            gathered.homes["schema", name] = file
    return found


def _schema(file: str, gathered: Gathered) -> Schema | None:
    tree = gathered.tree(file)
    if tree is None:
        return None
    gathered.trees[file] = tree
    schema, problems = check(Schema, tree)
    gathered.problems += problems
    return schema
