"""What is printed, and for whom."""

from bridge.output import Printer, printing


def test_prints_go_to_the_server_on_whose_behalf_they_are() -> None:
    told: list[tuple[str | None, str]] = []
    printer = Printer(lambda server, text: told.append((server, text)))
    print("no server", file=printer)
    token = printing.set("one")
    print("one", "line", file=printer)
    printer.write("half ")
    printing.reset(token)
    print("between", file=printer)
    token = printing.set("one")
    printer.write("a line\nand more\n")
    printing.reset(token)
    printer.flush()
    assert not printer.isatty()
    assert told == [(None, "no server"), ("one", "one line"), (None, "between"), ("one", "half a line\nand more")]
