"""Every attack succeeds against the example without its defence, and fails against the example; and what it is for."""

import asyncio
import importlib.util
import itertools
import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from examples import fetch_stream
from examples import members_only as example
from streamside import assets
from tests.patience import PATIENCE

EVIL = "https://evil.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FROM_ELSEWHERE = [
    {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
    {"Origin": EVIL},  # of a browser that is old, or over plain HTTP
    {"Origin": "null"},
    {"Origin": "http://sub.example", "Sec-Fetch-Site": "same-site"},
]


class Site:
    """The example, or what has been made of it, on a server of its own."""

    def __init__(self, module, url, ask):
        self.module, self.url, self._ask = module, url, ask

    def ask(self, path, headers=(), method="GET"):
        return self._ask(self.url, path, method, dict(headers))

    def post(self, path, headers=(), **fields):
        return self._ask(self.url, path, "POST", {**dict(headers), **FORM}, urlencode(fields).encode())

    def sign_in(self, name="ann", password="tea", headers=()):
        """The cookie of a new session, as a header."""
        answer = self.post("/sign-in", headers, name=name, password=password)
        assert answer.status == 303, answer.response.read()
        return {"Cookie": answer.header("set-cookie").partition(";")[0]}

    def bearer(self, name="ann", password="tea"):
        token = json.loads(self.post("/token", name=name, password=password).response.read())["token"]
        return {"Authorization": f"Bearer {token}"}

    def ticket(self, headers):
        answer = self.post("/tickets", headers)
        assert answer.status == 200
        return json.loads(answer.response.read())["ticket"]

    def send(self, headers, to, text):
        assert self.post("/notes", headers, to=to, text=text).status == 204


@pytest.fixture
def members(serving, ask, tmp_path, monkeypatch):
    """`site = members()` serves the example, with nothing in it yet; `members({old: new})` with its text changed."""
    monkeypatch.setenv("MEMBERS", "ann:tea ben:milk")
    numbers = itertools.count(1)

    def load(changes=(), origins=""):
        monkeypatch.setenv("ORIGINS", origins)
        file, text = Path(example.__file__), Path(example.__file__).read_text(encoding="utf-8")
        for old, new in dict(changes).items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        name = f"members_{next(numbers)}"
        if changes:
            file = tmp_path / f"{name}.py"
            file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def start(changes=(), origins=""):
        module = load(changes, origins)
        return Site(module, serving(module.app), ask)

    start.load = load
    return start


def pass_by(site, seconds):
    """So much time has passed, as far as the example knows."""
    now = site.module.now
    site.module.now = lambda: now() + seconds


def texts(stream, count):
    """The texts of so many notes; fewer where the stream ends before."""
    notes = []
    while len(notes) < count and (lines := stream.event()):
        notes += [json.loads(line[6:])["text"] for line in lines if line.startswith('data: {"from"')]
    return notes


# ---- Attacks: whether one succeeds against a site, and what it takes to make that so ----


def hear_another(site):
    site.send(site.sign_in("ben", "milk"), "ben", "for Ben")
    return "for Ben" in texts(site.ask("/events?name=ben", site.sign_in()), 2 if site.module.naive else 1)


def read_from_elsewhere(site):
    cookie = site.sign_in()
    answers = [site.ask("/events", cookie | headers) for headers in FROM_ELSEWHERE]
    allowed = [
        (answer.header("access-control-allow-origin"), answer.header("access-control-allow-credentials"))
        for answer in answers
        if answer.status == 200
    ]
    return (EVIL, "true") in allowed


def post_from_elsewhere(site):
    cookie = site.sign_in()
    return any(site.post("/notes", cookie | headers, to="ann", text="a").status == 204 for headers in FROM_ELSEWHERE)


def sign_the_visitor_in(site):
    """As the attacker, who can then read what the visitor writes."""
    answers = [site.post("/sign-in", headers, name="ben", password="milk") for headers in FROM_ELSEWHERE]
    return any(answer.header("set-cookie") for answer in answers)


def listen_when_signed_out(site):
    cookie, ben = site.sign_in(), site.sign_in("ben", "milk")
    stream = site.ask("/events", cookie)
    texts(stream, 1)
    began = time.monotonic()
    site.post("/sign-out", cookie)
    site.send(ben, "ann", "for who is signed in")
    heard = texts(stream, 1)
    assert heard or time.monotonic() - began < 5  # a busy machine's second; a heartbeat takes 15
    assert site.ask("/events", cookie).status == 401
    return bool(heard)


