"""PM201 to PM221: flows whose steps do not fit together."""

from typing import Final

from pointsman.spec.codes.code import Code


def _flow(steps: str, rest: str = "") -> str:
    return f"flow: f\n{rest}steps:\n{steps}"


_ROWS: Final = "  rows: {call: crm.query, with: {soql: SELECT Id FROM Account}}\n"

CODES: Final = (
    Code(
        "PM201",
        "An expression, template or query that cannot be read",
        "The text in the caret is outside the grammar of expressions, SQL or SOQL.",
        "The message says what was expected. Values go into a query as `:name` (`$name` in a `sql` step).",
        "flows/f.yaml",
        _flow("  a: {python: m:f, with: {x: '${{ 1 + }}'}}\n"),
    ),
    Code(
        "PM202",
        "An expression that does not fit its values",
        "A name is unknown, a field is missing, or a sum or comparison makes no sense for the types. A condition must "
        "be true or false, never null.",
        "Take the nearest name, or say what a null means: `default(x, y)`.",
        "flows/f.yaml",
        _flow("  a: {python: m:f, with: {x: '${{ input.sgement }}'}}\n", "input: {segment: string}\n"),
    ),
    Code(
        "PM203",
        "`each` goes over a list",
        "The value is no list. An `each` step gives an object with `ok` and `failed`, an approval one with `approved`.",
        "Name the list in it, such as `drafts.ok`.",
        "flows/f.yaml",
        _flow("  a: {each: '${{ input.segment }}', python: m:f}\n", "input: {segment: string}\n"),
    ),
    Code(
        "PM204",
        "No such connection or action",
        "`call: crm.query` names a connection and one of its actions.",
        "Take one of the names that the message lists. An HTTP connection has the operations of its OpenAPI document.",
        "flows/f.yaml",
        _flow("  rows: {call: crm.qeury, with: {soql: SELECT Id FROM Account}}\n"),
    ),
    Code(
        "PM205",
        "A write inside `each` needs a `key`",
        "The key makes an item's effect happen once, also when the run is resumed.",
        "Add `key: ${{ … }}` with something that names the item, such as its id.",
        "flows/f.yaml",
        _flow(
            _ROWS + "  send:\n    each: rows\n    call: crm.upsert\n"
            "    with: {object: Account, external_id: Id, records: ['${{ item }}']}\n"
        ),
    ),
    Code(
        "PM206",
        "An argument too many or too few",
        "`with:` holds what the action takes.",
        "Add or remove the argument that the message names.",
        "flows/f.yaml",
        _flow("  rows: {call: crm.query, with: {sql: SELECT Id FROM Account}}\n"),
    ),
    Code(
        "PM207",
        "A connection without a schema",
        "A warning: the columns are not known, so nothing that reads them can be checked before the flow runs.",
        "Run `pointsman describe <connection>` and commit the file.",
        "flows/f.yaml",
        _flow("  rows: {call: bare.query, with: {sql: SELECT id FROM t}}\n", "reply: {rows: {from: rows}}\n"),
    ),
    Code(
        "PM208",
        "A query that does not fit its tables",
        "A table or column is not in the schema (or not among the steps, for a `sql` step), or is used as what it is "
        "not.",
        "Take the nearest name; `pointsman describe <connection>` reads the schema anew.",
        "flows/f.yaml",
        _flow("  rows: {call: crm.query, with: {soql: SELECT Nmae FROM Account}}\n"),
    ),
    Code(
        "PM209",
        "Parameters and values differ",
        "Each `:name` of a query (`$name` of a `sql` step) has a value, and each value a place.",
        "Add or remove the one that the message names.",
        "flows/f.yaml",
        _flow("  rows: {call: crm.query, with: {soql: 'SELECT Id FROM Account WHERE Name = :name'}}\n"),
    ),
    Code(
        "PM210",
        "No such model",
        "`score` names a classic model, `ask` a language model.",
        "Take one of the names that the message lists.",
        "flows/f.yaml",
        _flow("  a: {ask: wirter, prompt: letter, with: {name: Ann}}\n"),
    ),
    Code(
        "PM211",
        "Rows that a model cannot score",
        "The step under `rows` does not exist, or has not the columns that the model's `inputs` name, or has them with "
        "other types.",
        "Select the columns in SQL, under the names and types of the model.",
        "flows/f.yaml",
        _flow(_ROWS + "  scored: {score: churn, rows: rows}\n"),
    ),
    Code(
        "PM212",
        "No such prompt",
        "`prompt` of an `ask` step names a file in prompts/.",
        "Take one of the names that the message lists.",
        "flows/f.yaml",
        _flow("  a: {ask: writer, prompt: lettre, with: {name: Ann}}\n"),
    ),
    Code(
        "PM213",
        "A prompt's text that does not fit its inputs",
        "The text uses a name or a field that the step does not give, or cannot be read.",
        "Correct the name, or add it to `input` and to the step's `with`.",
    ),
    Code(
        "PM214",
        "Inputs that do not fit",
        "A prompt or a flow is given an input that it has not, without one that it needs, or of another type.",
        "Give what `input` says.",
        "flows/f.yaml",
        _flow("  a: {ask: writer, prompt: letter, with: {nmae: Ann}}\n"),
    ),
    Code(
        "PM215",
        "No such flow",
        "`run` names another flow of the project.",
        "Take one of the names that the message lists.",
        "flows/f.yaml",
        _flow("  a: {run: othre}\n"),
    ),
    Code(
        "PM216",
        "An approval of nothing",
        "`approve` names a step with `each`; its items are what a person decides on.",
        "Name such a step.",
        "flows/f.yaml",
        _flow("  a: {approve: draft, by: role:lead, within: 1d}\n"),
    ),
    Code(
        "PM217",
        "Flows that run each other in a circle",
        "None of them could ever end.",
        "Take one of the `run` steps out.",
        "flows/f.yaml",
        _flow("  a: {run: f}\n"),
    ),
    Code(
        "PM218",
        "Steps that wait for each other in a circle",
        "Each reads what another gives, so none can be the first.",
        "Take one of the references out.",
        "flows/f.yaml",
        _flow("  a: {python: m:f, with: {x: '${{ b }}'}}\n  b: {python: m:f, with: {x: '${{ a }}'}}\n"),
    ),
    Code(
        "PM219",
        "A name that is taken",
        "`input` is the flow's input; the name of `as` must differ from those of steps.",
        "Choose another name.",
        "flows/f.yaml",
        _flow("  input: {python: m:f}\n"),
    ),
    Code(
        "PM220",
        "A reply with an unknown column",
        "`columns` of a reply names columns that the step gives.",
        "Take one of the names that the message lists.",
        "flows/f.yaml",
        _flow(_ROWS, "reply: {rows: {from: rows, columns: [Idd]}}\n"),
    ),
    Code(
        "PM221",
        "Nothing reads a step",
        "A warning: the step reads from a system, and no other step nor the reply uses what it gives.",
        "Use it, or take it out.",
        "flows/f.yaml",
        _flow(_ROWS),
    ),
    Code(
        "PM222",
        "A modifier that needs `each`",
        "`as`, `key`, `concurrency` and `on_error: collect` are about the items of an `each` step.",
        "Add `each`, or take the modifier out. A step without items goes on with `on_error: empty` or `{use: value}`.",
        "flows/f.yaml",
        _flow("  a: {python: m:f, on_error: collect}\n"),
    ),
)
