"""TLS with a certificate authority of one's own, proxies, and the two together."""

import pytest

from assistant.relay.client import Cancel, Deadlines, Delta, RelayClient, RelayError

from .certificates import Authority
from .ending import PROMPT, Running, hold, hold_after_text
from .proxy import Proxy
from .upstream import Events, Peer, Upstream, completion


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def tls(authority):
    return authority.server_context()


def answer_either(peer):
    if peer.json().get("stream"):
        Events(peer, "chunked").text("Hel").finish().done()
    else:
        peer.answer(200, completion())


def check_both(client, request_):
    assert client.complete(request_).text == "Hello"
    assert next(client.stream(request_)) == Delta("Hel")


def failure(client, request_):
    with pytest.raises(RelayError) as caught:
        client.complete(request_)
    assert caught.value.__context__ is None
    return caught.value


def test_a_private_authority_is_trusted_when_named(connect, request_, authority, tls):
    with Upstream(answer_either, tls=tls) as upstream:
        check_both(connect(upstream.url, ca_bundle=str(authority.bundle)), request_)


def test_the_environment_cannot_name_an_authority(connect, request_, authority, tls, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    with Upstream(answer_either, tls=tls) as upstream:
        assert "certificate cannot be trusted" in failure(connect(upstream.url), request_).message


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("unknown", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("other", "mismatch"),
    ],
)
def test_a_bad_certificate_is_a_clear_error(connect, request_, authority, problem, words):
    context = authority.server_context(
        "127.0.0.2" if problem == "other" else "127.0.0.1", expired=problem == "expired"
    )
    bundle = None if problem == "unknown" else str(authority.bundle)
    with Upstream(answer_either, tls=context) as upstream:
        error = failure(connect(upstream.url, ca_bundle=bundle), request_)
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", False, True)
    assert words in error.message
    assert "RELAY_CA_BUNDLE" in error.message


class WithoutTLS(Upstream):
    """Reads a TLS greeting and answers as a web server does, or not at all."""

    def __init__(self, answer):
        super().__init__()
        self._answer = answer

    def talk(self, sock):
        sock.recv(65536)
        sock.sendall(self._answer)
        Peer(sock).wait_until_gone()


def test_https_to_a_port_without_tls_says_so(connect, request_):
    with WithoutTLS(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n") as upstream:
        error = failure(connect(upstream.url.replace("http:", "https:")), request_)
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", False, True)
    assert "is it http, not https?" in error.message


@pytest.mark.parametrize("script", [hold, hold_after_text("chunked")], ids=["before the headers", "within the text"])
@pytest.mark.parametrize("through", ["directly", "through a proxy"])
def test_a_stream_over_tls_is_cancelled_in_time_and_freed(connect, request_, authority, tls, script, through):
    cancel = Cancel()
    with Upstream(script, tls=tls) as upstream, Proxy() as proxy:
        options = {"proxy": f"http://127.0.0.1:{proxy.port}"} if through != "directly" else {}
        client = connect(upstream.url, ca_bundle=str(authority.bundle), **options)
        running = Running(lambda: client.stream(request_, cancel))
        upstream.wait_for_requests(1)
        if script is not hold:
            running.wait_for_items(1)
        assert running.cancel(cancel) < PROMPT
        assert running.error.code == "cancelled"
        upstream.wait_for_open(0)


def test_a_tls_handshake_that_hangs_has_a_deadline(connect, request_):
    with WithoutTLS(b"") as upstream:
        client = connect(upstream.url.replace("http:", "https:"), deadlines=Deadlines(connect=0.2))
        error = failure(client, request_)
        upstream.wait_for_open(0)
    assert (error.code, error.retryable) == ("timeout", True)


def test_a_connect_proxy_carries_tls(connect, request_, authority, tls):
    with Upstream(answer_either, tls=tls) as upstream, Proxy() as proxy:
        client = connect(
            upstream.url, ca_bundle=str(authority.bundle), proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}"
        )
        check_both(client, request_)
        assert proxy.peers[0].head.startswith(f"CONNECT 127.0.0.1:{upstream.port} ")
        assert proxy.peers[0].header("proxy-authorization") == "Basic dXNlcjpwQHNz"
        assert proxy.peers[0].header("authorization") == ""
        client.close()


def test_a_proxy_that_speaks_tls_itself_carries_tls(connect, request_, authority, tls):
    with Upstream(answer_either, tls=tls) as upstream, Proxy(tls=tls) as proxy:
        client = connect(upstream.url, ca_bundle=str(authority.bundle), proxy=f"https://127.0.0.1:{proxy.port}")
        check_both(client, request_)
        assert proxy.peers[0].head.startswith("CONNECT")
        client.close()


def test_a_plain_relay_is_reached_through_a_proxy(connect, request_):
    with Upstream(answer_either) as upstream, Proxy() as proxy:
        client = connect(upstream.url, proxy=f"http://127.0.0.1:{proxy.port}")
        assert client.complete(request_).text == "Hello"
        assert proxy.peers[0].head.startswith(f"POST http://127.0.0.1:{upstream.port}/v1/chat/completions ")
        client.close()


@pytest.mark.parametrize(("status", "retryable"), [(407, False), (403, False), (502, True)])
def test_a_proxy_that_refuses_is_named(connect, request_, authority, status, retryable):
    with Proxy(refuse=status) as proxy:
        error = failure(
            connect("https://127.0.0.1:9/v1", proxy=f"http://user:hunter22@127.0.0.1:{proxy.port}"), request_
        )
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", retryable, not retryable)
    assert "RELAY_PROXY" in error.message
    assert str(status) in error.message
    assert "hunter22" not in error.message


def test_a_proxy_that_is_not_there_is_named(connect, request_, closed_port):
    for url in ("https://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"):
        error = failure(connect(url, proxy=f"http://127.0.0.1:{closed_port}"), request_)
        assert error.retryable
        assert "RELAY_PROXY" in error.message


@pytest.mark.parametrize("url", ["", "relay.example", "ftp://relay.example", "https://", "https://a/v1?x=1"])
def test_an_address_that_cannot_work_is_refused_at_once(url):
    with pytest.raises(ValueError, match="RELAY_BASE_URL"):
        RelayClient(url, "key")
    with pytest.raises(ValueError, match="RELAY_PROXY"):
        RelayClient("https://relay.example", "key", proxy=url or "x")


def test_a_bundle_that_cannot_be_read_is_refused_at_once(tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ValueError, match="RELAY_CA_BUNDLE"):
            RelayClient("https://relay.example", "key", ca_bundle=str(tmp_path / name))
