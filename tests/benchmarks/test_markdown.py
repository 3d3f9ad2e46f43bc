"""The comparison of ways to send a model's words runs, and tells what they cost."""

from benchmarks import markdown


def test_each_way_has_its_row_with_and_without_code(monkeypatch, capsys):
    monkeypatch.setattr(markdown, "COUNTS", (20, 120))
    monkeypatch.setattr(markdown, "lessons", lambda: "One **word** after the other.\n\n" * 30)
    monkeypatch.setattr(markdown, "in_the_page", lambda words: len(words) / 1e6)
    monkeypatch.setattr("sys.argv", ["markdown"])
    markdown.main()
    rows = {
        row[: markdown.NAME].strip(): row[markdown.NAME :].split() for row in capsys.readouterr().out.splitlines()[1:]
    }
    assert [*rows] == [way + code for code in ("", ", with code") for way in (*markdown.WAYS, markdown.PACKAGE)]
    assert rows["escaped text"][:2] == rows[markdown.PACKAGE][:2] == ["1.0", "1.0"]
    last = [float(rows[way][1]) for way in ("all of it for each word", "the open block replaced", "what is new")]
    assert last == sorted(last, reverse=True)
