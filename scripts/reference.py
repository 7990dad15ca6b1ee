#!/usr/bin/env python
"""Writes the pages of docs/reference that come from the source: its classes, codes, verbs and actions.

python -m scripts.reference          writes them
python -m scripts.reference --check  says which differ from what it would write (exit 1)
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts import reference_cli, reference_effects

from pointsman import labels
from pointsman.spec.base import QUANTITIES
from pointsman.spec.classic import ClassicFile
from pointsman.spec.codes import CODES
from pointsman.spec.codes.code import Code
from pointsman.spec.json_schema import schema_of, schemas
from pointsman.spec.kinds import CONNECTION, MODEL
from pointsman.spec.step import VERBS, StepCommon

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"
_MADE = "<!-- Made by scripts/reference.py from the source; change it there. -->"
_HIDDEN = frozenset({"Field", "SchemaColumn", "Step", "FromReply", "UseValue", "Retry"})


def pages() -> dict[str, str]:
    """Text by file name."""
    return {
        "project-files.md": project_files(),
        "problems.md": problems(),
        "command-line.md": reference_cli.page(),
        "effects.md": reference_effects.page(),
    }


def project_files() -> str:
    known = schemas()
    parts = [
        _MADE,
        "# Project files",
        "Everything that a project folder may hold, key by key. `pointsman schema` writes the same as JSON Schemas, "
        "for completion and hints in editors; each kind of mistake is explained in [problems](problems.md).",
        _reading(),
        "## project.yaml",
        _table(known["project"]),
        *_others(known["project"].get("$defs", {}), skip=frozenset()),
        "## connections/&lt;name&gt;.yaml",
        "One business system. `type` chooses what else the file may say.",
        *_choices(known["connection"], CONNECTION.choices.keys()),
        "## connections/&lt;name&gt;.schema.yaml",
        "The committed picture of a connection: tables by name, columns by name. `pointsman describe <name>` writes "
        "it; labels are added by hand.",
        _heading(known["schema"]["$defs"]["SchemaColumn"], 3),
        _table(known["schema"]["$defs"]["SchemaColumn"]),
        f"Labels: {', '.join(f'`{label}`' for label in labels.known())}. No label is plain.",
        "## models/&lt;name&gt;.yaml",
        "Something that answers. `task` chooses what else the file may say.",
        *_choices(known["model"], MODEL.choices.keys()),
        "## models/&lt;name&gt;.json",
        "What a `classify` model's `file` says; written by a program that fits it.",
        *_with_parts(schema_of(ClassicFile)),
        "## prompts/&lt;name&gt;.md",
        "A head in YAML between two lines of `---`, then a Jinja2 text. A second file beside it, named by `template`, "
        "has no head.",
        _table(known["prompt"]),
        "## flows/&lt;name&gt;.yaml",
        "A graph of named steps with typed input and reply.",
        _table(known["flow"]),
        *_others(known["flow"]["$defs"], skip=_HIDDEN | {verb.__name__ for verb in VERBS.values()}),
        *_steps(known["flow"]["$defs"]),
        *[part for name in ("FromReply", "Field") for part in _class(name, known["flow"]["$defs"])],
        "## env/&lt;name&gt;.yaml",
        "An overlay: `{project: …, connections: {<name>: …}, models: …, prompts: …, flows: …}`, with only what "
        "differs. It is laid on the files as a JSON merge patch (RFC 7396): mappings key by key, lists and values "
        "whole, null takes a key away. Another `type` of a connection (or `task` of a model) replaces the whole file; "
        "its schema stays. An overlay changes what is there: it names nothing new and renames nothing.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _reading() -> str:
    forms = "\n".join(f"| {noun} | {form} |" for noun, form in QUANTITIES.values())
    return (
        "## How files are read\n\n"
        "YAML 1.2, core schema: only `true` and `false` are booleans, so `on`, `no`, `NO`, `12:30` and dates stay "
        "texts, and so do digits that start with 0 (`017`). A number where a text belongs is taken as it is written: "
        "`1.10` keeps its zero. Keys are always texts. Duplicate keys, tags and second documents are refused; aliases "
        "are followed within a bound. JSON is YAML too. A file has at most 1 Mi characters and 40 levels.\n\n"
        "| quantity | written |\n|---|---|\n"
        f"{forms}\n\n"
        "Secrets are references, resolved when they are needed and never stored: `secret://env/NAME`, "
        "`secret://file/path`, `secret://vault/path#key`, `secret://k8s/ns/name#key`."
    )


def _steps(classes: dict[str, Any]) -> Iterator[str]:
    common = {field.alias or name for name, field in StepCommon.model_fields.items()}
    yield "### Step"
    yield "One verb, and any of these around it."
    first = next(iter(VERBS.values())).__name__
    yield _table({**classes[first], "properties": _only(classes[first], common, keep=True)})
    yield from _others(classes, skip=frozenset(classes) - {"Retry", "UseValue"}, level=4)
    for name, verb in VERBS.items():
        schema = classes[verb.__name__]
        yield f"#### `{name}`"
        yield schema["description"]
        yield _table({**schema, "properties": _only(schema, common, keep=False)})


def _only(schema: dict[str, Any], names: set[str], *, keep: bool) -> dict[str, Any]:
    return {name: part for name, part in schema["properties"].items() if (name in names) == keep}


def _choices(schema: dict[str, Any], values: Any) -> Iterator[str]:
    """Each class that a file may be, then the classes that these use."""
    used = [choice["then"]["$ref"].rpartition("/")[2] for choice in schema["allOf"]]
    for value, name in zip(values, used, strict=True):
        yield f"### `{value}`"
        yield schema["$defs"][name]["description"]
        yield _table(schema["$defs"][name])
    yield from _others(schema["$defs"], skip=frozenset(used))


def _with_parts(schema: dict[str, Any]) -> Iterator[str]:
    """A class, then those that it uses."""
    yield _heading(schema, 3)
    yield _table(schema)
    yield from _others(schema["$defs"], skip=frozenset())


def _others(classes: dict[str, Any], *, skip: frozenset[str] | set[str], level: int = 3) -> Iterator[str]:
    for name in classes:
        if name not in skip:
            yield from _class(name, classes, level)


def _class(name: str, classes: dict[str, Any], level: int = 3) -> Iterator[str]:
    schema = classes[name]
    whole = next((choice for choice in schema.get("anyOf", ()) if "properties" in choice), schema)
    yield _heading(whole, level)
    yield _table(whole)


def _heading(schema: dict[str, Any], level: int) -> str:
    return f"{'#' * level} {schema['title']}\n\n{cell(schema.get('description', ''))}".strip()


def _table(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, part in schema["properties"].items():
        default = "required" if name in required else f"`{_plain(part['default'])}`" if "default" in part else ""
        rows.append(f"| `{name}` | {_type(part)} | {default} | {cell(part.get('description', ''))} |")
    return "\n".join(rows)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if set(schema.get("enum", ())) & set(labels.SIMPLE):
        return "label"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(_type(choice) for choice in schema[word]))
    return _simple(schema)


def _simple(schema: dict[str, Any]) -> str:
    pattern, kind = schema.get("pattern", ""), schema.get("type")
    if pattern in QUANTITIES:
        return QUANTITIES[pattern][0]
    if pattern.startswith("^secret"):
        return "secret reference"
    if pattern.startswith("^region"):
        return "label"
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"mapping of name to {_type(inner)}" if isinstance(inner, dict) else "mapping"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return words.get(str(kind), "anything") + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and most is None:
        return ""
    return f", {least} to {most}" if most is not None else f", at least {least}"


def cell(text: str) -> str:
    """One paragraph, fit for a table cell; code between backquotes stays as it is."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;").replace(">", "&gt;") for part in parts[::2]]
    return "`".join(parts)


def problems() -> str:
    parts = [
        _MADE,
        "# Problems",
        "Each finding of `pointsman check`, and some errors while flows run, carry one of these codes.",
        "\n".join(f"- [{code.code}](#{code.code.lower()}) {code.title}" for code in CODES.values()),
        *[_problem(code) for code in CODES.values()],
    ]
    return "\n\n".join(parts) + "\n"


def _problem(code: Code) -> str:
    parts = [f"## {code.code}", f"**{code.title}.** {code.why}", f"*Way out:* {code.cure}"]
    if code.example:
        language = {"md": "markdown", "py": "python"}.get(code.file.rpartition(".")[2], "yaml")
        shown = code.example if len(code.example) < 800 else code.example[:800]
        parts.append(f"`{code.file}` with this problem:\n\n```{language}\n{shown}```")
    return "\n\n".join(parts)


def main() -> int:
    made = pages()
    if "--check" in sys.argv:
        old = [name for name, text in made.items() if not (PAGES / name).exists() or (PAGES / name).read_text() != text]
        for name in old:
            sys.stderr.write(f"docs/reference/{name} is not what the source says; run: make docs\n")
        return 1 if old else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (PAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
