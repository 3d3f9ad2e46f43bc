"""What the cells of a notebook hold: of code its options, of outputs their text."""

import re

OPTION = re.compile(r"^#\| *([\w-]+): *(.*)$")


def options(text: str) -> tuple[dict[str, str], str]:
    """The options that Quarto reads at the head of a code cell (`#| echo: false`), and the code below them."""
    lines = text.splitlines()
    found = {}
    while lines and (option := OPTION.match(lines[0])):
        found[option[1]] = option[2].strip()
        del lines[0]
    return found, "\n".join(lines).strip("\n")


def joined(text: str | list[str]) -> str:
    """A text that JSON holds as one string or as lines."""
    return text if isinstance(text, str) else "".join(text)
