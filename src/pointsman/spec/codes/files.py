"""PM001 to PM009, PM019: files that cannot be read."""

from typing import Final

from pointsman.spec.codes.code import Code

CODES: Final = (
    Code(
        "PM001",
        "The file is not text",
        "Project files are UTF-8 text. The file has bytes that are no UTF-8, or control characters.",
        "Save it as UTF-8, and remove what is not text. Data does not belong into these folders.",
    ),
    Code(
        "PM002",
        "The file is too long",
        "A file that people write has at most 1 Mi characters; an OpenAPI document or a model's JSON at most 16 Mi.",
        "Split it. In a schema keep the tables that flows use; the system may have thousands more.",
    ),
    Code(
        "PM003",
        "This is no YAML",
        "The file breaks off or a line cannot be read. Often an expression or a text with `: ` needs quotes.",
        "Look at the caret and the line above it. Inside `{ }` and `[ ]` write expressions in quotes.",
        "flows/f.yaml",
        "flow: f\nsteps:\n  rows: {call: crm.query, with: {limit: ${{ input.limit }}}}\n",
    ),
    Code(
        "PM004",
        "A key is there twice",
        "Other readers take the last one and say nothing. Here that is a mistake, since one of them has no effect.",
        "Keep one.",
        "project.yaml",
        "project: acme\ndescription: one\ndescription: two\n",
    ),
    Code(
        "PM005",
        "A part of YAML that project files do not use",
        "Tags (`!x`), directives (`%TAG`), several documents in a file, and keys that are no text are refused: they "
        "make a value depend on who reads it.",
        "Write the value plainly, one document a file.",
        "project.yaml",
        "project: !!str acme\n",
    ),
    Code(
        "PM006",
        "Nested too deep",
        "Mappings and lists may stand in each other 40 deep. Nothing that people write comes near.",
        "Look for brackets that are never closed.",
        "project.yaml",
        "project: " + "[" * 45 + "\n",
    ),
    Code(
        "PM007",
        "Aliases repeat too much",
        "Aliases (`*name`) are followed, but all of a file's together may repeat 10,000 values at most: a short file "
        "could otherwise fill the memory.",
        "Write the values out.",
    ),
    Code(
        "PM008",
        "The file is empty",
        "A file that says nothing is more likely a mistake than a wish.",
        "Write something into it, or delete it.",
        "flows/f.yaml",
        "# nothing yet\n",
    ),
    Code(
        "PM009",
        "A prompt without front matter",
        "A prompt's file starts with a line of `---`, its head in YAML, and another line of `---`. A file without it "
        "is the offline text of a prompt, which must then name it under `template`.",
        "Write the head, close it, or name the file as a template.",
        "prompts/p.md",
        "---\nprompt: p\nversion: 1\nDear {{ name }}\n",
    ),
    Code(
        "PM019",
        "A number that cannot be kept",
        "Whole numbers have 64 bits, others are finite: anything else would change on its way through JSON or a "
        "database.",
        "Write it in quotes when it is a text, such as an account number.",
        "project.yaml",
        "project: acme\ndescription: 99999999999999999999999\n",
    ),
)