def listen_when_time_is_over(site):
    stream = site.ask("/events", site.sign_in())
    texts(stream, 1)
    time.sleep(0.5)
    site.send(site.sign_in("ben", "milk"), "ann", "for who is signed in")
    return bool(texts(stream, 1))


def use_a_ticket_twice(site):
    ticket = site.ticket(site.sign_in())
    return [site.ask(f"/events?ticket={ticket}").status for _ in "ab"] == [200, 200]


def keep_a_ticket(site):
    ticket = site.ticket(site.sign_in())
    pass_by(site, 11)
    return site.ask(f"/events?ticket={ticket}").status == 200


def read_the_log(site):
    """What is in it is tried as a ticket, a token and a cookie."""
    token = site.bearer()["Authorization"].split()[1]
    ticket = token if site.module.naive else site.ticket({"Authorization": f"Bearer {token}"})
    with access_log() as log:
        used = site.ask(f"/events?ticket={ticket}")
        assert used.status == 200
        site.sign_in()
    found = re.findall(r"[\w-]{43}", "\n".join(log))
    assert found == [ticket]
    ways = [(f"/events?ticket={ticket}", {}), ("/events", {"Authorization": f"Bearer {ticket}"})]
    ways.append(("/events", {"Cookie": f"session={ticket}"}))
    return any(site.ask(path, headers).status == 200 for path, headers in ways)


@contextmanager
def access_log():
    """What uvicorn notes of each request, as it does unless it is told not to."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("uvicorn.access")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def guess(site, headers=None):
    headers = headers or itertools.repeat({})
    for number in range(11):
        assert site.post("/sign-in", next(headers), name="ann", password=f"tea{number}").status in (403, 429)
    return site.post("/sign-in", next(headers), name="ann", password="tea").status == 303


def guess_from_addresses_without_number(site):
    return guess(site, ({"X-Forwarded-For": f"192.0.2.{number}"} for number in range(20)))


def open_streams_without_number(site):
    cookie = site.sign_in()
    with ThreadPoolExecutor(8) as pool:
        statuses = [stream.status for stream in pool.map(lambda _: site.ask("/events", cookie), range(8))]
    assert statuses.count(200) >= 4
    return statuses.count(200) > 4


def send_without_end(site):
    cookie = site.sign_in()
    return [site.post("/notes", cookie, to="ben", text="a").status for _ in range(21)][-1] == 204


def count_the_notes_of_others(site):
    ann, ben = site.sign_in(), site.sign_in("ben", "milk")
    stream = site.ask("/events", ben)
    ids = []
    for sent in (0, 3):
        for _ in range(sent):
            site.send(ann, "ann", "a")
        site.send(ben, "ben", "b")
    while len(ids) < 3:
        ids += [line[4:] for line in stream.event() if line.startswith("id: ")]
    return all(map(str.isdigit, ids)) and int(ids[2]) - int(ids[1]) == 4


def toss_a_cookie(site):
    """A neighbour's host, such as blog.example.org's, can set cookies for example.org: here the attacker's."""
    cookie = {"Cookie": site.sign_in()["Cookie"], "X-Forwarded-Proto": "https"}
    return "Sign out" in site.ask("/", cookie).response.read().decode()


