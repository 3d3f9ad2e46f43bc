"""Each complaint of the checker, provoked; and a tutorial that is in order, with none."""

import json
from pathlib import Path

import pytest

from streamside.catalogue import Project
from streamside.errors import UserError
from streamside.paths import COMMAND
from streamside.site import check as check_module
from streamside.site.check import check, false_claims, invalid_html, scope
from streamside.site.outdated import output_digests, outputs_digest
from tests.small_tutorial import code, markdown, write_lesson

SHOWN = code('from examples import one\nfrom streamside.lab import source\nsource(one, "app")')


def stdout(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def html_output(text: str) -> dict:
    return {"output_type": "display_data", "data": {"text/html": text}, "metadata": {}}


@pytest.fixture
def complaints(project):
    """`complaints(*cells, …)`: what the checker says of a lesson of these cells, run and rendered."""

    def of(*cells: dict, page: str = "<h1 id=a>A</h1>", sound: bool = True, **front_matter: str) -> list[str]:
        lesson = write_lesson(project, *cells, SHOWN, **{"examples": "[one]", **front_matter})
        if sound:
            notebook = json.loads(lesson.file.read_text())
            notebook["metadata"]["streamside"] = {
                "digest": outputs_digest(lesson),
                "outputs": output_digests(notebook),
            }
            lesson.file.write_text(json.dumps(notebook))
        (project / "_site/notebooks").mkdir(parents=True, exist_ok=True)
        (project / "_site/notebooks/01-a.html").write_text(page)
        return list(map(str, check(Project(project), project / "_site")))

    return of


def test_what_is_in_order_gives_no_complaint(complaints):
    assert complaints(markdown("A.")) == []


def test_outputs_that_are_out_of_date(complaints):
    (said,) = complaints(markdown("A."), sound=False)
    assert said == (f"notebooks/01-a.ipynb: the stored outputs are out of date; `{COMMAND} run notebooks/01-a.ipynb`")


def test_a_definition_that_no_lesson_shows(complaints, project):
    (project / "examples/one.py").write_text('"""One."""\n\n\ndef app():\n    pass\n\n\nclass Hidden:\n    pass\n')
    (said,) = complaints(markdown("A."))
    assert said == 'examples/one.py, line 8: no lesson shows `Hidden`; add `source(one, "Hidden")` to one'


def test_an_example_that_no_lesson_imports(complaints, project):
    (project / "examples/two.py").write_text('"""Two."""\n\n\ndef app():\n    pass\n')
    (said,) = complaints(markdown("A."))
    assert said.startswith("examples/two.py, line 4: no lesson shows `app`")


def test_an_example_that_is_no_python_is_said_with_its_line(complaints, project):
    (project / "examples/one.py").write_text('"""One."""\n\nx =\n')
    with pytest.raises(UserError, match=r"^examples/one\.py, line 3: invalid syntax$"):
        complaints(markdown("A."))


def test_a_class_shown_by_its_members(complaints, project):
    (project / "examples/one.py").write_text('"""One."""\n\n\nclass A:\n    def f(self): ...\n    def g(self): ...\n')
    part = code('source(one, "A.f")')
    assert "no lesson shows `A`" in complaints(part)[0]
    assert complaints(part, code('source(one, "A.g")')) == []


def test_a_definition_in_a_file_of_a_folder(complaints, project):
    (project / "examples/three").mkdir()
    (project / "examples/three/__init__.py").write_text('"""Three."""\n')
    (project / "examples/three/views.py").write_text("def view():\n    pass\n")
    (said,) = complaints(markdown("A."))
    assert said.startswith("examples/three/views.py, line 1: no lesson shows `view`")
    assert complaints(code("from examples.three import views\nsource(views)"), examples="[one, three]") == []


def test_a_lesson_that_the_table_of_contents_does_not_name(complaints, project):
    (project / "notebooks/02-b.ipynb").write_text("{}")
    (said,) = complaints(markdown("A."))
    assert said == (
        "notebooks/02-b.ipynb: no part of _quarto.yml names this lesson; add `- href: notebooks/02-b.ipynb` to one"
    )


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8123/", "localhost:5001", "/home/ada/streamside/x.py", "/tmp/ipykernel_1/2.py"]
)
def test_an_address_of_this_machine_in_an_output(complaints, address):
    (said,) = complaints(code("1", stdout(f"see {address} there")))
    assert said.startswith("notebooks/01-a.ipynb, cell 2: the output names")
    assert complaints(markdown(f"see {address} there")) == [], "prose may speak of addresses"


