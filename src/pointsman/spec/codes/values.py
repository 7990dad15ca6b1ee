"""PM010 to PM018: keys and values that a file's class does not know."""

from typing import Final

from pointsman.spec.codes.code import Code

CODES: Final = (
    Code(
        "PM010",
        "The wrong type",
        "A key holds a text where a list belongs, a mapping where a number belongs, and so on. A number where a text "
        "belongs is no mistake: it is taken as it is written, so `1.10` keeps its zero.",
        "The message says what is wanted. Quotes make a text, `- ` or `[ ]` a list, `key: value` a mapping.",
        "project.yaml",
        "project: acme\ndescription: [a, b]\n",
    ),
    Code(
        "PM011",
        "A key is missing",
        "The file or a part of it cannot do without this key.",
        "Add it. project-files.md says what it means.",
        "connections/billing.yaml",
        "connection: billing\ntype: sqlite\n",
    ),
    Code(
        "PM012",
        "An unknown key",
        "Nothing reads this key. Mostly it is misspelt, or stands one level too high or too deep.",
        "Take the nearest known key, which the message names, or remove it.",
        "connections/billing.yaml",
        "connection: billing\ntype: sqlite\npath: b.db\nlimit: {rows: 5}\n",
    ),
    Code(
        "PM013",
        "A value that is not allowed",
        "The type is right, but the value is none of the choices, beyond a bound, or not written as such values are.",
        "Take one of the choices, or a value within the bounds.",
        "connections/billing.yaml",
        "connection: billing\ntype: sqlite\npath: b.db\nlimits: {rows: 0}\n",
    ),
    Code(
        "PM014",
        "A quantity without its unit, or with an unknown one",
        "Times are written `500ms`, `20s`, `10m`, `24h`, `3d`; sizes `64Mi`, `16Gi`; shares `5%`; prices `$0.25/1M`. A "
        "bare number would leave the reader to guess.",
        "Write the unit.",
        "connections/billing.yaml",
        "connection: billing\ntype: sqlite\npath: b.db\nlimits: {timeout: 20}\n",
    ),
    Code(
        "PM015",
        "A secret in the clear",
        "Files are committed, copied and shown, so they hold references to secrets only. The value is starred in this "
        "message; it is not in your git history.",
        "Put the secret into the environment, a file or a vault, and write `secret://env/NAME`, `secret://file/path`, "
        "`secret://vault/path#key` or `secret://k8s/ns/name#key`. If it was committed, change it.",
        "connections/erp.yaml",
        "connection: erp\ntype: http\nurl: https://erp.example\nauth: {bearer: hunter2}\n",
    ),
    Code(
        "PM016",
        "An unknown label",
        "Labels decide where a value may go, so a misspelt one must not count as none.",
        "Take one of `personal.*`, `confidential`, `secret`, `untrusted`, `identifier`, `region.<name>`.",
        "flows/f.yaml",
        "flow: f\ninput: {mail: {type: string, label: personal.mail}}\nsteps: {a: {python: m:f}}\n",
    ),
    Code(
        "PM017",
        "A step needs exactly one verb",
        "The verb says what a step does: `call`, `sql`, `score`, `ask`, `run`, `python` or `approve`. Without one it "
        "does nothing, with two the order would be a guess.",
        "Write one verb; make two steps of two.",
        "flows/f.yaml",
        "flow: f\nsteps:\n  rows: {with: {limit: 5}}\n",
    ),
    Code(
        "PM018",
        "An unknown kind of connection or model",
        "`type` of a connection and `task` of a model choose what else the file may say.",
        "Take one of the kinds that the message names.",
        "connections/crm2.yaml",
        "connection: crm2\ntype: salesfroce\nurl: https://acme.my.salesforce.com\n",
    ),
)
