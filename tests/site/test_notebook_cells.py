"""Code cells begin with their options; texts come whole or in lines."""

from streamside.site.notebook_cells import joined, options


def test_options_are_told_from_the_code_below_them():
    assert options("#| echo: false\n#| label: a-b\n\nprint(1)\n#| echo: true\n") == (
        {"echo": "false", "label": "a-b"},
        "print(1)\n#| echo: true",
    )


def test_a_text_of_lines_is_one_text():
    assert joined(["a\n", "b"]) == joined("a\nb") == "a\nb"
