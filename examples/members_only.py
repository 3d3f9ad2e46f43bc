"""Members only: each hears what is for them, and for no longer than their session lasts."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["python-multipart", "starlette>=1.6", "uvicorn"]
# [tool.streamside]
# environment = {MEMBERS = "ann:tea ben:milk"}  # in the lesson's page; yours is your shell's
# packages = "apart"  # or a file alone would come, without its environment
# ///

import json
from asyncio import Event, get_running_loop, timeout_at
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from html import escape
from ipaddress import ip_address, ip_network
from itertools import takewhile
from os import environ
from secrets import token_urlsafe

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

# Names and passwords. In your program, this is your framework's sign-in, or a table of hashes.
PASSWORDS = dict(each.partition(":")[::2] for each in environ.get("MEMBERS", "").split())
ORIGINS = environ.get("ORIGINS", "").split()  # of pages that may use a member's cookie, as ours do

SESSION = 8 * 3600  # seconds until who has signed in must do so again
TICKET = 10  # seconds
LIFE = 600  # seconds of one response: then it ends, and who is still there comes back
HEARTBEAT = 15  # seconds
STREAMS = 4  # open for a member
STREAMS_FROM = 100  # open for an address, which a whole school may have
ACTS = 20  # notes, tickets and sessions of a member in a minute
ATTEMPTS = 10  # with a wrong password, from an address in a minute
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # keep, change, hold back nothing


def now() -> float:
    return get_running_loop().time()


@dataclass
class Session:
    """What begins when a member signs in, and ends when they sign out or their time is over."""

    name: str
    end: float


class Secrets:
    """What stands for a session: a token as often as its bearer likes, a ticket once."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Session, float]] = {}  # in your program, a table for all processes

    def issue(self, session: Session, end: float) -> str:
        for over in [each for each, (its, last) in self.known.items() if min(its.end, last) <= now()]:
            del self.known[over]
        secret = token_urlsafe()
        self.known[secret] = session, end
        return secret

    def find(self, secret: str, once: bool = False) -> Session | None:
        session, end = (self.known.pop if once else self.known.get)(secret, (None, 0))
        return session if session and now() < min(session.end, end) else None


class Mailbox:
    """A member's newest events, under ids that tell nothing; and what wakes those who wait."""

    def __init__(self) -> None:
        self.events: deque[tuple[str, bytes]] = deque(maxlen=100)
        self.news = Event()

    def put(self, sender: str, text: str) -> None:
        event_id = token_urlsafe(9)
        fields = event("note", {"from": sender, "text": text}, f"id: {event_id}\n")
        self.events.append((event_id, fields))
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = Event()

    def after(self, seen: str) -> tuple[str, bytes]:
        """The newest id, and all that came after the one seen; if that is not known, after `reset`."""
        newer = [*takewhile(lambda each: each[0] != seen, reversed(self.events))][::-1]
        is_lost = seen != "" and len(newer) == len(self.events)
        newest = newer[-1][0] if newer else "" if is_lost else seen
        return newest, b"".join([event("reset", {}, "id\n")] * is_lost + [its for _, its in newer])


class Rate:
    """How often each does something in a minute, be it a member or an address."""

    def __init__(self, most: int) -> None:
        self.most, self.minute, self.counts = most, 0.0, Counter()

    def count(self, who: str, times: int = 1) -> None:
        if self.minute != now() // 60:
            self.minute, self.counts = now() // 60, Counter()
        if len(self.counts) >= 10_000 and who not in self.counts:
            who = "all others"  # strangers' addresses must not fill the memory
        self.counts[who] += times
        if self.counts[who] > self.most:
            raise HTTPException(429, "Too often. Wait a minute.", {"Retry-After": "60"})


tokens = Secrets()
tickets = Secrets()
mailboxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)  # of members: nobody else can make one
acts = Rate(ACTS)
attempts = Rate(ATTEMPTS)
streams: Counter[str] = Counter()  # that are open, by member and by address


def event(kind: str, said: dict, fields: str = "") -> bytes:
    return f"{fields}event: {kind}\ndata: {json.dumps(said)}\n\n".encode()  # JSON has no line ends


