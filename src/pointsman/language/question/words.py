"""Words that mean the same: one and many, typing mistakes, families; and words that add nothing to a question."""

from collections.abc import Sequence
from typing import Final

from pointsman.language.question.tokens import Token


def _each(text: str) -> list[str]:
    return text.split()


FILLERS: Final = frozenset(
    _each(
        "a all also am an and are as at be can could display do does during each every find for from get give has have"
        " hello hi i in is it just kindly let like likely list look may me might need of on only our out per please see"
        " show tell thank thanks that the their them then there these they those to us want we what which who whom will"
        " with within would you"
    )
)
"""Words that change nothing about what is asked. `my` is not among them: it narrows to the asker's own."""

FILLER_PHRASES: Final = (("each", "one"), ("every", "one"), ("let's",), ("i'd",), ("i'm",), ("we'd",))

NEGATIONS: Final = frozenset(
    _each(
        "no not non none never neither nor without except excluding exclude excepting but unless other than besides"
        " cannot can't don't doesn't isn't aren't won't"
    )
)

FAMILIES: Final[tuple[tuple[tuple[str, ...], ...], ...]] = (
    (("customer",), ("client",), ("account",)),
    (("churn",), ("leave",)),
    (("email",), ("e", "mail"), ("mail",)),
    (("draft",), ("drafted",), ("drafting",), ("write",), ("prepare",), ("compose",)),
    (("product",), ("article",)),
    (("ticket",), ("case",)),
)
"""Each family may be used when the flow's own phrases or title hold one of it."""

ADJECTIVES: Final = {"email": ("personalized", "personalised")}
"""What may be said of a word without asking for anything else. *Personal* is none: personal emails may be addresses."""

NUMBER_WORDS: Final = {
    word: number
    for number, word in enumerate(_each("one two three four five six seven eight nine ten eleven twelve"), start=1)
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100}

_KNOWN: Final = FILLERS | NEGATIONS | NUMBER_WORDS.keys() | {word for kin in FAMILIES for each in kin for word in each}


def same(token: Token, word: str) -> bool:
    """Whether a token is this word, in one or many, or with a typing mistake. A word in capitals must be so written."""
    if word.isupper() and len(word) > 1 and token.kind == "word":
        return token.text == word
    return token.word == word or (token.kind == "word" and (_in_number(token.word, word) or typo(token.word, word)))


def follows(tokens: Sequence[Token], start: int, phrase: Sequence[str]) -> bool:
    """Whether this phrase stands here."""
    here = tokens[start : start + len(phrase)]
    return len(here) == len(phrase) and all(map(same, here, phrase))


def is_word(word: str, phrase: Sequence[str]) -> bool:
    """Whether a phrase is this one word, in one or many."""
    return len(phrase) == 1 and (word == phrase[0] or _in_number(word, phrase[0]))


def typo(got: str, meant: str) -> bool:
    """One slip of the fingers in five letters or more, two in eight or more.

    Not where the first letter differs or an ending was added (churned is not churn), nor where `got` is a word that
    the grammar knows.
    """
    shorter = min(len(got), len(meant))
    if shorter < 5 or got[0] != meant[0] or got.startswith(meant) or got in _KNOWN or not got.isalpha():
        return False
    return 0 < slips(got, meant) <= (2 if shorter >= 8 else 1)


def slips(one: str, two: str) -> int:
    """Letters added, left out, changed or swapped with a neighbour (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, b in enumerate(two, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _in_number(one: str, two: str) -> bool:
    """customer and customers, business and businesses, company and companies."""
    short, long = sorted((one, two), key=len)
    if len(short) < 3:
        return False
    return long in (f"{short}s", f"{short}es") or (short[-1] == "y" and long == f"{short[:-1]}ies")
