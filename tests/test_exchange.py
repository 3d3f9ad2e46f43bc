"""One exchange, to http and https: what comes as it comes, who ended it, and one sentence where nothing does."""

import gzip
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from threading import Thread

import pytest

from streamside.errors import UserError
from streamside.exchange import Exchange, NoAnswerError, address_of, speaks_http2
from tests import wrong_streams


def test_an_answer_is_read_as_it_comes_and_unpacked(monkeypatch):
    packed = gzip.compress(b"data: a\n\n")
    way = wrong_streams.stream(packed[:10], packed[10:], pause=0.06, content_encoding="gzip", ends=True)
    monkeypatch.setitem(wrong_streams.WAYS, "packed", (way, "", "", ""))
    with wrong_streams.serving() as server:
        with Exchange(f"{server.url}/packed", {"X-Sent": "1"}, patience=5) as seen:
            assert [chunk.data for chunk in seen.pieces()] == [b"data: a\n\n"]
        recording = seen.recording()
        assert (recording.path, recording.request_headers, recording.ended_by) == (
            "/packed",
            (("x-sent", "1"),),
            "server",
        )
        assert (seen.version, recording.is_event_stream) == ("1.1", True)
        assert 0 <= seen.answered_at <= recording.chunks[0].time <= recording.ended_at
        with Exchange(f"{server.url}/cut", {}, patience=5) as seen:
            assert len(list(seen.pieces())) == 1
        assert seen.ended_by == "network"
        with Exchange(f"{server.url}/right", {}, patience=5) as seen:
            assert list(seen.pieces(0.1))
        assert (seen.ended_by, seen.ended_at >= 0.1) == ("client", True)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a/", "http://", "http://[", "http://a:x/", "http://a:0/"])
def test_what_is_no_address_is_said(url):
    with pytest.raises(UserError, match=r"is no address of a stream; write it as in a browser's"):
        address_of(url)


def test_nobody_there_is_said():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(NoAnswerError, match=r"no answer to GET \(timed out\)"):
            Exchange(url, {}, patience=0.1)
        with pytest.raises(NoAnswerError, match="no answer to GET"):
            Exchange(url, {"a\nb": "c"}, patience=0.1)
    with pytest.raises(NoAnswerError, match=r"no answer to HEAD \(.*refused"):
        Exchange(url, {}, method="HEAD", patience=5)
    with pytest.raises(NoAnswerError, match="no answer to GET"):
        Exchange("http://127.0.0.1:1/a b", {}, patience=5)


def self_signed(certificate: Path, key: Path) -> None:
    """Make a certificate for 127.0.0.1, with its key."""
    made = [
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        "2",
        "-subj",
        "/CN=here",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *made]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("openssl"), reason="the standard library makes no certificates")
@pytest.mark.parametrize(("offered", "spoken"), [(["h2", "http/1.1"], True), (["http/1.1"], False)])
def test_tls_and_whether_http_2_is_spoken(tmp_path, monkeypatch, offered, spoken):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    self_signed(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(offered)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in (b"", b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\n"):
                with context.wrap_socket(listening.accept()[0], server_side=True) as connection:
                    connection.recv(1000)
                    connection.sendall(answer)

        serving = Thread(target=serve)
        serving.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        assert speaks_http2(url, 5) is spoken
        with Exchange(url, {}, patience=5) as seen:
            assert [chunk.data for chunk in seen.pieces()] == [b"data: a\n\n"]
        serving.join()
    assert speaks_http2(url, 5) is False
