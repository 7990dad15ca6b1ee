"""From pydantic's location of an error to the path in the file, and to the classes that were meant there.

Pydantic puts the name of a union's arm into a location (`steps.accounts.call.with`: the second `call` is an arm).
Walking the annotations along a location tells arms from keys without guessing.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Tag

from pointsman.spec.described import described
from pointsman.spec.node import Key, Path


@dataclass(frozen=True, slots=True)
class Arm:
    """A union was entered after `depth` elements of the path, by the arm called `label`."""

    depth: int
    label: str


@dataclass(frozen=True, slots=True)
class Trail:
    """`models`: the classes that describe the mapping at the path's end, or around its last key."""

    path: Path
    arms: tuple[Arm, ...]
    models: tuple[type[BaseModel], ...]
    on_key: bool
    """The fault is the key itself, not its value."""


def follow(root: type[BaseModel], location: tuple[Key, ...]) -> Trail:
    """Where a location leads from a file's class."""
    here: list[Any] = [root]
    path: list[Key] = []
    arms: list[Arm] = []
    models: tuple[type[BaseModel], ...] = ()
    entering = True
    for element in location:
        if element == "[key]":
            return Trail(tuple(path), tuple(arms), models, on_key=True)
        entered = _arms(here)
        if entering and len(entered) > 1:
            arms.append(Arm(len(path), str(element)))
            here = [arm for labels, arm in entered if element in labels] or [arm for _, arm in entered]
            entering = False
            continue
        entering = True
        here = [arm for _, arm in entered]
        models = tuple(arm for arm in here if _is_model(arm)) or models
        here = [part for arm in here for part in _parts(arm, element)]
        path.append(element)
    ends = tuple(arm for _, arm in _arms(here) if _is_model(arm))
    return Trail(tuple(path), tuple(arms), models or ends, on_key=False)


def keys(models: tuple[type[BaseModel], ...]) -> dict[str, str]:
    """The keys that the classes know, as written in files, with their descriptions."""
    return {key: text for model in models for key, text in described(model).items()}


def _arms(annotations: list[Any]) -> list[tuple[frozenset[Key], Any]]:
    return [arm for annotation in annotations for arm in _open(annotation, frozenset())]


def _open(annotation: Any, labels: frozenset[Key]) -> Iterator[tuple[frozenset[Key], Any]]:
    """The arms of an annotation, each with the labels that pydantic may give it; one arm when it is no union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *rest = get_args(annotation)
        yield from _open(inner, labels | {part.tag for part in rest if isinstance(part, Tag)})
    elif origin in (Union, types.UnionType):
        for arm in get_args(annotation):
            if arm is not type(None):
                yield from _open(arm, frozenset())
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _open(annotation.model_fields["root"].annotation, labels)
    elif _is_model(annotation):
        yield labels | {annotation.__name__, *_literals(annotation)}, annotation
    else:
        yield labels, annotation


def _literals(model: type[BaseModel]) -> Iterator[str]:
    for field in model.model_fields.values():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            yield from get_args(field.annotation)


def _parts(annotation: Any, element: Key) -> Iterator[Any]:
    """What stands under a key or index."""
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if element in (field.alias, name):
                yield field.annotation
    elif get_origin(annotation) in (dict, Mapping):
        yield get_args(annotation)[1]
    elif get_origin(annotation) in (tuple, list):
        yield get_args(annotation)[0]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
