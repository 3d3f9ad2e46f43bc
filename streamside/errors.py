"""The one error for what a person can put right: an author's file, a missing tool, a name that is not there."""


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


def sentence(where: str, what: str, remedy: str) -> str:
    """The three as one: "where: what; remedy"."""
    return f"{where}: {what}; {remedy}" if remedy else f"{where}: {what}"
