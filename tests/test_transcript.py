"""A transcript: an exchange as plain text, as HTML, as Markdown, with nothing left out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamside.recording import Recording
from tests.recorded_exchanges import EXCHANGE, STREAM, Outline, recording


def body_of(transcript: str) -> list[str]:
    """The lines of a transcript after the response's headers."""
    return transcript.partition("\n<\n")[2].split("\n")


def test_a_transcript() -> None:
    assert EXCHANGE.transcript() == (
        "> GET /sse-stream\n"
        "> accept: text/event-stream\n"
        "> last-event-id: 0\n"
        ">\n"
        "< 200 OK\n"
        "< content-type: text/event-stream; charset=utf-8\n"
        "< cache-control: no-cache\n"
        "<\n"
        " 0.0 s │ event: progress\n"
        "       │ id: 1\n"
        "       │ data: <p>one</p>\n"
        "       │\n"
        " 0.5 s │ : still here\n"
        "       │\n"
        "       │ data: a\n"
        "       │ data:\n"
        "       │ data: b\n"
        "       │\n"
        "10.0 s ■ The server ended the response."
    )


def test_a_body_that_was_sent_stands_below_its_headers() -> None:
    asked = recording(method="POST", request_headers=(("content-type", "a/b"),), request_body=b'{\n"a": "\0"}\n')
    assert asked.transcript().startswith('> POST /sse-stream\n> content-type: a/b\n>\n> {\n> "a": "⟨NUL⟩"}\n< 200 OK\n')
    assert asked.to_json()["requestBody"] == '{\n"a": "\0"}\n'


def test_gaps_are_rounded_one_by_one_so_that_delays_do_not_add_up() -> None:
    late = recording(*((0.02 + 0.503 * n, b"data\n\n") for n in range(100)), ended_at=0.02 + 0.503 * 100)
    times = re.findall(r"^ *([\d.]+) s", "\n".join(body_of(late.transcript())), re.MULTILINE)
    assert times == [f"{n * 0.5:.1f}" for n in range(101)]


@pytest.mark.parametrize(
    ("gap", "shown"), [(0.0, "0.0"), (0.049, "0.0"), (0.051, "0.1"), (0.149, "0.1"), (0.251, "0.3"), (59.96, "60.0")]
)
def test_a_gap_is_rounded_to_tenths(gap: float, shown: str) -> None:
    assert body_of(recording(ended_at=gap).transcript()) == [f"{shown} s ■ The server ended the response."]


@given(st.lists(st.floats(-0.04, 0.04), min_size=12, max_size=12))
def test_noise_changes_nothing_that_is_shown(noise: list[float]) -> None:
    def noisy(noise: list[float]) -> Recording:
        time, chunks = 0.1, []
        for delay in noise[:-1]:
            time += 0.5 + delay
            chunks.append((time, b"data: a\n\n"))
        return recording(*chunks, ended_at=time + 0.5 + noise[-1])

    quiet, loud = noisy([0.0] * 12), noisy(noise)
    assert loud.transcript() == quiet.transcript()
    assert loud.to_json() == quiet.to_json()
    assert loud._repr_html_() == quiet._repr_html_()
    assert repr(loud.table()) == repr(quiet.table())


def test_where_the_network_cuts_what_comes_at_once_is_not_shown() -> None:
    whole = recording((0.0, "data: é\n\n".encode()), (1.0, b"data: b\r\n\r\n"))
    cut = recording((0.0, b"data: \xc3"), (0.01, b"\xa9\n"), (0.02, b"\n"), (1.01, b"data: b\r"), (1.02, b"\n\r\n"))
    assert cut.transcript() == whole.transcript()
    assert cut.to_json() == whole.to_json()


