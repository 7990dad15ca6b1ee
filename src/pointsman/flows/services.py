"""What steps act with; assembled once for a project and handed to each verb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.connectors.limits import Limited
from pointsman.inference.port import Writer
from pointsman.language.offline import Offline
from pointsman.language.prompt import PromptText
from pointsman.sets import Sets
from pointsman.shape import Value
from pointsman.spec.classic import ClassicFile
from pointsman.spec.project import Project
from pointsman.spec.prompt import Prompt


@dataclass(frozen=True, slots=True)
class ReadyPrompt:
    """A prompt with its texts compiled. `defaults`: of the inputs that need not be given."""

    prompt: Prompt
    text: PromptText
    offline: Offline | None
    defaults: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Services:
    """`writers`, `classics`: by model name. `function`: from `module:function` to the function. `scrub`: takes secrets
    out of a text."""

    project: Project
    connections: Mapping[str, Limited]
    sets: Sets
    classics: Mapping[str, ClassicFile]
    writers: Mapping[str, Writer]
    prompts: Mapping[str, ReadyPrompt]
    function: Callable[[str], Callable[..., Any]]
    scrub: Callable[[str], str]
