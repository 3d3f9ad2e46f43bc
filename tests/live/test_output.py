"""What is printed, and for whom."""

import asyncio

from bridge.output import KEPT, RATE, Printer, printing


def test_prints_go_to_the_server_on_whose_behalf_they_are() -> None:
    told: list[tuple[str | None, str]] = []
    printer = Printer(lambda server, text, _late: told.append((server, text)))
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


def test_a_flood_of_prints_goes_in_few_messages_and_ends_with_the_newest_lines() -> None:
    told: list[tuple[str, bool]] = []
    now = 0.0
    printer = Printer(lambda _server, text, late: told.append((text, late)), lambda: now)
    for line in range(20_000):  # in a second
        now = line / 20_000
        print("line", line, file=printer)
    assert len(told) <= 2 * RATE
    assert told[:RATE] == [(f"line {line}", False) for line in range(RATE)]  # what is no flood comes at once
    assert all(late for _, late in told[RATE:])
    printer.send_all()
    assert told[-1][0].endswith("line 19999")
    now += 10
    print("x" * 2 * KEPT, file=printer)
    assert len(told[-1][0]) < KEPT
    assert not told[-1][1]


def test_lines_that_wait_are_told_when_the_program_lets_go() -> None:
    told: list[str] = []
    now = 0.0

    async def program() -> None:
        for line in range(RATE + 5):
            print(line, file=printer)
        assert len(told) == RATE
        while len(told) == RATE:  # noqa: ASYNC110  # the printer has no event for tests alone
            await asyncio.sleep(0.01)

    printer = Printer(lambda _server, text, _late: told.append(text), lambda: now)
    asyncio.run(asyncio.wait_for(program(), 10))
    assert told[-1] == "20\n21\n22\n23\n24"
