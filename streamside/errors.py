"""For what a person can put right, an author's file, a missing tool, a wrong name: the one error, and a complaint."""

from collections.abc import Callable
from dataclasses import dataclass, field


class UserError(Exception):
    """Something is not as it must be: `where` (file and line, or cell), `what` is wrong, the `remedy` (or "").

    As text it is one sentence, which the command prints instead of a traceback.
    """

    def __init__(self, where: str, what: str, remedy: str = "") -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return sentence(self.where, self.what, self.remedy)


@dataclass(frozen=True)
class Complaint:
    """Something that the checker finds wrong, in the same three parts; `fix` does what is mechanical."""

    where: str
    what: str
    remedy: str
    fix: Callable[[], None] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return sentence(self.where, self.what, self.remedy)


def sentence(where: str, what: str, remedy: str) -> str:
    """The three as one: "where: what; remedy"."""
    return f"{where}: {what}; {remedy}" if remedy else f"{where}: {what}"
