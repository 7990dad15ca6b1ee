"""Every error, by what its reader must do.

    Fault
    ├── Refused     change the request or the project      4xx, exit 1
    ├── Later       try again, after `delay` seconds        429 / 503 / 504, exit 75; the engine retries
    └── Broken      an operator must act                    500 / 502, exit 69
        └── Uncertain   an outside write that may have happened; a person must look

A sentence says where, the rule, what was got and the way out:
`flows/churn.yaml:12: no model named 'churn-rsik'. Known: churn-risk, draft-mail.`
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from math import ceil
from typing import Final

_ENDS: Final = (".", "!", "?", ":", "…")


class Fault(Exception):
    """Something that a reader must act on. `status` is its HTTP status, `code` its page in the docs (PM…)."""

    status = 500

    def __init__(
        self, rule: str, *, where: str = "", way_out: str = "", code: str = "", status: int | None = None
    ) -> None:
        self.rule, self.where, self.way_out, self.code = rule, where, way_out, code
        if status is not None:
            self.status = status
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """Where, the rule with what was got, and the way out, as one line."""
        head = f"{self.where}: {self.rule}" if self.where else self.rule
        if not self.way_out:
            return head
        # A rule may end in what another system said, which need not be a sentence.
        return f"{head}{'' if head.endswith(_ENDS) else '.'} {self.way_out}"

    def hide(self, scrub: Callable[[str], str]) -> None:
        """Takes secrets out of every text of it, before anyone keeps or shows it."""
        self.rule, self.where, self.way_out = scrub(self.rule), scrub(self.where), scrub(self.way_out)
        self.args = (self.sentence,)

    def at(self, where: str) -> "Fault":
        """The same fault with its place put before it (a step, a connection); a nearer place stays."""
        if not self.where:
            self.where = where
            self.args = (self.sentence,)
        return self


class Refused(Fault):
    """The request or the project must change; trying again gives the same."""

    status = 422


class Later(Fault):
    """It may work if tried again, which is its way out where nothing better is said. `delay`: seconds that the other
    side asked for, if it did."""

    status = 503

    def __init__(
        self,
        rule: str,
        *,
        delay: float | None = None,
        where: str = "",
        way_out: str = "",
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(rule, where=where, way_out=way_out or _again(delay), code=code, status=status)
        self.delay = delay


def _again(delay: float | None) -> str:
    return "Try again later." if delay is None or delay <= 1 else f"Try again in {ceil(delay)} s."


class DeadlinePassed(Later):
    """The time given for it is over."""

    status = 504


class Broken(Fault):
    """An operator must act: a wrong credential, a system that answers nonsense, a defect of ours."""

    status = 500


class Uncertain(Broken):
    """An outside write that may have happened: nobody can tell. It is never repeated by itself; a person is asked."""

    def __init__(
        self,
        rule: str,
        *,
        where: str = "",
        way_out: str = "Whether it was done is not known: look there before you send it again.",
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(rule, where=where, way_out=way_out, code=code, status=status)


def nearest(got: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is near."""
    words = {word.lower(): word for word in known}
    found = get_close_matches(got.lower(), words, n=1, cutoff=0.6)
    return words[found[0]] if found else None


def way_out(got: str, known: Iterable[str], noun: str = "Known") -> str:
    """'Did you mean `x`?' when something is near, else the list of what there is (at most 12 of them)."""
    names = sorted(known)
    if near := nearest(got, names):
        return f"Did you mean `{near}`?"
    if not names:
        return f"{noun}: none."
    shown = ", ".join(names[:12])
    return f"{noun}: {shown}{', …' if len(names) > 12 else ''}."
