"""What is to be said of a stream that was examined: for each thing looked at what it is, why it matters, what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from streamside.examination import STRANGER, Answer, Evidence
from streamside.stray_lines import is_inside_an_event, is_utf_8, lines, reconnection_times, unread
from streamside.time_limits import SILENCE_SECONDS
from streamside.transcript import visible
from streamside.wire import Event

TOGETHER = 0.05  # seconds: what comes within them comes in one piece
STALL = 0.3  # seconds that nobody waits in the middle of a line
LATE = 0.5  # seconds after which a first piece that has all of a stream was held back
PATIENT = 30  # seconds of silence that the first proxies do not forgive
HEARTBEAT = 15  # seconds between two signs of life, as is usual
FEW = 2  # pieces, from which nothing can be told
STORM = 100  # milliseconds: who comes back sooner knocks many times a second
LONG = 60_000  # milliseconds that a reader hardly waits

AGAIN = "notebooks/01-your-first-stream.html"
CLOSE = "notebooks/03-close-it-for-good.html"
ENDLESS = "notebooks/06-streams-that-do-not-end.html"
FORMAT = "notebooks/07-the-format.html"
HEADERS = "notebooks/08-a-clock-in-bare-asgi.html"
RESUME = "notebooks/09-open-close-resume.html"
SILENCE = "notebooks/12-heartbeats-and-dead-connections.html"
PROXY = "notebooks/19-behind-a-proxy.html"
MEMBERS = "notebooks/20-who-may-listen.html"
SERVICE = "notebooks/22-in-service.html"
COMPRESSED = "notebooks/comparison.html"


@dataclass(frozen=True)
class Finding:
    """One line: `wrong` harms readers, a `note` is to be weighed, `ok` is as it should be and has no remedy.

    `lesson` is the page in the tutorial's site that shows why.
    """

    verdict: Literal["ok", "note", "wrong"]
    about: str
    what: str
    why: str = ""
    lesson: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        said = f"{self.verdict:5}  {self.about:12}  {visible(self.what)}"  # a server's words must not steer a terminal
        return f"{said}. {self.why} ({self.lesson}). {self.remedy}." if self.why else said


def findings(evidence: Evidence) -> list[Finding]:
    """All that there is to say; of what is no event stream, that alone."""
    checks = CHECKS if evidence.first.recording.is_event_stream else (_status, _type)
    if evidence.held_back:  # no more was asked
        checks = _status, _type, _caching, _buffering, _compression
    return [finding for check in checks for finding in check(evidence)]


def _ok(about: str, what: str) -> Finding:
    return Finding("ok", about, what)


def _status(evidence: Evidence) -> Iterator[Finding]:
    status, headers = evidence.first.status, evidence.first.headers
    why = "An event source gives up for good at any status but 200"
    if status == 200:
        yield _ok("status", "200")
    elif 300 <= status < 400:
        where = f"{status}, which leads to {headers.get('location', 'nowhere')}"
        yield Finding(
            "wrong", "status", where, "Every connection asks twice", AGAIN, "Name that address, and examine it"
        )
    elif status in (401, 403, 407):
        yield Finding("wrong", "status", str(status), why, MEMBERS, "Give what it asks for with --header")
    elif status == 204:
        yield Finding("wrong", "status", "204 at the first request", why, CLOSE, "Keep 204 for who has had everything")
    elif status in (502, 503, 504):
        remedy = "Start what is away, and have a proxy answer for it with 200 and a retry"
        yield Finding("wrong", "status", str(status), why, PROXY, remedy)
    else:
        yield Finding("wrong", "status", str(status), why, RESUME, "Answer 200, or correct the address")


def _type(evidence: Evidence) -> Iterator[Finding]:
    given = evidence.first.headers.get("content-type", "")
    kind, _, more = given.partition(";")
    charset = more.strip().lower()
    if kind.strip().lower() != "text/event-stream":
        if evidence.first.status == 200:
            why = "An event source gives up for good at any other type"
            yield Finding("wrong", "type", repr(given), why, HEADERS, "Send Content-Type: text/event-stream")
    elif charset.startswith("charset") and "utf-8" not in charset:
        yield Finding("note", "type", repr(given), "It is read as UTF-8 all the same", FORMAT, "Leave the charset out")
    else:
        yield _ok("type", given)


def _caching(evidence: Evidence) -> Iterator[Finding]:
    given = evidence.first.headers.get("cache-control", "").lower()
    words = {word.strip() for word in given.split(",")}
    ages = [word for word in words if word.startswith(("max-age=", "s-maxage=")) and not word.endswith("=0")]
    remedy = "Send Cache-Control: no-store, no-transform"
    if words & {"no-store", "no-cache"}:
        yield _ok("caching", f"Cache-Control: {given}")
    elif ages or words & {"public", "immutable"}:
        why = "A cache may keep a reader's stream for another one"
        yield Finding("wrong", "caching", f"Cache-Control: {given}", why, HEADERS, remedy)
    else:
        why = "What is on the way may keep or change the stream"
        yield Finding("note", "caching", "Cache-Control does not forbid it", why, HEADERS, remedy)


def _buffering(evidence: Evidence) -> Iterator[Finding]:
    headers = evidence.first.headers
    if "content-length" in headers:
        why = "A length is known only when all has been made: nothing of it was news"
        length = f"Content-Length: {headers['content-length']}"
        yield Finding("wrong", "buffering", length, why, HEADERS, "Send each event as soon as it is there")
    if headers.get("x-accel-buffering", "").lower() == "no":
        yield _ok("buffering", "X-Accel-Buffering: no")
    elif headers.get("server", "").lower().startswith("nginx"):
        why = "nginx keeps X-Accel-Buffering to itself: whether the server behind it sends one cannot be seen from here"
        remedy = "Examine that server too, or have nginx say it: proxy_pass_header X-Accel-Buffering"
        yield Finding("note", "buffering", f"{headers['server']} is in between", why, PROXY, remedy)
    else:
        why = "nginx, and proxies that follow it, may collect events before they pass them on"
        yield Finding("note", "buffering", "no X-Accel-Buffering", why, PROXY, "Send X-Accel-Buffering: no")


def _compression(evidence: Evidence) -> Iterator[Finding]:
    coding = evidence.first.headers.get("content-encoding", "")
    if evidence.held_back:
        why = "Browsers offer it always, and something on the way compresses events without passing them on"
        remedy = "Send X-Accel-Buffering: no, or leave event streams out of what is compressed there"
        what = f"nothing in {SILENCE_SECONDS:.0f} s to whoever offers gzip, an answer at once to whoever does not"
        yield Finding("wrong", "compression", what, why, PROXY, remedy)
    elif coding and len(_pieces(evidence.first)) > FEW:
        yield _ok("compression", f"{coding}, and pieces come all the same")
    elif coding:
        why = "Events stay in a compressor that is not flushed after each one"
        yield Finding("note", "compression", coding, why, COMPRESSED, "Flush it after each event, or do not compress")
    else:
        yield _ok("compression", "none")


def _http(evidence: Evidence) -> Iterator[Finding]:
    version = evidence.first.version
    if version == "1.0":
        why = "A stream that is cut looks like one that has ended"
        yield Finding(
            "wrong", "HTTP", "version 1.0", why, RESUME, "Have server and proxies speak HTTP/1.1 with one another"
        )
    elif evidence.http2:
        yield _ok("HTTP", "version 2 for browsers")
    else:
        why = "A browser keeps six connections to a host: the seventh tab waits"
        yield Finding(
            "note", "HTTP", f"version {version}", why, PROXY, "Offer HTTP/2, or share one stream among the tabs"
        )


def _spread(evidence: Evidence) -> Iterator[Finding]:
    recording = evidence.first.recording
    pieces = _pieces(evidence.first)
    events = len(recording.events)
    if not pieces:
        why = "Nobody can tell a quiet stream from a dead one"
        what = f"nothing came in {recording.ended_at:.1f} s"
        yield Finding("note", "pieces", what, why, SILENCE, "Send a comment at once, or listen longer with --seconds")
        return
    stalled = _stalled(pieces, recording.ended_at if recording.ended_by == "client" else None)
    if stalled is not None:
        why = "Something on the way collects bytes and cuts them where its buffer is full"
        what = f"the bytes stopped in the middle of a line for {stalled:.1f} s"
        yield Finding("wrong", "pieces", what, why, PROXY, "Turn buffering off there, and flush after each event")
    elif len(pieces) == 1 and events > 1 and pieces[0][0] > LATE:
        ended = recording.ended_by == "server"
        why = "Events that arrive together after a wait were held back on the way"
        what = f"all {events} events came at once, {pieces[0][0]:.1f} s after the request"
        yield Finding("wrong" if ended else "note", "pieces", what, why, PROXY, "Look at what buffers or compresses")
    else:
        yield _ok(
            "pieces", f"{_of(events, 'event')} in {_of(len(pieces), 'piece')}, the first after {pieces[0][0]:.1f} s"
        )


def _of(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _pieces(answer: Answer) -> list[tuple[float, float, bytes]]:
    """What arrived together: when it began, when it ended, and all bytes until then."""
    pieces: list[tuple[float, float, bytes]] = []
    body = b""
    for chunk in answer.recording.chunks:
        body += chunk.data
        began = pieces.pop()[0] if pieces and chunk.time - pieces[-1][1] <= TOGETHER else chunk.time
        pieces.append((began, chunk.time, body))
    return pieces


def _stalled(pieces: list[tuple[float, float, bytes]], left_at: float | None) -> float | None:
    """The longest pause in the middle of a line; None if there was none to speak of."""
    begins = [began for began, _, _ in pieces[1:]] + ([] if left_at is None else [left_at])
    pauses = [
        began - ended
        for (_, ended, body), began in zip(pieces, begins, strict=False)
        if not body.endswith((b"\r", b"\n"))
    ]
    return max((pause for pause in pauses if pause > STALL), default=None)


def _heartbeat(evidence: Evidence) -> Iterator[Finding]:
    recording = evidence.first.recording
    times = [evidence.first.answered_at, *(chunk.time for chunk in recording.chunks), recording.ended_at]
    silence = max(later - before for before, later in pairwise(times))
    listened = recording.ended_at - evidence.first.answered_at
    comments = any(line.startswith(b":") for line in lines(recording.body))
    remedy = f"Send a comment every {HEARTBEAT} s"
    why = "Proxies cut what is silent for half a minute or more, and nobody sees a dead connection"
    if silence >= PATIENT:
        yield Finding("wrong", "heartbeat", f"silence of {silence:.0f} s", why, SILENCE, remedy)
    elif recording.ended_by == "client" and not comments and silence > listened / 2:
        what = f"none in a silence of {silence:.1f} s"
        yield Finding("note", "heartbeat", what, why, SILENCE, f"{remedy}; --seconds {2 * PATIENT} would tell")
    else:
        yield _ok("heartbeat", f"longest silence {silence:.1f} s{', with comments' if comments else ''}")


def _ids(evidence: Evidence) -> Iterator[Finding]:
    ids = evidence.first.ids
    if ids:
        yield _ok("ids", f"{len(ids)}, from {ids[0][:40]!r} to {ids[-1][:40]!r}")
    elif evidence.first.recording.events:
        why = "After a reconnect nobody knows what a reader has missed"
        yield Finding("note", "ids", "none", why, RESUME, "Give each event an id, and go on after Last-Event-ID")


def _resuming(evidence: Evidence) -> Iterator[Finding]:
    if "resumed" not in evidence.asked:
        return
    ids, named, answer = evidence.first.ids, evidence.named, evidence.resumed
    place = ids.index(named)
    asked = f"Last-Event-ID: {named[:40]}"
    remedy = "Go on with the event after Last-Event-ID, or say with an event that some are missing"
    if answer is None:
        yield Finding("wrong", "resuming", f"no answer to {asked}", "Readers do not come back", RESUME, remedy)
    elif answer.status == 204:
        yield _ok("resuming", f"204 to {asked}: nothing is left")
    elif not answer.recording.is_event_stream:
        why = "An event source that is refused does not come back"
        yield Finding("wrong", "resuming", f"{answer.status} to {asked}", why, RESUME, remedy)
    elif not answer.ids:
        why = "Whether events are lost over a reconnect cannot be told"
        yield Finding("note", "resuming", f"no id came after {asked}", why, RESUME, "Try again while events are sent")
    elif answer.ids[0] == named:
        why = "Each reconnect doubles the event that the reader had last"
        yield Finding("wrong", "resuming", f"repeats the event of {asked}", why, RESUME, remedy)
    elif answer.ids[0] in ids[:place]:
        why = "Each reconnect doubles what the reader has"
        yield Finding("wrong", "resuming", f"ignores {asked} and starts again", why, RESUME, remedy)
    elif place + 1 < len(ids) and answer.ids[0] != ids[place + 1]:
        why = "What was sent between two connections is lost"
        what = f"ignores {asked} and goes on with {answer.ids[0][:40]!r}"
        yield Finding("wrong", "resuming", what, why, RESUME, remedy)
    else:
        yield _ok("resuming", f"goes on after {asked}")


def _retry(evidence: Evidence) -> Iterator[Finding]:
    times = reconnection_times(evidence.first.recording.body)
    if not times:
        yield _ok("retry", "none: browsers come back after 3 to 5 s")
    elif times[-1] < STORM:
        why = "Every reader knocks many times a second while the server is away"
        yield Finding(
            "wrong", "retry", f"{times[-1]} ms", why, SERVICE, "Set a second or more, a little different for each"
        )
    elif times[-1] > LONG:
        why = "Readers look at an old page until then"
        yield Finding("note", "retry", f"{times[-1]} ms", why, RESUME, "Set some seconds")
    else:
        yield _ok("retry", f"{times[-1]} ms")


def _ending(evidence: Evidence) -> Iterator[Finding]:
    recording, answer = evidence.first.recording, evidence.following
    when = f"{recording.ended_at:.1f} s"
    if recording.ended_by == "client":
        yield _ok("end", f"still open after {when}")
        return
    if recording.ended_by == "network":
        yield _cut(evidence.first, when)
    if is_inside_an_event(recording.body):
        why = "An event without its empty line is never dispatched"
        yield Finding("wrong", "end", "in the middle of an event", why, FORMAT, "End each event with an empty line")
    if recording.ended_by == "server":
        yield _next_answer(f"the server ended it after {when}, and ", answer, recording_starts=_first(evidence.first))


def _cut(answer: Answer, when: str) -> Finding:
    recording = answer.recording
    silence = recording.ended_at - max([answer.answered_at, *(chunk.time for chunk in recording.chunks)])
    if silence > LATE:
        why = "Proxies cut what is silent for longer than they wait"
        what = f"cut after {when}, of which the last {silence:.1f} s were silent"
        return Finding("wrong", "end", what, why, PROXY, "Send comments more often, or have the proxy wait longer")
    why = "A connection that breaks leaves readers with half an event, and errors in the log"
    return Finding("wrong", "end", f"cut after {when}", why, ENDLESS, "End the response, or look at what cuts it")


def _next_answer(ended: str, answer: Answer | None, *, recording_starts: Event | None) -> Finding:
    if answer is None:
        why = "Who comes back finds nobody"
        return Finding(
            "wrong", "end", f"{ended}the next request gets no answer", why, AGAIN, "See what ends the server"
        )
    if answer.status == 204:
        return _ok("end", f"{ended}the next answer is 204: browsers stop")
    if not answer.recording.is_event_stream:
        why = "Browsers take it for a failure and give up"
        what = f"{ended}the next answer is {answer.status}"
        return Finding("note", "end", what, why, CLOSE, "If there is no more, answer 204")
    if recording_starts and _first(answer) == recording_starts:
        why = "Browsers take every end for a lost connection, come back, and get all of it again"
        remedy = "Go on after Last-Event-ID, answer 204, or let the page close the stream at a last event"
        return Finding("note", "end", f"{ended}the next one begins anew", why, AGAIN, remedy)
    return _ok("end", f"{ended}the next one goes on")


def _first(answer: Answer) -> Event | None:
    return next((timed.event for timed in answer.recording.events), None)


def _second(evidence: Evidence) -> Iterator[Finding]:
    first, second = evidence.first, evidence.second
    remedy = "Wait without holding up others: in a coroutine, or with a thread for each reader"
    why = "One reader keeps all others waiting"
    if second is None:
        yield Finding("wrong", "second", "no answer while the first is open", why, ENDLESS, remedy)
    elif first.recording.ended_by == "server" and second.answered_at > max(LATE, first.recording.ended_at - LATE):
        yield Finding("wrong", "second", "answered only when the first had ended", why, ENDLESS, remedy)
    elif second.status == 200:
        yield _ok("second", "two connections at a time are answered")
    elif second.status != 403:  # that is for the origin: see CORS
        limit = "Whoever has two tabs open is refused"
        yield Finding(
            "note", "second", f"{second.status} while the first is open", limit, MEMBERS, "Allow some per reader"
        )


def _cors(evidence: Evidence) -> Iterator[Finding]:
    if evidence.second is None:
        return
    headers = evidence.second.headers
    allowed = headers.get("access-control-allow-origin", "")
    credentials = headers.get("access-control-allow-credentials", "").lower() == "true"
    if evidence.second.status == 403:
        yield _ok("CORS", "a page of another origin is refused (403)")
    elif allowed == "*" and credentials:
        why = "Browsers refuse a request with cookies where any origin is allowed"
        yield Finding(
            "wrong", "CORS", "any origin, with credentials", why, MEMBERS, "Name the origins, or no credentials"
        )
    elif allowed == STRANGER and credentials:
        why = "Any page reads the stream as the user who visits it"
        yield Finding(
            "wrong", "CORS", "whoever asks, with credentials", why, MEMBERS, "Allow the origins that you know"
        )
    elif allowed in ("*", STRANGER):
        why = "Pages of every origin may read it"
        yield Finding("note", "CORS", "any origin", why, MEMBERS, "Right for what is public; else name the origins")
    else:
        yield _ok("CORS", f"only {allowed}" if allowed else "pages of its own origin alone")


def _unread_fields(evidence: Evidence) -> Iterator[Finding]:
    if found := unread(evidence.first.recording.body):
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        why = "Every event source passes over it without a word"
        yield Finding(
            "wrong", "fields", f"{found[0]}{more}", why, FORMAT, "Use data, event, id and retry as they are meant"
        )
    else:
        yield _ok("fields", "all are read")


def _bytes(evidence: Evidence) -> Iterator[Finding]:
    body = evidence.first.recording.body
    if not is_utf_8(body):
        why = "What is not UTF-8 becomes �"
        yield Finding("wrong", "bytes", "not UTF-8", why, FORMAT, "Encode text as UTF-8, and cut it nowhere")
    elif b"\0" in body:
        why = "It is part of the text, and an id with NUL is ignored"
        yield Finding("note", "bytes", "NUL", why, FORMAT, "Send text; other bytes as Base64")
    else:
        yield _ok("bytes", "UTF-8")


def _head(evidence: Evidence) -> Iterator[Finding]:
    head = evidence.head
    remedy = "Answer with the headers of GET and end there"
    if head is None:
        why = "Monitors and link checkers ask so, and each holds a connection"
        yield Finding("wrong", "HEAD", "no answer", why, RESUME, remedy)
    elif not head.recording.is_event_stream:
        why = "Monitors and link checkers take the stream for broken"
        what = f"{head.status} {head.headers.get('content-type', '')}".strip()
        yield Finding("note", "HEAD", what, why, RESUME, remedy)
    else:
        yield _ok("HEAD", "as GET")


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    *(_status, _type, _caching, _buffering, _compression, _http),
    *(_spread, _heartbeat, _ids, _resuming, _retry, _ending),
    *(_second, _cors, _unread_fields, _bytes, _head),
)