ORIGIN_CHECK = "        refuse_foreign_pages(request)  # a cookie says whose browser asks, not whose page\n"
ANYBODYS = {"allow_origins=ORIGINS": 'allow_origins=["*"]'}
SHORT = {"SESSION = 8 * 3600": "SESSION = 0.4"}
ON_AND_ON = {
    "while now() < min(session.end, end)": "while now() < end",
    "min(session.end, end, now() + HEARTBEAT)": "now() + HEARTBEAT",
}
LIMITS = {"ACTS = 20": "ACTS = 10**9", "ATTEMPTS = 10": "ATTEMPTS = 10**9"}
FORWARDED = {"request.client.host if request.client else": 'request.headers["x-forwarded-for"] if request.client else'}
SEEN = "    seen = request.headers"
NAMED = {SEEN: f'    session.name = request.query_params.get("name", session.name)\n{SEEN}'}
COUNTED = {
    "event_id = token_urlsafe(9)": "event_id = str(next(NUMBERS))",
    "HEADERS = {": "NUMBERS = iter(range(99))\nHEADERS = {",
}
ATTACKS = {
    hear_another: NAMED,
    read_from_elsewhere: {ORIGIN_CHECK: "", **ANYBODYS},
    post_from_elsewhere: {ORIGIN_CHECK: ""},
    sign_the_visitor_in: {"    refuse_foreign_pages(request)\n    name": "    name"},
    listen_when_signed_out: ON_AND_ON,
    listen_when_time_is_over: ON_AND_ON,
    use_a_ticket_twice: {"(self.known.pop if once else self.known.get)": "self.known.get"},
    keep_a_ticket: {"TICKET = 10": "TICKET = 86_400"},
    read_the_log: {"tickets.find(ticket, once=True)": "tokens.find(ticket)"},
    guess: LIMITS,
    guess_from_addresses_without_number: FORWARDED,
    open_streams_without_number: {"STREAMS = 4": "STREAMS = 10**9"},
    send_without_end: LIMITS,
    count_the_notes_of_others: COUNTED,
    toss_a_cookie: {'"__Host-session" if request.url.scheme == "https" else "session"': '"session"'},
}
OF_BOTH = {listen_when_time_is_over: SHORT}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_attack_succeeds_where_the_defence_is_missing_and_fails_here(attack, members, monkeypatch):
    if attack is guess_from_addresses_without_number:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.99")  # of a proxy, which the attacker is not
    for is_naive in (True, False):
        site = members(OF_BOTH.get(attack, {}) | (ATTACKS[attack] if is_naive else {}))
        site.module.naive = is_naive
        assert attack(site) == is_naive


# ---- What it is for ----


def lines_until(stream, last):
    lines = []
    while last not in lines:
        lines += stream.event()
    return lines


def test_the_cookie_is_kept_from_scripts_from_other_sites_and_from_plain_http(members):
    site = members()
    answer = site.post("/sign-in", name="ann", password="tea")
    assert answer.header("location") == "./"
    plain = r"session=[\w-]{43}; HttpOnly; Max-Age=28800; Path=/; SameSite=lax"
    assert re.fullmatch(plain, answer.header("set-cookie"))
    safe = {"X-Forwarded-Proto": "https"}  # from a proxy at 127.0.0.1, which uvicorn believes
    assert re.fullmatch(
        rf"__Host-{plain}; Secure", site.post("/sign-in", safe, name="ann", password="tea").header("set-cookie")
    )
    cookie = site.sign_in(headers=safe)
    assert cookie != site.sign_in(headers=cookie | safe)  # nobody's choice but ours
    page = site.ask("/", cookie | safe)
    assert "Sign out" in page.response.read().decode()
    assert page.header("cache-control").startswith("no-store")
    gone = site.post("/sign-out", cookie | safe).header("set-cookie")
    assert gone.startswith("__Host-session=")
    assert {"Max-Age=0", "Path=/", "Secure"} < set(gone.split("; "))
    assert "Sign in" in site.ask("/", cookie | safe).response.read().decode()


@pytest.mark.parametrize(("name", "password"), [("ann", "milk"), ("ann", ""), ("eve", ""), ("eve", "tea"), ("", "")])
def test_nobody_else_gets_in(name, password, members, monkeypatch):
    site = members()
    site.module.PASSWORDS["eve"] = ""  # of whom the environment has no password
    for path in ("/sign-in", "/token"):
        answer = site.post(path, name=name, password=password)
        assert (answer.status, answer.header("set-cookie")) == (403, None)
    assert not site.module.mailboxes
    monkeypatch.delenv("MEMBERS")
    assert members.load().PASSWORDS == {}
    site.module.PASSWORDS.clear()
    assert b"set its MEMBERS" in site.post("/sign-in", name=name, password=password).response.read()


def test_whoever_says_nothing_or_what_is_over_gets_401(members):
    site = members()
    cookie, bearer = site.sign_in(), site.bearer()
    ticket = site.ticket(bearer)
    for headers in (cookie, bearer):
        site.post("/sign-out", headers)
    ways = [
        {},
        cookie,
        bearer,
        {"Cookie": "session="},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer \xe9"},
    ]
    for path, headers in [*(("/events", way) for way in ways), (f"/events?ticket={ticket}", {})]:
        answer = site.ask(path, headers)
        assert (answer.status, answer.header("www-authenticate")) == (401, "Bearer")
    assert (
        site.post(f"/notes?ticket={site.ticket(site.bearer())}", to="ann", text="a").status == 401
    )  # a ticket listens
    site.bearer()
    assert len(site.module.tokens.known) == 2  # what is over is forgotten


