"""Each rule for examples, broken: what is said, where, and what to do; and all examples, which keep them."""

from pathlib import Path

import pytest

from streamside.catalogue import Example, Project
from streamside.site.example_rules import at_work, complaints, in_the_files, linted, of_its_page
from streamside.site.new_lesson import STARTERS

GOOD = (STARTERS / "page.py.txt").read_text().replace("TO DO: say in one sentence what this example shows.", "Numbers.")


@pytest.fixture
def example(tmp_path: Path):
    """`example(text)`: an example of that text."""

    def write(text: str) -> Example:
        (tmp_path / "examples").mkdir(exist_ok=True)
        (tmp_path / "examples/one.py").write_text(text)
        return Project(tmp_path).example("one")

    return write


def test_all_examples_keep_them():
    assert list(map(str, complaints(Project().examples))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Numbers.", "Numbers.", ""),
        ("Numbers.", "Numbers. And more.", "line 1: the title 'Numbers. And more.' is not one sentence"),
        ('"""Numbers."""', "", "line 1: has no docstring"),
        ('"""Numbers."""', '"""TO DO: x."""', "line 1: is still to be written"),
        ("# /// script", "# no script", "has no script block; add `# /// script`"),
        (
            '">=3.11"',
            '">=3.12"',
            'line 3: asks for another Python than the tutorial; write `requires-python = ">=3.11"`',
        ),
        ('">=3.11"', ">=3.11", "line 3: its script block is no TOML"),
        ("python-fasthtml>=0.14", "python-fasthtml>=99", "asks for python-fasthtml>=99, and "),
        ("python-fasthtml>=0.14", "no-such-package", "'no-such-package' is no package that is here"),
        (
            "import uvicorn",
            "import httpx\nimport uvicorn",
            "line 10: imports httpx, which its script block does not name",
        ),
        (
            "    canonical=False,\n",
            "",
            "FastHTML() without canonical=False; write `canonical=False`, or each page has a",
        ),
        ("    default_hdrs=False,\n", "", "FastHTML() without default_hdrs=False"),
        ("pico@2.1.1", "pico@2.0.0", "names @picocss/pico@2.0.0, and @picocss/pico@"),
        ("@picocss/pico@2.1.1", "jquery@3.0.0", "names jquery, which is not here; add it to package.json"),
        ("timeout_graceful_shutdown=1", "", "open streams would keep it from ending on Ctrl-C; end with"),
        ("uvicorn.run(app, ", "uvicorn.run(app, host='0.0.0.0', ", "serves other machines too; leave `host=` out"),
        ("    uvicorn.run(app, timeout_graceful_shutdown=1)", "    pass", "does not serve its `app` when it is run as"),
        ("async def numbers", "async def numbers)", "line 36: is no Python (unmatched ')'); correct it"),
    ],
)
def test_what_its_file_shows(example, old, new, said):
    assert old in GOOD
    found = list(map(str, in_the_files(example(GOOD.replace(old, new)))))
    assert found == [] if not said else any(said in text for text in found), found
    assert all(text.startswith("examples/one.py") for text in found)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("serve(app, host='127.0.0.1')", None),
        ("serve(app)", 'serves other machines too; write `host="127.0.0.1"`'),
        ("serve()", "does not serve its `app` when it is run as a script"),
    ],
)
def test_a_server_of_its_own_is_for_this_machine_alone(example, call, said):
    text = GOOD.replace("# ///\n", "# [tool.streamside]\n# own-server = true\n# ///\n")
    found = list(map(str, in_the_files(example(text.replace("uvicorn.run(app, timeout_graceful_shutdown=1)", call)))))
    assert len(found) == (1 if said else 0)
    assert all(said in each for each in found)


def test_a_version_is_mended(example):
    before = example(GOOD.replace("pico@2.1.1", "pico@2.0.0"))
    (complaint,) = in_the_files(before)
    complaint.fix()
    assert before.path.read_text() == GOOD


def test_what_ruff_says_and_mends(example):
    bad = example(GOOD.replace("from asyncio", "import json\nfrom asyncio").replace("range(1, 4)", "range(1,4)"))
    unused, layout = sorted(linted([bad]), key=str)
    assert str(unused).startswith("examples/one.py, line 8: ruff says F401: `json` imported but unused")
    assert str(layout).startswith("examples/one.py: has not the layout that ruff gives; ")
    unused.fix()
    assert bad.path.read_text() == GOOD
    assert list(linted([])) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"work": [], "status": 200, "page": "<html lang=en><title>A</title><h1>A</h1>"}, ""),
        ({"error": "ImportError: no x", "file": None, "line": None}, "one.py: cannot be imported (ImportError: no x)"),
        (
            {"work": ["socket.bind"], "status": 200, "page": ""},
            "one.py: does something when it is imported (socket.bind)",
        ),
        ({"work": [], "status": 404, "page": ""}, "one.py: answers 404 for its page"),
    ],
)
def test_what_it_does(example, told, said):
    found = list(map(str, at_work(example(GOOD), told)))
    assert any(said in text for text in found) if said else found == []


def test_an_error_on_import_has_its_line(example):
    """Two at once: each is imported for itself."""
    first = example(GOOD.replace("import uvicorn", "import no_such_module"))
    (first.path.parent / "two.py").write_text(GOOD)
    both = Project(first.path.parent.parent).examples
    said = list(map(str, complaints(both)))
    assert said == [
        "examples/one.py, line 10: cannot be imported (ModuleNotFoundError: No module named 'no_such_module'); "
        "correct it, or install what it needs"
    ]


PAGE = '<html lang="en"><title>A</title><link href="{}"><h1>A</h1>'
PICO = "https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (PAGE.format(PICO), ""),
        (PAGE.format("a/b"), ""),
        (PAGE.format(PICO.replace("pico.classless", "nothing")), "is not here"),
        (PAGE.format("/a"), "its page leads to /a; make it relative"),
        (PAGE.format("https://example.org/"), "its page leads to https://example.org/"),
        (PAGE.format("a") + "<script>fetch('https://example.org/')</script>", "its page names https://example.org/"),
        (PAGE.replace("en", "de").format("a"), "its page does not say its language"),
        (PAGE.format("a") + "<h1>A</h1>", "its headings of the first rank are ['A', 'A']; have one `h1`"),
        (PAGE.replace("<title>A", "<title>B").format("a"), "its page is titled 'B'"),
    ],
)
def test_what_its_page_shows(example, page, said):
    found = [str(complaint) for complaint in of_its_page(example(GOOD), page)]
    assert any(said in text for text in found) if said else found == []


def test_the_starters_lack_what_is_still_to_be_written_and_nothing_else(example):
    for file in STARTERS.glob("[!t]*.py.txt"):
        assert [complaint.what for complaint in in_the_files(example(file.read_text()))] == ["is still to be written"]


def test_a_folder_may_have_absolute_addresses(tmp_path):
    (tmp_path / "examples/two").mkdir(parents=True)
    (tmp_path / "examples/two/__init__.py").write_text(GOOD)
    assert list(of_its_page(Project(tmp_path).example("two"), PAGE.format("/a"))) == []
