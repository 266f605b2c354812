"""One HTTP message, against real sockets on loopback: what is admitted, and what a bad other side can do."""

import socket
import threading
import time
from ipaddress import ip_network

import pytest

from entregent.toolbox import hosts, outgoing
from entregent.toolbox.errors import Refusal
from testing.existing_system import ExistingSystem

# This machine, in the spellings that resolvers and parsers of addresses read.
LOOPBACK_SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254", "0", "0.0.0.0", "0.1", "2130706433",
    "0x7f000001", "0x7F.0x0.0x0.0x1", "0x7f.1", "017700000001", "0177.0.0.1", "0177.0.0.01", "00000177.0.0.1",
    "127.000.000.001", "127.0x0.00.1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "localhost.localdomain",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:0.0.0.0]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[2001:0:7f00:1::80ff:fffe]", "[::1%lo]", "[::1%25lo]", "[fe80::1%lo]",
]  # fmt: skip
# In letters of other scripts: the address as a whole must be ASCII.
FOREIGN_SPELLINGS = ["１２７.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00adalhost", "127.0.0.1\u200b"]
# Who the host is, hidden by what stands around it.
DISGUISED = [
    "1.1.1.1@127.0.0.1", "1.1.1.1:443@127.0.0.1", "127.0.0.1#@1.1.1.1", "127.0.0.1#", "1.1.1.1%40127.0.0.1",
    "127.0.0.1%2f", "127.0.0.1\\@1.1.1.1", "127.0.0.1 .1.1.1.1", "127.0.0.1\t", "%31%32%37.0.0.1", "127.0.0.1%00",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]",
    "[fc00::1]", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
    "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "168.63.129.16", "192.0.0.192",
    "[fd20:ce::254]", "[fec0::1]", "[3fff::1]", "[2001:db8::1]", "[100::1]", "192.88.99.1", "0xa.1", "012.0.0.1",
    "240.0.0.1", "203.0.113.1", "198.51.100.1", "192.0.0.1", "[ff0e::1]", "[5f00::1]",
]  # fmt: skip


class Canary:
    """A listening server on every address of this machine that counts whoever connects."""

    def __init__(self):
        self.hits: list[str] = []
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, peer = self.socket.accept()
            except OSError:
                return
            self.hits.append(peer[0])
            connection.close()

    def settled(self) -> list[str]:
        """Who has connected, once this machine's own connection, made last, has been counted."""
        socket.create_connection(("127.0.0.1", self.port)).close()
        for _again in range(100):
            if self.hits:
                break
            time.sleep(0.02)
        return self.hits


@pytest.fixture
def canary():
    listening = Canary()
    yield listening
    listening.socket.close()


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


def refuses(reach, address) -> bool:
    try:
        reach(address)
    except Refusal:
        return True
    except outgoing.TROUBLES:
        pass  # It was spoken to.
    return False


def test_no_spelling_of_an_address_of_our_own_network_is_reached(canary):
    spellings = LOOPBACK_SPELLINGS + FOREIGN_SPELLINGS + DISGUISED + PRIVATE
    assert len(set(spellings)) >= 60
    let_in = []
    for host in spellings:
        for scheme in ("http", "https"):
            url = f"{scheme}://{host}:{canary.port}/"
            let_in += [
                url for reach in (lambda u: send(u, may_loop=False), outgoing.check_url) if not refuses(reach, url)
            ]
    for host in LOOPBACK_SPELLINGS + FOREIGN_SPELLINGS + PRIVATE:
        if not refuses(lambda h: hosts.connect(h, canary.port, timeout=1), host.strip("[]")):
            let_in.append(host)
    assert let_in == []
    assert len(canary.settled()) == 1  # that of the test itself


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


def test_a_name_with_one_address_of_ours_among_its_addresses_is_refused(canary, monkeypatch):
    real = socket.getaddrinfo

    def mixed(host, *arguments, **options):
        return real("1.1.1.1", *arguments, **options) + real("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    with pytest.raises(hosts.HostRefused):
        outgoing.post(f"https://mixed.example:{canary.port}/", body=b"", headers={}, seconds=1)
    monkeypatch.undo()
    assert len(canary.settled()) == 1


def test_a_name_that_turns_to_this_machine_after_it_was_set_is_refused_when_it_is_used(canary, monkeypatch):
    real, turned = socket.getaddrinfo, []

    def turning(host, *arguments, **options):
        return real("127.0.0.1" if turned else "1.1.1.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", turning)
    url = outgoing.check_url(f"https://turning.example:{canary.port}/")
    turned.append(True)
    with pytest.raises(hosts.HostRefused):
        outgoing.post(url, body=b"", headers={}, seconds=1)
    monkeypatch.undo()
    assert len(canary.settled()) == 1


def test_what_the_instance_names_is_reached_and_nothing_beside_it(system, settings):
    for named in (ip_network("127.0.0.0/8"), "127.0.0.1"):
        settings.PRIVATE_HOSTS = (named,)
        assert send(system.url, may_loop=False).status == 200
    settings.PRIVATE_HOSTS = ("localhost",)
    assert send(system.url.replace("127.0.0.1", "LocalHost"), may_loop=False).status == 200
    taken = len(system.taken)
    for url in (system.url, "https://10.0.0.1/", "https://169.254.169.254/", "http://1.1.1.1/"):
        with pytest.raises(Refusal):
            send(url, may_loop=False)
    settings.PRIVATE_HOSTS = (ip_network("10.0.0.0/8"), ip_network("169.254.0.0/16"), ip_network("fd00::/8"))
    assert hosts.is_admitted("10.1.2.3")
    assert not hosts.is_admitted("127.0.0.1")
    assert not hosts.is_admitted("169.254.169.254")
    assert not hosts.is_admitted("fd00:ec2::254")
    settings.PRIVATE_HOSTS = True
    assert outgoing.check_url("https://10.0.0.1/") == "https://10.0.0.1/"
    with pytest.raises(Refusal):
        outgoing.check_url("http://10.0.0.1/")
    assert len(system.taken) == taken


def test_public_addresses_are_admitted():
    for address in ("1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"):
        assert hosts.is_admitted(address), address


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_verbs_go_the_same_way(method):
    listening = socket.create_server(("127.0.0.1", 0))
    said = []

    def answer():
        connection, _peer = listening.accept()
        said.append(connection.recv(65536).split(b" ", 1)[0].decode())
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    assert outgoing.request(method, url, headers={}, seconds=3, may_loop=True).status == 204
    assert said == [method]
    listening.close()


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
