"""One HTTP message, against real sockets on loopback: what is admitted, and what a bad other side can do."""

import socket
import threading

import pytest

from entregent.toolbox import hosts, outgoing
from entregent.toolbox.errors import Refusal
from testing.existing_system import ExistingSystem

LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::]", "localhost",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "127.0.0.1.",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]",
    "[fc00::1]", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
]  # fmt: skip


@pytest.fixture
def system():
    with ExistingSystem() as running:
        yield running


def send(url, seconds=3, may_loop=True):
    return outgoing.post(url, body=b'{"data": {}}', headers={"webhook-id": "x"}, seconds=seconds, may_loop=may_loop)


def test_a_message_is_posted_and_its_answer_read(system):
    answer = send(system.url)
    assert (answer.status, answer.body) == (200, b'{"ok": true}')
    assert answer.headers["content-type"] == "application/json"
    assert system.taken[0]["headers"]["host"] == f"127.0.0.1:{system.port}"


@pytest.mark.parametrize("host", LOOPBACK_SPELLINGS + PRIVATE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_address_of_our_own_network_is_reached(system, host, scheme):
    with pytest.raises(Refusal):
        send(f"{scheme}://{host}:{system.port}/", may_loop=False)
    with pytest.raises(Refusal):
        outgoing.check_url(f"{scheme}://{host}:{system.port}/")
    assert system.taken == []


@pytest.mark.parametrize("host", PRIVATE)
def test_who_may_reach_this_machine_reaches_no_other(host):
    with pytest.raises(Refusal):
        outgoing.check_url(f"https://{host}/", may_loop=True)


@pytest.mark.parametrize(
    "url",
    [
        "", "eaux.example", "ftp://1.1.1.1/", "file:///etc/passwd", "https://", "https://a b/", "https://1.1.1.1:0/",
        "https://1.1.1.1:99999/", "https://u:p@1.1.1.1/", "https://1.1.1.1/#x", "https://1.1.1.1/\r\nX: y",
        "javascript:alert(1)", "https://1.1.1.1/" + "a" * 500, "http://1.1.1.1/", "https://é.example/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(Refusal):
        outgoing.check_url(url)
    with pytest.raises(Refusal):
        outgoing.post(url, body=b"", headers={}, seconds=1)


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(system, monkeypatch):
    """The connection goes to the address that was looked at: the name is asked once for it."""
    asked = []
    real = socket.getaddrinfo

    def rebinding(host, *arguments, **options):
        asked.append(host)
        return real("1.1.1.1" if len(asked) == 1 else "127.0.0.1", *arguments, **options)

    reached = []

    def refuse(self, address):
        reached.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(hosts.socket.socket, "connect", refuse)
    with pytest.raises(ConnectionRefusedError):
        outgoing.post(f"https://rebind.example:{system.port}/", body=b"", headers={}, seconds=1)
    assert (reached, asked) == (["1.1.1.1"], ["rebind.example"])


def test_no_redirect_is_followed(system):
    with ExistingSystem() as other:
        system.answers = [(302, {"Location": other.url})]
        assert send(system.url).status == 302
        assert other.taken == []


@pytest.mark.parametrize("how", ["late", "drip"])
def test_who_is_slow_is_left_in_time(system, how):
    system.answers, system.late = [how], 4
    with pytest.raises((outgoing.Late, TimeoutError)):
        send(system.url, seconds=0.6)


def test_who_hangs_up_is_a_trouble(system):
    system.answers = ["cut"]
    with pytest.raises(outgoing.TROUBLES):
        send(system.url)


def test_no_more_than_the_beginning_of_an_answer_is_read():
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _peer = listening.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _block in range(1600):
                connection.sendall(b"a" * 65536)
        except OSError:
            pass
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    read = send(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert len(read.body) == outgoing.MOST_READ
    listening.close()


def test_what_speaks_no_http_is_a_trouble():
    listening = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _peer = listening.accept()
        connection.recv(65536)
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    with pytest.raises(outgoing.TROUBLES):
        send(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    listening.close()