# ---- Who asks, and from where ----


def cookie_name(request: Request) -> str:
    """With the prefix, browsers take it only over TLS, from this very host, and for all of it."""
    return "__Host-session" if request.url.scheme == "https" else "session"


def set_cookie(request: Request, response: Response, token: str, seconds: int) -> None:
    name, is_safe = cookie_name(request), request.url.scheme == "https"
    response.set_cookie(name, token, seconds, secure=is_safe, httponly=True, samesite="lax")


def refuse_foreign_pages(request: Request) -> None:
    """403 for what the page of another origin makes its visitor's browser send."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin in ORIGINS or site in ("same-origin", "none"):
        return
    if site or (origin and origin.partition("://")[2] != request.headers.get("host")):
        raise HTTPException(403, "That page is none of ours.")


def session_of(request: Request, ticket: str = "") -> Session:
    """By a ticket, a bearer's token, or the cookie; 401 without any."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if ticket:
        session = tickets.find(ticket, once=True)
    elif kind.lower() == "bearer":
        session = tokens.find(token)
    else:
        refuse_foreign_pages(request)  # a cookie says whose browser asks, not whose page
        session = tokens.find(request.cookies.get(cookie_name(request), ""))
    if session is None:
        raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
    return session


def address_of(request: Request) -> str:
    """The client's; of IPv6 its network, in which each has addresses without number."""
    host = request.client.host if request.client else ""
    with suppress(ValueError):
        address = ip_address(host)
        if address.version == 6 and not address.ipv4_mapped:
            return str(ip_network(f"{address}/64", strict=False))
    return host


# ---- Sign in and out ----


async def fields(request: Request, *names: str) -> list[str]:
    form = await request.form(max_files=0)
    return [str(form.get(name, "")) for name in names]


async def new_session(request: Request) -> str:
    """The token of a new session; 403 for a wrong password."""
    refuse_foreign_pages(request)
    name, password = await fields(request, "name", "password")
    attempts.count(address_of(request), 0)  # refuses whoever has been wrong too often
    known = PASSWORDS.get(name, "")
    if not compare_digest(known.encode(), password.encode()) or not known:
        attempts.count(address_of(request))
        nobody = 'The server knows no members: set its MEMBERS, such as "ann:tea ben:milk".'
        raise HTTPException(403, "No member has this name and this password." if PASSWORDS else nobody)
    acts.count(name)
    mailboxes[name].put("Doorkeeper", "You have just signed in.")
    session = Session(name, now() + SESSION)
    return tokens.issue(session, session.end)


async def sign_in(request):
    response = RedirectResponse("./", 303)
    set_cookie(request, response, await new_session(request), SESSION)
    return response


async def token(request):
    """For programs, and for pages of other sites: they keep it themselves."""
    return JSONResponse({"token": await new_session(request)}, headers=HEADERS)


async def sign_out(request):
    session = session_of(request)
    session.end = now()
    mailboxes[session.name].wake()
    response = RedirectResponse("./", 303)
    set_cookie(request, response, "", 0)
    return response


# ---- What members do ----


async def post_note(request):
    session = session_of(request)
    acts.count(session.name)
    to, text = await fields(request, "to", "text")
    if to not in PASSWORDS:
        raise HTTPException(404, "There is no such member.")
    for name in dict.fromkeys([to, session.name]):  # of whom one may be the other
        mailboxes[name].put(session.name, text[:200])
    return Response(status_code=204)


async def ticket(request):
    session = session_of(request)
    acts.count(session.name)
    return JSONResponse({"ticket": tickets.issue(session, now() + TICKET)}, headers=HEADERS)


async def listen(session: Session, seen: str) -> AsyncIterator[bytes]:
    """What is in the member's mailbox after an event, and what comes; until the session is over."""
    mailbox, end = mailboxes[session.name], now() + LIFE
    while now() < min(session.end, end):
        news = mailbox.news
        seen, piece = mailbox.after(seen)
        yield piece or b":\n\n"
        with suppress(TimeoutError):
            async with timeout_at(min(session.end, end, now() + HEARTBEAT)):
                await news.wait()
    if session.end <= now():
        yield event("over", {})