def test_a_line_cut_by_time_goes_on_after_an_arrow() -> None:
    slow = recording((0.0, b"da"), (1.0, b"ta: a\n\n"), (2.0, b"\ndata: "), (3.0, b"b"), (4.0, b"\n"))
    assert body_of(slow.transcript()) == [
        "0.0 s │ da",
        "1.0 s ↳ ta: a",
        "      │",
        "2.0 s │",
        "      │ data: ",
        "3.0 s ↳ b",
        "4.0 s ↳ ⟨LF⟩",
        "4.0 s ■ The server ended the response.",
    ]


def test_line_ends_other_than_lf_are_named() -> None:
    mixed = recording((0.0, b"data: a\r\ndata: b\rdata: c\n\r\n\r"), (1.0, b"\n"))
    assert body_of(mixed.transcript())[:-1] == [
        "0.0 s │ data: a⟨CRLF⟩",
        "      │ data: b⟨CR⟩",
        "      │ data: c",
        "      │ ⟨CRLF⟩",
        "      │ ⟨CR⟩",
        "1.0 s ↳ ⟨LF⟩",
    ]


def test_invisible_characters_are_named() -> None:
    hidden = "\ufeffdata: \0\t\x1b[31m\u2028\u2029\u0085\u202e\u200b\v\x7f"
    assert body_of(recording((0.0, f"{hidden}\n".encode())).transcript())[0] == (
        "0.0 s │ ⟨BOM⟩data: ⟨NUL⟩⟨TAB⟩⟨ESC⟩[31m⟨U+2028⟩⟨U+2029⟩⟨U+0085⟩⟨U+202E⟩⟨U+200B⟩⟨U+000B⟩⟨U+007F⟩"
    )


def test_letters_and_emoji_stay_as_they_are() -> None:
    text = "data: é Ελλάδα 日本 👩‍🔬 می‌خواهم \\n"
    assert body_of(recording((0.0, f"{text}\n".encode())).transcript())[0] == f"0.0 s │ {text}"


def test_bytes_that_are_not_utf8_are_replacement_characters() -> None:
    assert body_of(recording((0.0, b"data: \xff\n: \xe2\x82")).transcript())[:2] == [
        "0.0 s │ data: \ufffd",
        "      │ : \ufffd",
    ]


def test_a_character_cut_by_time_stands_where_it_is_whole() -> None:
    cut = recording((0.0, b"data: \xf0\x9f"), (1.0, b"\x98\x80\n"))
    assert body_of(cut.transcript())[:2] == ["0.0 s │ data: ", "1.0 s ↳ 😀"]
    assert cut.to_json()["chunks"] == [[0, "data: "], [1000, "😀\n"]]


@pytest.mark.parametrize(
    ("ended_by", "sentence"),
    [
        ("server", "The server ended the response"),
        ("client", "The client closed the connection"),
        ("network", "The connection was lost"),
    ],
)
def test_who_ended_it_and_when(ended_by: str, sentence: str) -> None:
    whole = recording((0.0, b"data: a\n\n"), ended_by=ended_by, ended_at=2.5)
    assert body_of(whole.transcript())[-1] == f"2.5 s ■ {sentence}."
    cut = recording((0.0, b"data: a"), ended_by=ended_by, ended_at=2.5)
    assert body_of(cut.transcript())[-1] == f"2.5 s ■ {sentence}, in the middle of a line."


def test_an_answer_without_a_body() -> None:
    answer = recording(status=204, headers=())
    assert answer.events == ()
    assert answer.transcript() == "> GET /sse-stream\n>\n< 204 No Content\n<\n0.0 s ■ The server ended the response."


def test_a_status_without_a_name() -> None:
    assert "\n< 299\n" in recording(status=299).transcript()


def test_an_answer_that_is_not_a_stream() -> None:
    page = recording((0.0, b"<p>data: a\nid: 1"), headers=(("content-type", "text/html"),))
    assert body_of(page.transcript()) == [
        "0.0 s │ <p>data: a",
        "      │ id: 1",
        "0.0 s ■ The server ended the response.",
    ]
    assert 'class="field"' not in page._repr_html_()