@pytest.mark.parametrize("link", ["02-b.html", "../about.html#x", "#nowhere", "01-a.html#nowhere"])
def test_a_dead_link_or_anchor(complaints, link):
    (said,) = complaints(markdown(f"[b]({link})"), page=f'<h1 id=a>A</h1><a href="{link}">b</a>')
    assert said.startswith(f"notebooks/01-a.ipynb, cell 2: the link {link} leads to no ")


def test_links_that_lead_somewhere(complaints):
    links = ["#a", "01-a.html#a", "https://example.org/#x", "mailto:a@example.org", "../notebooks/01-a.html?x=1"]
    assert (
        complaints(markdown("#"), page="<h1 id=a>A</h1>" + "".join(f'<a href="{link}">.</a>' for link in links)) == []
    )


def test_a_page_that_has_not_been_rendered(complaints, project):
    complaints(markdown("A."))
    (project / "_site/notebooks/01-a.html").unlink()
    (said,) = map(str, check(Project(project), project / "_site"))
    assert said == f"notebooks/01-a.ipynb: has not been rendered; `{COMMAND} build`"


@pytest.mark.parametrize("cell", [markdown("![](x.png)"), code("1", html_output("<img src=x.png>"))])
def test_a_picture_without_alternative_text(complaints, cell):
    (said,) = complaints(cell)
    assert "cell 2: " in said
    assert said.endswith("has no alternative text; say what it shows")


def test_a_pasted_picture(complaints):
    cell = {**markdown("![image.png](attachment:image.png)"), "attachments": {"image.png": {"image/png": "iVBORw0K"}}}
    (said,) = complaints(cell)
    assert said.startswith("notebooks/01-a.ipynb, cell 2: image.png was pasted into the notebook, and no page has it")


def test_a_second_heading_of_the_first_rank(complaints):
    (said,) = complaints(markdown("```\n# a comment\n```\n\n# Another title\n"))
    assert said.startswith("notebooks/01-a.ipynb, cell 2: '# Another title' would be the page's second h1")


def test_an_output_that_somebody_has_edited(complaints, project):
    assert complaints(code("print(1)", stdout("1\n"))) == []
    file = project / "notebooks/01-a.ipynb"
    file.write_text(file.read_text().replace('"1\\n"', '["1\\n"]'))
    assert list(map(str, check(Project(project), project / "_site"))) == []  # the same, as JupyterLab writes it
    file.write_text(file.read_text().replace('["1\\n"]', '["2\\n"]'))
    (said,) = map(str, check(Project(project), project / "_site"))
    assert said.startswith("notebooks/01-a.ipynb, cell 2: its output is not the one of the last run; ")


def recorded(page: str, *kinds: str) -> dict:
    exchanges = [{"headers": [["content-type", kind]], "chunks": [[0, page]]} for kind in ("text/html", *kinds)]
    script = json.dumps({"page": "", "exchanges": exchanges}).replace("<", "\\u003c")
    element = f'<live-example example="one">\n<script type="application/json">{script}</script>\n</live-example>'
    return code("live(one)", html_output(element))


def test_an_event_source_in_a_script_that_is_not_recorded(complaints):
    page = '<script>new EventSource("events?from=1")</script>'
    (said,) = complaints(recorded(page))
    assert "cell 2: the recording of one has no stream: its page opens one in a script; write" in said
    assert said.endswith('`live(one, then=["events"])`')
    assert complaints(recorded(page, "text/event-stream; charset=utf-8")) == []
    assert complaints(recorded("<p>no script</p>")) == []


def test_a_link_is_looked_for_where_it_stands(complaints):
    cells = markdown("Of 02-b and b we speak here."), markdown("[b](02-b.ipynb#x)")
    (said,) = complaints(*cells, page='<h1 id=a>A</h1><a href="02-b.html#x">b</a>')
    assert said.startswith("notebooks/01-a.ipynb, cell 3: the link 02-b.html#x leads to no file")


def test_one_file_is_looked_at_alone(complaints, project):
    (project / "examples/two.py").write_text('"""Two."""\n\n\ndef app():\n    pass\n')
    complaints(markdown("A."))
    tutorial = Project(project)
    for path in ("notebooks/01-a.ipynb", "examples/one.py"):
        within = scope(tutorial, project / path)
        assert [example.name for example in within.examples] == ["one"]
        assert check(tutorial, project / "_site", within) == []
    within = scope(tutorial, project / "examples/two.py")
    assert len(check(tutorial, project / "_site", within)) == 1
    with pytest.raises(UserError, match=r"is no lesson of _quarto\.yml and no example"):
        scope(tutorial, project / "README.md")