class Stream(StreamingResponse):
    """A stream that is counted for as long as it is sent, however that ends; 429 for one too many."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[bytes], limits: dict[str, int]) -> None:
        super().__init__(content, headers=HEADERS)
        self.limits = limits

    async def __call__(self, scope, receive, send) -> None:
        if any(streams[who] >= most for who, most in self.limits.items()):
            raise HTTPException(429, "Too many streams are open.", {"Retry-After": "60"})
        streams.update([*self.limits])
        try:
            await super().__call__(scope, receive, send)
        finally:
            for who in self.limits:
                streams[who] -= 1
                if not streams[who]:
                    del streams[who]


async def events(request):
    session = session_of(request, request.query_params.get("ticket", ""))
    seen = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "")
    stream = listen(session, seen) if request.method == "GET" else ()  # HEAD wants headers alone
    return Stream(stream, {session.name: STREAMS, address_of(request): STREAMS_FROM})


# ---- The page ----

SIGN_IN = """
<form action="sign-in" method="post">
  <label>Name <input name="name" autocomplete="username" required></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Sign in</button>
</form>
"""

SCRIPT = """
const [form, state, again, list] = ["#note", "#state", "#again", "#notes"].map((each) => document.querySelector(each));
const say = (text) => { state.textContent = text; };
const over = (why) => { say(`closed: ${why}`); again.hidden = false; };
let lastEventId = "";

function listen() {
    const source = new EventSource("events?" + new URLSearchParams({ last_event_id: lastEventId }));
    source.onopen = () => say("open");
    source.onerror = () => source.readyState === EventSource.CLOSED ? refused() : say("connecting again");
    source.addEventListener("note", show);
    source.addEventListener("reset", () => list.replaceChildren());
    source.addEventListener("over", () => { source.close(); over("your session is over"); });
}

function show(event) {
    const { from, text } = JSON.parse(event.data);
    const item = document.createElement("li");
    item.textContent = `${from}: ${text}`;
    list.append(item);
    lastEventId = event.lastEventId;
}

async function refused() {  // an event source does not tell the status: one more request does
    const { status } = await fetch("events", { method: "HEAD" }).catch(() => ({ status: "no answer" }));
    if (status === 401) return over("nobody is signed in");
    say(`not open (the server says ${status}), trying again`);
    setTimeout(listen, 3000 + 3000 * Math.random());
}

form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch("notes", { method: "POST", body });
    if (answer.ok) form.text.value = "";
    else say(await answer.text());
});
listen();
"""


def notes_of(name: str) -> str:
    options = "".join(f"<option>{escape(each)}</option>" for each in PASSWORDS)
    return f"""
<p>Stream of {escape(name)}: <output id="state">connecting</output> <a id="again" href="./" hidden>Sign in</a></p>
<form id="note" action="notes" method="post">
  <fieldset role="group">
    <select name="to" aria-label="To">{options}</select>
    <input name="text" aria-label="Note" placeholder="Note" maxlength="200" required autocomplete="off">
    <button>Send</button>
  </fieldset>
</form>
<form action="sign-out" method="post"><button>Sign out</button></form>
<ul id="notes" aria-live="polite"></ul>
<script type="module">{SCRIPT}</script>
"""


async def index(request):
    session = tokens.find(request.cookies.get(cookie_name(request), ""))
    page = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Members only</title>
    <link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/@picocss/pico@2.1.1/css/pico.classless.min.css">
  </head>
  <body>
    <main><h1>Members only</h1>{notes_of(session.name) if session else SIGN_IN}</main>
  </body>
</html>
"""
    return HTMLResponse(page, headers=HEADERS)


app = Starlette(
    routes=[
        Route("/", index),
        Route("/events", events),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/token", token, methods=["POST"]),
        Route("/tickets", ticket, methods=["POST"]),
        Route("/notes", post_note, methods=["POST"]),
    ],
    middleware=[
        Middleware(
            CORSMiddleware,
            allow_origins=ORIGINS,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Last-Event-ID"],
            allow_credentials=True,
        )
    ],
    max_body_size=10_000,  # bytes of a request
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(environ.get("PORT", 8000)), timeout_graceful_shutdown=1)