def test_a_note_reaches_two_members_and_a_stream_goes_on_where_it_was(members):
    site = members({"STREAMS = 4": "STREAMS = 9"})
    ann, ben = site.bearer(), site.sign_in("ben", "milk")
    site.send(ann, "ben", "<b>\n\ndata: x")
    site.send(ben, "ben", "x" * 300)
    stream = site.ask("/events", ben)
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-store, no-transform"
    assert stream.header("x-accel-buffering") == "no"
    assert texts(stream, 3) == ["You have just signed in.", "<b>\n\ndata: x", "x" * 200]
    site.send(ann, "ann", "not for Ben")
    site.send(ann, "ben", "live")
    [last, *event] = stream.event()
    assert re.fullmatch("id: [\\w-]{12}", last)
    assert event == ["event: note", 'data: {"from": "ann", "text": "live"}']
    assert texts(site.ask("/events", ann), 4)[1:] == ["<b>\n\ndata: x", "not for Ben", "live"]
    for resumed in (
        site.ask("/events", ben | {"Last-Event-ID": last[4:]}),
        site.ask(f"/events?last_event_id={last[4:]}", ben),
    ):
        assert resumed.event() == [":"]
        site.send(ann, "ben", "again")
        assert texts(resumed, 1) == ["again"]
    of_ann = site.ask("/events", ann).event()[0]
    for unknown in (of_ann[4:], "x"):
        stranger = site.ask("/events", ben | {"Last-Event-ID": unknown})
        assert stranger.event() == ["id", "event: reset", "data: {}"]
        assert texts(stranger, 1) == ["You have just signed in."]


def test_what_a_mailbox_has_lost_is_said_once(members):
    async def scenario():
        mailbox = members.load().Mailbox()
        assert mailbox.after("") == ("", b"")
        assert mailbox.after("x") == ("", b"id\nevent: reset\ndata: {}\n\n")
        for number in range(101):
            mailbox.put("ann", str(number))
        newest, piece = mailbox.after("x")
        assert piece.count(b"event: reset") == 1
        assert piece.count(b"event: note") == 100
        assert mailbox.after(newest) == (newest, b"")

    asyncio.run(scenario())


def test_what_is_asked_for_wrongly_is_refused_in_a_sentence(members):
    site = members()
    cookie = site.sign_in()
    assert site.post("/notes", cookie, to="eve", text="a").status == 404
    assert site.post("/notes", cookie, to="ann", text="a" * 20_000).status == 413
    assert site.ask("/notes", cookie).status == 405
    file = b'--x\r\nContent-Disposition: form-data; name="to"; filename="a"\r\n\r\na\r\n--x--\r\n'
    upload = cookie | {"Content-Type": "multipart/form-data; boundary=x"}
    assert site._ask(site.url, "/notes", "POST", upload, file).status == 400


def test_a_response_ends_after_a_while_and_a_quiet_one_has_a_heartbeat(members):
    site = members({"LIFE = 600": "LIFE = 0.5", "HEARTBEAT = 15": "HEARTBEAT = 0.1"})
    stream = site.ask("/events", site.sign_in())
    first, *rest = stream.rest()
    assert first[1] == "event: note"
    assert [":"] in rest
    assert ["event: over", "data: {}"] not in rest  # they may come back


def wait_for_streams(site, expected):
    """A place is given back a moment after the client has gone, or has its answer."""
    deadline = time.monotonic() + PATIENCE
    while site.module.streams != expected:
        assert time.monotonic() < deadline, site.module.streams
        time.sleep(0.01)


def test_places_are_given_back_by_head_at_once(members):
    site = members({"STREAMS = 4": "STREAMS = 2", "STREAMS_FROM = 100": "STREAMS_FROM = 3"})
    ann, ben = site.sign_in(), site.sign_in("ben", "milk")
    for _ in range(3):
        assert site.ask("/events", ann, "HEAD").status == 200
        wait_for_streams(site, {})
    stream = site.ask("/events", ann)
    other = site.ask("/events", ann)
    for method in ("GET", "HEAD"):
        refused = site.ask("/events", ann, method)
        assert (refused.status, refused.header("retry-after")) == (429, "60")
    assert site.ask("/events", ben).status == 200
    assert site.ask("/events", ben).status == 429  # three from this address
    other.leave()
    wait_for_streams(site, {"ann": 1, "ben": 1, "127.0.0.1": 2})
    last = site.ask("/events", ann)
    assert site.module.streams == {"ann": 2, "ben": 1, "127.0.0.1": 3}
    site.post("/sign-out", ann)
    for each in (stream, last):
        assert each.rest()[-1] == ["event: over", "data: {}"]
    wait_for_streams(site, {"ben": 1, "127.0.0.1": 1})


