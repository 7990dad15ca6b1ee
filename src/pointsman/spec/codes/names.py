"""PM026 to PM044: files and names that must fit each other."""

from typing import Final

from pointsman.spec.codes.code import Code

CODES: Final = (
    Code(
        "PM026",
        "Two flows behind one door",
        "A tool's name or a phrase leads to one flow.",
        "Give one of them another name or phrase.",
        "flows/f.yaml",
        "flow: f\ndoors: {mcp: {tool: other_tool}}\nsteps: {a: {run: other}}\n",
    ),
    Code(
        "PM027",
        "A schema refers to a table that it has not",
        "`references` names the table whose key a column holds, so that its columns can be asked through it.",
        "Describe that table too, or take the reference out.",
        "connections/crm.schema.yaml",
        "Account:\n  OwnerId: {type: string, references: User}\n",
    ),
    Code(
        "PM028",
        "No such Python function",
        "`python: module:function` names a module of the project's folder and a function at its top level.",
        "Correct the name, or write the function.",
        "flows/f.yaml",
        "flow: f\nsteps: {a: {python: helpers:tidy}}\n",
    ),
    Code(
        "PM029",
        "A Python file that cannot be read",
        "Python files of the project are read (not run) to know their functions.",
        "Correct the syntax. The line is the one that Python names.",
        "helpers.py",
        "def tidy(:\n",
    ),
    Code(
        "PM030",
        "A file of another name",
        "What is called `at-risk` stands in `at-risk.yaml` or `at_risk.yaml`, so that it can be found.",
        "Rename the file, or the thing.",
        "flows/f.yaml",
        "flow: g\nsteps: {a: {run: other}}\n",
    ),
    Code(
        "PM032",
        "Two things with one name",
        "A name stands for one connection, model, prompt or flow.",
        "Rename one of them.",
        "flows/oth-er.yaml",
        "flow: other\nsteps: {a: {run: f}}\n",
    ),
    Code(
        "PM033",
        "No project here",
        "A project is a folder with a `project.yaml` in it.",
        "Go to the folder, or make one: `pointsman init`.",
    ),
    Code(
        "PM034",
        "Nothing reads this file",
        "A warning: the file stands where project files are, but its name or folder says that it is none.",
        "Rename or move it, as the message says.",
        "flows/f.yml",
        "flow: f\n",
    ),
    Code(
        "PM035",
        "A named file does not exist",
        "A model's `file`, a prompt's `template` (both beside the file that names them) or a connection's `openapi` "
        "(from the project's folder) is not there.",
        "Correct the name, or add the file.",
        "connections/erp.yaml",
        "connection: erp\ntype: http\nurl: https://erp.example\nopenapi: erp.json\n",
    ),
    Code(
        "PM036",
        "A schema without a connection",
        "`connections/<name>.schema.yaml` is the picture of the connection `<name>`.",
        "Rename it like its connection, or delete it.",
        "connections/cmr.schema.yaml",
        "Account:\n  Id: {type: string}\n",
    ),
    Code(
        "PM037",
        "This is no JSON",
        "A model's `file`, or an OpenAPI document that ends in .json, cannot be read.",
        "Write it again with the tool that made it.",
    ),
    Code(
        "PM038",
        "A default that does not fit",
        "The default of an input must be what the input itself must be.",
        "Correct the default or the type.",
        "flows/f.yaml",
        "flow: f\ninput: {limit: {type: integer, default: many}}\nsteps: {a: {run: other}}\n",
    ),
    Code(
        "PM039",
        "No OpenAPI 3 document",
        "`openapi` of a connection names a document of OpenAPI 3.0 or 3.1, in JSON or YAML.",
        "Name the system's OpenAPI document; version 2 (Swagger) must be converted first.",
    ),
    Code(
        "PM040",
        "An overlay of something unknown",
        "`env/<name>.yaml` changes what the project has; it adds nothing. A misspelt name would otherwise leave the "
        "change without effect.",
        "Take one of the names that the message lists.",
        "env/prod.yaml",
        "connections:\n  cmr: {url: https://acme.my.salesforce.com}\n",
    ),
    Code(
        "PM041",
        "An unknown environment",
        "`--env prod` reads `env/prod.yaml`.",
        "Take one of the environments that the message lists, or write the file.",
    ),
    Code(
        "PM042",
        "An overlay that renames",
        "Names are the same in every environment, or flows would not find what they name.",
        "Take the line out.",
        "env/prod.yaml",
        "connections:\n  crm: {connection: crm2}\n",
    ),
    Code(
        "PM043",
        "A model's file and its inputs differ",
        "A classic model's file has a feature that `inputs` does not name, so the rows would not be checked for it.",
        "Add the column to `inputs`.",
    ),
    Code(
        "PM044",
        "Another version is required",
        "`requires` of project.yaml names versions of Pointsman; this one is not among them.",
        "Install one that is, or change the line when the project works with this one.",
        "project.yaml",
        "project: acme\nrequires: '>=99'\n",
    ),
)
