"""The words that a flow itself brings: those of its phrases, its title and its name, and their families."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.language.question import words
from pointsman.language.question.readable import Readable
from pointsman.language.question.tokens import Token, tokens


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`phrases`: the content words of each phrase that leads to the flow; `entries`: all that may be said of it."""

    phrases: tuple[tuple[str, ...], ...]
    entries: tuple[tuple[str, ...], ...]

    def match(self, found: Sequence[Token], start: int) -> int:
        """How many tokens from here are words of the flow's own; 0 = none."""
        return max((len(entry) for entry in self.entries if words.follows(found, start, entry)), default=0)

    def said(self, found: Sequence[Token]) -> frozenset[str]:
        """The words of those phrases that the question holds whole, in any order."""
        held = [phrase for phrase in self.phrases if phrase and all(_holds(found, word) for word in phrase)]
        return frozenset(word for phrase in held for word in phrase)


def of_flow(flow: Readable) -> Vocabulary:
    phrases = tuple(content(phrase) for phrase in flow.phrases)
    own = {word for phrase in phrases for word in phrase} | {*content(flow.title), *content(flow.name)}
    entries: set[tuple[str, ...]] = {(word,) for word in own}
    for word in own:
        entries.update(_family(word))
        entries.update(
            (way,) for noun, ways in words.ADJECTIVES.items() if words.is_word(word, (noun,)) for way in ways
        )
    return Vocabulary(phrases, tuple(sorted(entries)))


def content(text: str) -> tuple[str, ...]:
    """The words of a text that say something."""
    left_out = words.FILLERS | words.NEGATIONS
    return tuple(token.word for token in tokens(text) if token.kind == "word" and token.word not in left_out)


def _holds(found: Sequence[Token], word: str) -> bool:
    return any(words.follows(found, start, entry) for start in range(len(found)) for entry in _family(word))


def _family(word: str) -> set[tuple[str, ...]]:
    """The word and those that mean the same."""
    return {(word,)}.union(*(family for family in words.FAMILIES if any(words.is_word(word, way) for way in family)))
