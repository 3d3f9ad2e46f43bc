"""The command `streamside`: examine and listen, of any stream; beside them the tutorial's, where it is installed."""

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamside import examine, listen
from streamside.errors import UserError
from streamside.paths import ROOT
from streamside.setup import SetupError

EXAMINED = 8.0  # seconds, where nobody says how long
DAY = 86_400


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Do what the command line says, with the tutorial in `root` if it is about that.

    Returns the exit status: 0, 1 for complaints, 2 for an error, 130 for Ctrl-C.
    """
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        options = _parser(given, root).parse_args(given)
        try:
            status: int = options.command(options)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever reads has enough, as in `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python would still flush
            return 0
        except (UserError, SetupError, OSError) as error:
            if options.debug:
                raise
            print(f"streamside: {error}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        return 130
    return status


def _parser(given: Sequence[str], root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="streamside", description="Event streams: yours, and the tutorial's.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_examine(commands)
    _add_listen(commands)
    word = next((word for word in given if not word.startswith("-")), "")
    if word not in commands.choices:  # what the tutorial needs takes a second to import
        try:
            from streamside.site import commands as tutorial
        except ModuleNotFoundError as missing:
            if str(missing.name).startswith("streamside"):
                raise
            parser.epilog = "The tutorial's own commands are there in a clone of it that is set up."
        else:
            tutorial.add_to(commands, root)
    return parser


def _add_examine(commands: Any) -> None:
    parser = commands.add_parser(
        "examine", help="say what is right and what is wrong with a stream", epilog="Exit status 1: something is wrong."
    )
    _add_address(parser)
    parser.add_argument("--seconds", type=_seconds, default=EXAMINED, help="to listen (default: %(default)g)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(
        command=lambda said: examine.run(said.url, _headers(said.header), said.seconds, as_json=said.json)
    )


def _add_listen(commands: Any) -> None:
    parser = commands.add_parser("listen", help="print the bytes of a stream with their times as they arrive")
    _add_address(parser)
    parser.add_argument("--seconds", type=_seconds, help="to listen; without it until the stream ends, or Ctrl-C")
    parser.add_argument("--follow", action="store_true", help="connect again after each end, as a browser does")
    parser.set_defaults(
        command=lambda said: listen.run(said.url, _headers(said.header), said.seconds, follow=said.follow)
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", help="the stream's address, not its page's")
    parser.add_argument(
        "--header", action="append", default=[], help='sent with every request, such as "Authorization: Bearer …"'
    )


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (seconds := float(text)) <= DAY:
            return seconds
    raise argparse.ArgumentTypeError(f"a number above 0 and up to {DAY}, not {text!r}")


def _headers(given: Sequence[str]) -> Mapping[str, str]:
    headers = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            # Not the text: it may hold a password.
            raise UserError("--header", "has no name", 'write it as in --header "Name: value"')
        headers[name.strip()] = value.strip()
    return headers
