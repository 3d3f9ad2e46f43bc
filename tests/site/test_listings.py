"""A listing is that of the example as it is now, although no cell has run."""

from streamside.catalogue import Project, cell_text
from streamside.site import listings
from tests.small_tutorial import code, output, write_lesson

OLD = output(text_markdown="old", text_plain="old")


def test_cells_that_show_code_show_it_as_it_is(project):
    (project / "examples/one.py").write_text('"""One."""\n\n\nasync def app():\n    pass\n\n\nNUMBER = 2\n')
    cells = [
        code("from examples import one\nfrom streamside.lab import source"),
        code('source(one, "app")', OLD),
        code("#| echo: false\nsource(one)", OLD),
        code('source(one, "gone")', OLD),
        code('source(none, "app")', OLD),
        code("print(source(one))", OLD),
    ]
    assert listings.refresh(write_lesson(project, *cells, examples="[one]"))
    (lesson,) = Project(project).lessons
    shown = {
        cell_text(cell): cell_text({"source": cell["outputs"][0]["data"]["text/plain"]})
        for cell in lesson.notebook["cells"]
        if cell.get("outputs")
    }
    assert shown == {
        'source(one, "app")': "async def app():\n    pass",
        "#| echo: false\nsource(one)": '"""One."""\n\n\nasync def app():\n    pass\n\n\nNUMBER = 2',
        'source(one, "gone")': "old",
        'source(none, "app")': "old",
        "print(source(one))": "old",
    }
    assert not listings.refresh(lesson)
