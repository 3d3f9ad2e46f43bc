"""A program's definitions, each with what belongs to it."""

from streamside.definitions import definitions


def test_variables_members_and_comments_above_belong_to_definitions():
    text = "# why\nx: int = 1\n\nclass A:\n    # how\n    @staticmethod\n    def f():\n        return 1\n"
    text += "\nif __name__ == '__main__':\n    f()\n"
    found = definitions(text)
    assert found["x"] == "# why\nx: int = 1"
    assert found["A.f"] == "# how\n@staticmethod\ndef f():\n    return 1"
    assert found["__main__"] == "if __name__ == '__main__':\n    f()"
