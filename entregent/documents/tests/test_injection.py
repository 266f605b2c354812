"""What people write into texts, Word documents and letters: no attribute, file or network is reached, whatever it says.

Python tells of every file and connection that is opened (audit events). Typst is no Python: there each text is one that
would fail, or never end, if it were read as a program, and its own walls are tried with programs that want out.
"""

import gc
import os
import socket
import sys
import tempfile
import threading
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
import typst
from docx import Document

from entregent.clients.facts import facts_of
from entregent.documents import letters, texts, word
from entregent.documents.markup import literal
from entregent.documents.models import DocumentTemplate, Letterhead
from entregent.documents.tests.documents import docx
from entregent.toolbox.errors import Refusal

SECRET = "motdepasse-du-serveur"
FACTS = {
    "client": {"name": "Dupont", "first_name": "", "tags": ["a", "b"], "n": 2},
    "l": [{"k": "F-1"}, {"k": "F-2"}],
    "n": 3,
}
_watched = threading.local()


def _heard(event: str, arguments: tuple) -> None:
    seen = getattr(_watched, "seen", None)
    if seen is not None and event.startswith(("open", "socket.", "subprocess.", "os.", "urllib.", "ctypes.", "import")):
        seen.append((event, arguments))


sys.addaudithook(_heard)


@contextmanager
def reaching_nothing(*, but: str = ""):
    """No file, connection, process or module is opened inside; files of one folder where it is said.

    Nothing is collected meanwhile: what another test left open would be warned of here, with a line read from a source.
    """
    gc.disable()
    _watched.seen = seen = []
    try:
        yield
    finally:
        _watched.seen = None
        gc.enable()
    # A folder that is open already is read by its number.
    known = lambda what: but and (isinstance(what, int) or str(what).startswith(but))  # noqa: E731
    seen = [(event, about) for event, about in seen if not (event.startswith(("open", "os.")) and known(about[0]))]
    assert seen == []


def refused_or(render):
    """What it gives, or None where it is refused as a template that is wrong, without a word of the server's."""
    try:
        return render()
    except Refusal as refused:
        told = refused
    assert told.code in ("E-001-TEMPLATE", "E-004-TYPE")
    assert SECRET not in str(told.message)
    return None


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("ENTREGENT_SECRET_KEY", SECRET)


