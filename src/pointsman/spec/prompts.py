"""Prompts with their texts."""

from pointsman.errors import way_out
from pointsman.spec import front_matter
from pointsman.spec.gather import Gathered
from pointsman.spec.kinds import PROMPT
from pointsman.spec.node import Entry, Node, Scalar, Tree
from pointsman.spec.place import at
from pointsman.spec.prompt import Prompt, PromptHead
from pointsman.spec.text import unreadable


def gather_prompts(files: list[str], gathered: Gathered) -> dict[str, Prompt]:
    """Prompts by name. Of the files, those without front matter are the offline texts of others."""
    texts = [file for file in files if not front_matter.has_front_matter(gathered.source(file))]
    found: dict[str, Prompt] = {}
    used: set[str] = set()
    for file in files:
        if file in texts:
            continue
        prompt = _prompt(file, texts, gathered, used)
        if prompt is not None:
            found[prompt.prompt] = prompt
    for file in texts:
        if file not in used and not _names_it_badly(file, gathered):
            place = gathered.source(file).place(0)
            cure = "Start it with a line of ---, the head and another ---; or name it in a prompt's `template:`."
            gathered.add("PM009", place, "no front matter, and no prompt names this file as its `template`", cure)
    return found


def _prompt(file: str, texts: list[str], gathered: Gathered, used: set[str]) -> Prompt | None:
    head, text, problems = front_matter.read(gathered.source(file))
    gathered.problems += problems
    _, item = gathered.one(PROMPT, file, head)
    offline = _offline(file, item, texts, gathered, used) if isinstance(item, PromptHead) else None
    if text is None or not isinstance(item, PromptHead):
        return None
    gathered.trees[file] = _with_texts(gathered.trees[file], text, offline)
    said = {name: getattr(item, name) for name in PromptHead.model_fields}
    return Prompt.model_construct(**said, text=text.text, offline=offline.text if offline else None)


def _offline(file: str, head: PromptHead, texts: list[str], gathered: Gathered, used: set[str]) -> Scalar | None:
    """The text that a prompt's `template` names."""
    if head.template is None:
        return None
    named = f"{PROMPT.folder}/{head.template}"
    if named not in texts:
        place = at(gathered.trees[file], ("template",))
        known = [text.removeprefix(f"{PROMPT.folder}/") for text in texts]
        gathered.add("PM035", place, f"no file {named}", way_out(head.template, known, "Files without front matter"))
        return None
    used.add(named)
    source = gathered.source(named)
    if fault := unreadable(source):
        gathered.problems.append(fault)
        return None
    return front_matter.raw(source)


def _names_it_badly(file: str, gathered: Gathered) -> bool:
    """Whether the prompt that this text belongs to has mistakes of its own, so that its `template` is not known."""
    stem = file.rpartition("/")[2].partition(".")[0]
    return ("prompt", stem.replace("-", "_").lower()) in gathered.broken


def _with_texts(head: Node, text: Scalar, offline: Scalar | None) -> Node:
    if not isinstance(head, Tree):
        return head
    texts = {"text": text, "offline": offline} if offline else {"text": text}
    entries = {name: Entry(scalar, scalar) for name, scalar in texts.items()}
    return Tree(head.source, head.start, {**head.entries, **entries})