def test_a_page_that_is_heavy_with_all_that_it_fetches_at_once(complaints, project, monkeypatch):
    contents = {
        "theme/style.css": 500,
        "live/live-example.js": 'import{a}from"./a.js";import("./later.js");',
        "live/a.js": 300,
        "live/exercise.js": 200,
        "live/later.js": 1000,
    }
    for name, content in contents.items():
        (project / "_site" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "_site" / name).write_text(content if isinstance(content, str) else " " * content)
    links = '<link rel="stylesheet" href="../theme/style.css"><script src="../live/live-example.js"></script>'
    page = f'{links}<a href="../live/later.js">x</a><live-exercise></live-exercise>'
    fetched = len(page) + len(contents["live/live-example.js"]) + 1000
    monkeypatch.setattr(check_module, "PAGE_BYTES", fetched)
    assert complaints(markdown("A."), page=page) == []
    monkeypatch.setattr(check_module, "PAGE_BYTES", fetched - 1)
    (complaint,) = complaints(markdown("A."), page=page)
    assert complaint.startswith("notebooks/01-a.ipynb: its page is 1,2")


def test_html_that_is_not_valid(complaints, project):
    complaints(markdown("A."), page="<!doctype html>\n<p><p>")
    said = list(map(str, invalid_html(Project(project).lessons, project / "_site")))
    assert any("notebooks/01-a.ipynb: line 2 of its page is not valid HTML (" in text for text in said)
    assert list(invalid_html((), project / "_site")) == []


def test_the_examples_of_the_front_matter_are_mended(complaints, project):
    complaints(markdown("A."), examples="[]")
    (complaint,) = check(Project(project), project / "_site")
    complaint.fix()
    assert list(Project(project).lessons[0].front_matter["examples"]) == ["one"]
    assert list(map(str, check(Project(project), project / "_site"))) == []


def test_a_picture_with_alternative_text(complaints):
    assert complaints(markdown("![a line](x.png)"), code("1", html_output('<img alt="a line" src=x.png>'))) == []


TASK = """from examples import one
from streamside.exercises import event
task({number}, one, "{name}", "Do it.", see=[event("x")], hint="Look.", solution={{"{old}": "x"}}, wrong=[{wrong}])"""
WRONG = '({"pass": "1"}, "so"), ({"pass": "2"}, "or so")'


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, ""),
        ({"number": "2"}, "task 2: is the lesson's task 1; number them from 1"),
        (
            {"name": "nothing"},
            "task 1: examples/one.py defines no 'nothing'; it defines app; write it as it stands there",
        ),
        ({"old": "nothing"}, "task 1: 'nothing' is 0 times in examples/one.py, not once; write it as it stands there"),
        ({"wrong": ""}, "task 1: has fewer than 2 wrong attempts; add `wrong=`: plausible mistakes, each with what"),
        ({"number": "1 / 0"}, "cell 3: this task cannot be read (division by zero)"),
    ],
)
def test_a_task_that_does_not_fit(complaints, change, complaint):
    text = TASK.format(**{"number": "1", "name": "app", "old": "pass", "wrong": WRONG} | change)
    said = complaints(markdown("A."), code(text))
    assert "\n".join(said).startswith(f"notebooks/01-a.ipynb, {complaint}" if complaint else "")
    assert bool(said) == bool(complaint)


def test_front_matter_without_a_description(complaints):
    (said,) = complaints(markdown("A."), description="")
    assert said == "notebooks/01-a.ipynb, cell 1: the front matter has no description; add `description: …`"


def test_front_matter_that_names_other_examples(complaints):
    (said,) = complaints(markdown("A."), examples="[]")
    assert said == "notebooks/01-a.ipynb, cell 1: `examples` is not what the code imports; make it [one]"


def test_a_lesson_that_cannot_be_read(complaints, project):
    said = complaints(code("from examples import nothing"), sound=False)
    assert "examples/nothing.py: there is no such example" in said[0]


@pytest.mark.parametrize(
    ("says", "reason", "complaint"),
    [
        (None, None, None),
        ("It needs threads.", "RuntimeError: can't start new thread", None),
        (None, "RuntimeError: can't start new thread", "does not run in a page (RuntimeError: can't start new thread)"),
        ("It needs threads.", None, "says that it cannot run in a page, and does"),
    ],
)
def test_what_an_example_says_of_the_page_is_held_against_what_it_does_there(project, says, reason, complaint):
    block = f'# /// script\n# [tool.streamside]\n# page = "{says}"\n# ///\n' if says else ""
    (project / "examples/one.py").write_text(f'"""One."""\n\n{block}')
    said = list(map(str, false_claims(Project(project).examples, {"one": reason})))
    assert [text.split(": ", 1)[1].split("; ")[0] for text in said] == ([complaint] if complaint else [])


def test_this_tutorial_gives_no_complaint(built_site: Path):
    assert list(map(str, check(Project(), built_site))) == []