def corpus(name: str) -> list[str]:
    """The lines of a file beside; ␤ stands for the end of a line within one, ␀ for the character of number 0."""
    lines = (Path(__file__).parent / "corpora" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    return [line.replace("␤", "\n").replace("␀", "\x00") for line in lines if line]


# Each as a path, a key, an argument of a filter, and what tags of other dialects would do with them.
NAMES = corpus("names")
LIQUID = [
    *(f"{{{{ client.{name} }}}}" for name in NAMES),
    *(f"{{{{ client['{name}'] }}}}" for name in NAMES),
    *(f"{{{{ l[0].{name} }}}}" for name in NAMES),
    *(f"{{{{ client.name.{name} }}}}" for name in NAMES),
    *(f"{{{{ l | map: '{name}' | first }}}}" for name in NAMES if "." not in name),
    *(f"{{{{ {name} }}}}" for name in NAMES if name not in ("self",)),
    *(f"{{% for x in client.{name} %}}{{{{ x }}}}{{% endfor %}}{{{{ client.{name} }}}}" for name in NAMES),
    *(f"{{% assign a = client.{name} %}}{{{{ a }}}}" for name in NAMES),
    *corpus("liquid"),
]


def test_no_text_reaches_out():
    texts.render("{{ client.name }}", FACTS)
    harmless = {str(value) for value in ("", "Dupont", "2", "3", "F-1", "F-2", "a", "b", "{{ x }}", *FACTS["l"])}
    for source in LIQUID:
        with reaching_nothing():
            given = refused_or(lambda: texts.render(source, FACTS))  # noqa: B023
        # What is understood at all says what stands in the facts.
        assert given is None or given in harmless, (source, given)


def test_no_value_is_read_as_a_text():
    for source in LIQUID:
        with reaching_nothing():
            assert texts.render("{{ client.name }}", {"client": {"name": source}}) == source


JINJA = [
    *(f"{{{{ client.{name} }}}}" for name in NAMES),
    *(f"{{{{ client['{name}'] }}}}" for name in NAMES),
    *(f"{{{{ client.{name}() }}}}" for name in NAMES),
    *(f"{{{{ client.name.{name} }}}}" for name in NAMES),
    *(f"{{{{ l[0].{name} }}}}" for name in NAMES),
    *(f"{{% for x in l %}}{{{{ loop.{name} }}}}{{% endfor %}}" for name in NAMES),
    *(f"{{{{ client|attr('{name}') }}}}" for name in NAMES),
    *(f"{{{{ l|map(attribute='{name}')|list }}}}" for name in NAMES),
    *(f"{{{{ l|sort(attribute='{name}')|first }}}}" for name in NAMES if name != "keys"),
    *(f"{{{{ l|sum(attribute='{name}') }}}}" for name in NAMES),
    *(f"{{{{ {name} }}}}" for name in NAMES),
    *corpus("word"),
]


def said(content: bytes) -> str:
    return "".join(one.text for one in Document(BytesIO(content)).paragraphs)


def test_no_word_document_reaches_out():
    # What docxtpl reads by itself is read once.
    for source in ("{{ client.name }} {% for one in l %}{{ loop.index }}{% endfor %}", "{{ z }}", "{% if %}"):
        refused_or(lambda: word.filled_in(docx(source), FACTS))  # noqa: B023
    harmless = {"", "Dupont", "2", "3", "True", "False"}
    for source in JINJA:
        content = docx(source)
        with reaching_nothing():
            given = refused_or(lambda: word.filled_in(content, FACTS))  # noqa: B023
        assert given is None or said(given) in harmless, (source, said(given))


def test_no_value_is_read_as_a_word_template():
    content = docx("{{ client.name }}")
    word.filled_in(content, FACTS)
    xml = ["<w:p/>", "]]>", "&lt;b&gt;", "<!--", "<?xml?>", "</w:t></w:r>", "{%tr for a in l %}", "\\x41"]
    for source in [*JINJA[::7], *xml]:
        with reaching_nothing():
            given = word.filled_in(content, {"client": {"name": source}})
        assert said(given) == source


# As a program, or as markup of Typst, each of these fails or never ends.
TYPST = corpus("typst")


@pytest.mark.django_db
def test_a_letter_takes_every_text_as_a_text(org, client_north, tmp_path):
    """All of them in every place at once: names, address, subject, text as variable and as written, letterhead."""
    with _listening() as (address, reached):
        evil = [
            *TYPST,
            f'#image("http://{address}/x.png")',
            f'#import "http://{address}/x"',
            f'#link("http://{address}")',
        ]
        clean = [one.replace("\x00", "") for one in evil]
        facts = facts_of(client_north, language="fr")
        facts["client"] |= {"name": " ".join(clean), "number": clean[0], "address_block": clean[:8]}
        facts["today"] = clean[1]
        together = "\n\n".join(
            f"- {one}\n\n# {one}\n\n| {one} | b |\n|--|--|\n\n>> {one}\n\n**{one}** *{one}*" for one in clean
        )
        template = DocumentTemplate(
            organization=org, subject_fr="{{ client.name }}", body_fr="{{ client.name }}\n\n" + texts.render(
                "{{ all }}", {"all": together}, guard=lambda text: text.replace("{", "(").replace("}", ")")
            ),
        )  # fmt: skip
        head = Letterhead(
            organization=org, name=" ".join(clean), address="\n".join(clean), place=clean[2], colour='#"+panic()+"',
            footer_fr="\n".join(clean),
        )  # fmt: skip
        os.environ |= {"HTTP_PROXY": f"http://{address}", "HTTPS_PROXY": f"http://{address}"}
        try:
            with reaching_nothing(but=tempfile.gettempdir()):
                pdf = letters.pdf_of(template, facts, language="fr", organization=org, letterhead=head)
                written = letters.pdf_of(
                    template, facts, language="fr", organization=org, letterhead=head, written=(clean[3], together)
                )
        finally:
            del os.environ["HTTP_PROXY"], os.environ["HTTPS_PROXY"]
        for one in (pdf, written):
            assert one.startswith(b"%PDF-")
            assert b"/Subtype /Image" not in one
            assert b"/URI" not in one
            assert b"root:" not in one
        assert reached == []


def test_every_text_stays_what_it_is():
    for one in TYPST:
        blocks = letters.markup.blocks_of(texts.render("{{ a }}", {"a": one}, guard=literal))
        assert letters.markup.plain(blocks).split() == one.split()


@pytest.mark.parametrize(
    "program",
    [
        '#read("/etc/passwd")', '#read("../secret.txt")', '#read("../../../../../../../../etc/passwd")',
        '#image("/etc/passwd")',
        '#include "../secret.typ"', '#import "../secret.typ"', '#json("/proc/self/environ")',
        '#plugin("../secret.wasm")', '#eval("read(\\"../secret.txt\\")")',
    ],
)  # fmt: skip
def test_a_program_of_typst_sees_its_own_folder_alone(program, tmp_path):
    inside = tmp_path / "dedans"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "secret.typ").write_text("secret")
    (tmp_path / "secret.wasm").write_bytes(b"\0asm")
    with pytest.raises(typst.TypstError) as caught:
        letters._typeset(program.encode(), str(inside), {}, output="pdf")
    assert SECRET not in str(caught.value)


@contextmanager
def _listening():
    """Its address, and who has come."""
    reached: list[object] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, who = server.accept()
                except TimeoutError:
                    continue
                reached.append(who)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}", reached
        finally:
            over.set()
            thread.join()