@given(st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=8) | st.sampled_from([b"\r", b"\n", b"data: a"]))))
def test_the_transcript_hides_nothing(parts: list[tuple[float, bytes]]) -> None:
    """The body can be read back from the transcript: every character is there, every line end, nothing else."""
    times = [sum(gap for gap, _ in parts[: n + 1]) for n in range(len(parts))]
    seen = recording(*((time, data) for time, (_, data) in zip(times, parts, strict=True)))
    text = ""
    for line in body_of(seen.transcript())[:-1]:
        mark, _, shown = re.sub(r"^ *(\d+\.\d s)? *", "", line).partition(" ")
        text = text.removesuffix("\n") if mark == "↳" else text
        text += shown if shown.endswith(("⟨CR⟩", "⟨CRLF⟩", "⟨LF⟩")) else f"{shown}\n"
    text = text.removesuffix("\n") if not seen.body.endswith(b"\n") else text
    for name, character in {"CRLF": "\r\n", "CR": "\r", "LF": "\n", "TAB": "\t", "NUL": "\0", "ESC": "\x1b"}.items():
        text = text.replace(f"⟨{name}⟩", character)
    text = re.sub(r"⟨U\+([0-9A-F]+)⟩", lambda match: chr(int(match[1], 16)), text.replace("⟨BOM⟩", "\ufeff"))
    assert text == seen.body.decode(errors="replace")


HOSTILE = recording(
    (0.0, b'data: </pre><script>alert(1)</script>&amp;"\n: <!-- <b>\n<i>: x\n\n'),
    path='/"><script>?a=1&b',
    request_headers=(("x-<b>", "<script>&"),),
    headers=(*STREAM, ("x", "</span>")),
)


@pytest.mark.parametrize("seen", [EXCHANGE, HOSTILE, recording(status=204, headers=())])
def test_as_html_it_reads_as_the_transcript(seen: Recording) -> None:
    outline = Outline(seen._repr_html_())
    assert outline.text == seen.transcript()
    assert set(outline.tags) == {"figure", "pre", "span"}
    assert outline.tags[:2] == ["figure", "pre"]


def test_as_html_times_fields_and_comments_are_marked() -> None:
    marked = Outline(EXCHANGE._repr_html_()).marked
    assert [text for kind, text in marked if kind == "time"] == [" 0.0 s", " 0.5 s", "10.0 s"]
    assert [text for kind, text in marked if kind == "field"] == ["event", "id", "data", "data", "data", "data"]
    assert [text for kind, text in marked if kind == "comment"] == [": still here"]
    assert [text for kind, text in marked if kind == "end"] == ["■ The server ended the response."]
    assert next(text for kind, text in marked if kind == "sent") == "> GET /sse-stream"
    assert next(text for kind, text in marked if kind == "received") == "< 200 OK"


def test_as_html_only_the_standards_fields_are_marked() -> None:
    odd = recording((0.0, b"retry: 1\ndata\ndatas: a\n data: b\nData: c\nfoo: d\nid:\n"))
    marked = Outline(odd._repr_html_()).marked
    assert [text for kind, text in marked if kind == "field"] == ["retry", "data", "id"]


def test_as_html_it_has_a_name_and_the_keyboard_can_scroll_it() -> None:
    assert EXCHANGE._repr_html_().startswith(
        '<figure class="recording" aria-label="Recording of GET /sse-stream"><pre tabindex="0">'
    )


def test_as_html_what_is_invisible_is_marked() -> None:
    marked = Outline(recording((0.0, b"data: a\0\r\n"))._repr_html_()).marked
    assert [text for kind, text in marked if kind == "invisible"] == ["⟨NUL⟩", "⟨CRLF⟩"]


def test_as_markdown_it_is_a_fenced_block() -> None:
    assert EXCHANGE._repr_markdown_() == f"```text\n{EXCHANGE.transcript()}\n```\n"


def test_as_markdown_nothing_inside_ends_the_block() -> None:
    ticks = recording((0.0, b"```\n````\n"))
    assert ticks._repr_markdown_() == f"`````text\n{ticks.transcript()}\n`````\n"