def test_strangers_do_not_fill_the_memory_and_a_minute_later_all_begin_anew(members):
    async def scenario():
        module = members.load()
        rate = module.Rate(1)
        for number in range(10_000):
            rate.count(str(number))
        rate.count("one more")
        for who in ("10", "yet another"):
            with pytest.raises(module.HTTPException):
                rate.count(who)
        assert len(rate.counts) == 10_001
        then = module.now()
        module.now = lambda: then + 60
        rate.count("10")
        assert len(rate.counts) == 1

    asyncio.run(scenario())


ADDRESSES = [
    (("192.0.2.1", 5), "192.0.2.1"),
    (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::/64"),
    (("::ffff:192.0.2.1", 5), "::ffff:192.0.2.1"),
    (("testclient", 5), "testclient"),
    (None, ""),  # of a socket that is a file
]


@pytest.mark.parametrize(("client", "address"), ADDRESSES)
def test_an_address_of_ipv6_counts_as_its_network(client, address):
    assert example.address_of(example.Request({"type": "http", "client": client})) == address


FRIEND = "http://127.0.0.1:5"


def test_another_origin_is_allowed_by_name_and_answers_say_that_they_depend_on_it(members):
    site = members(origins=f"{FRIEND} https://friend.example")
    cookie = site.sign_in()
    for headers in ({"Origin": FRIEND, "Sec-Fetch-Site": "same-site"}, {"Origin": FRIEND}):
        allowed = site.ask("/events", cookie | headers)
        assert allowed.status == 200
        assert allowed.header("access-control-allow-origin") == FRIEND
        assert allowed.header("access-control-allow-credentials") == "true"
        assert allowed.header("vary") == "Origin"
    assert site.ask("/").header("vary") == "Origin"
    refused = site.ask("/events", cookie | {"Origin": EVIL})
    assert (refused.status, refused.header("access-control-allow-origin")) == (403, None)
    own = {"Origin": site.url}
    assert site.post("/notes", cookie | own, to="ann", text="a").status == 204  # an old browser's own page
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert site.ask("/events", {"Origin": FRIEND, **asks}, "OPTIONS").status == 200
    assert site.ask("/events", {"Origin": EVIL, **asks}, "OPTIONS").status == 400


# ---- In browsers ----

TRY = """([url, withCredentials]) => new Promise((resolve) => {
    const source = new EventSource(url, { withCredentials });
    const end = (what) => { source.close(); resolve(what); };
    source.addEventListener("note", ({ data }) => end(JSON.parse(data).text));
    source.onerror = () => end(source.readyState === EventSource.CLOSED ? "closed" : "connecting");
})"""
READ = f"""async ([url, token]) => {{
    {fetch_stream.PARSER}{fetch_stream.EVENTS}
    const {{ signal }} = new AbortController();
    const headers = {{ Authorization: `Bearer ${{token}}` }};
    for await (const {{ data }} of events(url, {{ headers, signal, onlost() {{}} }})) return JSON.parse(data).text;
}}"""
SIGNED_IN = "You have just signed in."


async def blank(_):
    return HTMLResponse("<!doctype html><title>Elsewhere</title>")


async def nothing(_):
    return Response(status_code=204)


ELSEWHERE = Starlette(routes=[Route("/", blank), Route("/204", nothing)])


def test_what_pages_of_other_origins_get(members, serving, page):
    """A port makes another origin, and the same site; `localhost` is another site than 127.0.0.1."""
    friend, foe = serving(ELSEWHERE), serving(ELSEWHERE)
    site = members(origins=f"{friend} {friend.replace('127.0.0.1', 'localhost')}")
    gullible = members({"allow_credentials=True": "allow_credentials=False", ORIGIN_CHECK: "", **ANYBODYS})
    console = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(site.url)
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("tea")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text(SIGNED_IN).wait_for()
    gullible.module.tokens, gullible.module.mailboxes = site.module.tokens, site.module.mailboxes
    stream = f"{site.url}/events"
    note = """(url) => fetch(url, { method: "POST", mode: "no-cors", credentials: "include",
        body: new URLSearchParams({ to: "ann", text: "from elsewhere" }) }).then(() => "sent")"""

    page.goto(friend)
    assert page.evaluate(TRY, [stream, True]) == SIGNED_IN
    assert page.evaluate(TRY, [stream, False]) == "closed"  # 401: without its cookie
    assert page.evaluate(TRY, [f"{friend}/204", False]) == "closed"  # the two look the same
    page.goto(foe)
    console.clear()
    assert page.evaluate(TRY, [f"{gullible.url}/events", True]) == "closed"
    assert "must not be the wildcard '*' when the request's credentials mode is 'include'" in console[0]
    assert page.evaluate(TRY, [stream, True]) == "closed"
    assert "No 'Access-Control-Allow-Origin' header is present" in console[2]
    assert page.evaluate(note, f"{site.url}/notes") == "sent"
    assert page.evaluate(note, f"{gullible.url}/notes") == "sent"
    page.goto(friend.replace("127.0.0.1", "localhost"))
    assert page.evaluate(TRY, [stream, True]) == "closed"  # 401: `SameSite` has kept the cookie back
    bearer = site.bearer("ben", "milk")
    assert page.evaluate(READ, [stream, bearer["Authorization"].split()[1]]) == SIGNED_IN
    with_ticket = f"{stream}?ticket={site.ticket(bearer)}"
    assert [page.evaluate(TRY, [with_ticket, False]) for _ in "ab"] == [SIGNED_IN, "closed"]
    _, notes = site.module.mailboxes["ann"].after("")
    assert notes.count(b"from elsewhere") == 1  # what the gullible took


def test_firefox_keeps_cookies_and_streams_from_other_pages_too(members, serving, tab):
    friend, foe = serving(ELSEWHERE), serving(ELSEWHERE)
    site = members(origins=f"{friend} {friend.replace('127.0.0.1', 'localhost')}")
    tab.open(site.url)
    tab.evaluate(
        """async () => {
            const body = new URLSearchParams({ name: "ann", password: "tea" });
            await fetch("sign-in", { method: "POST", body });
        }"""
    )
    ask = f"(url) => ({TRY})([url, true])"
    for place, got in ((friend, SIGNED_IN), (foe, "closed"), (friend.replace("127.0.0.1", "localhost"), "closed")):
        tab.open(place)
        assert tab.evaluate(ask, f"{site.url}/events") == got


@contextmanager
def serving_over_tls(app, folder):
    certificate = trustme.CA().issue_cert("127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(chain, append=True)
    config = uvicorn.Config(
        assets.local(app), port=0, log_level="error", ssl_certfile=chain, ssl_keyfile=key, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def test_the_page_over_tls_signs_in_listens_sends_and_is_told_when_all_is_over(members, browser, tmp_path):
    module = members.load({"STREAMS = 4": "STREAMS = 1"})
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    with serving_over_tls(module.app, tmp_path) as url:
        page.goto(url)
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password").fill("tea")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Doorkeeper: You have just signed in.").wait_for()
        [cookie] = context.cookies()
        kept = {name: cookie[name] for name in ("name", "httpOnly", "secure", "sameSite", "path")}
        assert kept == {"name": "__Host-session", "httpOnly": True, "secure": True, "sameSite": "Lax", "path": "/"}
        assert page.evaluate("document.cookie") == ""
        page.get_by_label("Note").fill("<b>tea</b>")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("ann: <b>tea</b>").wait_for()
        page.get_by_text("Stream of ann: open").wait_for()
        module.PASSWORDS.pop("ben")
        page.locator("select").select_option("ben")
        page.get_by_label("Note").fill("a")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("There is no such member.").wait_for()

        one_too_many, other = context.new_page(), context.new_page()
        one_too_many.add_init_script("const later = setTimeout; setTimeout = (go) => later(go, 50)")
        one_too_many.goto(url)
        one_too_many.get_by_text("not open (the server says 429), trying again").wait_for()
        other.goto(url)
        other.get_by_role("button", name="Sign out").click()
        other.get_by_role("button", name="Sign in").wait_for()
        page.get_by_text("closed: your session is over").wait_for()
        one_too_many.get_by_text("closed: nobody is signed in").wait_for()
        assert page.get_by_role("link", name="Sign in").is_visible()
        context.close()
    assert not errors
