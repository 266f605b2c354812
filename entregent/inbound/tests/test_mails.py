"""Reading mails: what they say, what is folded, and that nothing stops us."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entregent.inbound import mails
from entregent.inbound.folding import fold
from entregent.inbound.markup import as_text, cleaned
from testing.mails import make_mail, mutated, seeds


def test_a_plain_mail_is_read():
    mail = mails.read(
        make_mail(subject="Fuite été", cc="Tom <TOM@mecano.example>", files=[("é.pdf", "application/pdf", b"%PDF-1.4")])
    )
    assert (mail.sender, mail.sender_name, mail.subject) == ("jeanne@client.example", "Jeanne Dupont", "Fuite été")
    assert mail.recipients == ["contact@eaux.example", "tom@mecano.example"]
    assert mail.text == "Bonjour,\n\nMon compteur fuit.\n\nJeanne Dupont"
    assert [(file.name, file.media_type, file.content) for file in mail.files] == [
        ("é.pdf", "application/pdf", b"%PDF-1.4")
    ]
    assert (mail.is_automatic, mail.bounce) == (False, None)


@pytest.mark.parametrize(
    "attribution",
    [
        "Le 19 nov. 2026 à 09:13, Tom <tom@mecano.example> a écrit :",
        "Le jeu. 19 nov. 2026 à 09:13, Tom Gagnon de la maison Mécano\n<tom@mecano.example> a écrit :",
        "On Thu, Nov 19, 2026 at 9:13 AM Tom <tom@mecano.example> wrote:",
        "-----Message d'origine-----\nDe : Tom\nEnvoyé : jeudi",
        "________________________________\nDe : Tom <tom@mecano.example>\nEnvoyé : jeudi\nÀ : Léa\nObjet : x",
        "From: Tom\nSent: Thursday\nTo: Lea\nSubject: x",
        "-- \nLéa Martin\nAchats",
        "Envoyé de mon iPhone",
    ],
)
def test_what_was_answered_is_folded(attribution):
    kept, folded = fold(f"Merci, c'est réglé.\n\nLéa\n\n{attribution}\n> Bonjour\n> Voici\n")
    assert kept == "Merci, c'est réglé.\n\nLéa"
    assert folded.startswith(attribution)


def test_answers_between_the_quoted_lines_stay():
    text = "> Quand ?\nDemain.\n> Où ?\nIci."
    assert fold(text) == (text, "")


def test_a_mail_that_only_passes_another_on_is_shown_whole():
    text = "---------- Forwarded message ---------\nFrom: Léa\n\nMon compteur fuit."
    assert fold(text) == (text, "")


def test_a_sentence_that_begins_with_a_date_is_no_quotation():
    text = "Bonjour,\nLe 19 novembre je serai absente.\nOn se rappelle ?\nLéa"
    assert fold(text) == (text, "")


@pytest.mark.parametrize(
    "piece", ["> ", "Le 1 ", "-- \n", "De : a\n", "_" * 20 + "\n", "On a wrote ", "\n" * 3, "a@b wrote:"]
)
def test_folding_takes_linear_time(piece):
    fold(piece * 50_000)


def test_html_becomes_text_with_its_lines_lists_and_quotations():
    html = (
        "<style>p{}</style><p>Bonjour&nbsp;Tom,</p><p>Voici <b>tout</b> :<br>ligne</p><ul><li>un<li>deux</ul>"
        "<a href='https://x.example/a'>le lien</a><blockquote><p>avant</p></blockquote><script>alert(1)</script>"
    )
    assert as_text(html) == (
        "Bonjour Tom,\n\nVoici tout :\nligne\n- un\n- deux\nle lien <https://x.example/a>\n> \n> avant"
    )


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src='https://x.example'></iframe>",
    "<form action='https://x.example'><input name=a></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<meta http-equiv=refresh content='0;url=https://x'>",
    "<base href='https://x.example/'>",
    "<link rel=stylesheet href='https://x.example/a.css'>",
    "<div style='background:url(https://x.example/a.png)'>x</div>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<object data='https://x.example'></object>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<table background='https://x.example/a.png'><td>x",
    "<img src='//x.example/a.png'>",
    "<img src='cid:unknown'>",
    "<template><script>alert(1)</script></template>",
    "<img srcset='https://x.example/a.png 2x'>",
]


FORBIDDEN = [
    *("<script", "onerror", "onload", "javascript:", "<iframe", "<form", "<style", "style=", "<svg", "<meta", "<base"),
    *("<link", "data:text", "<object", "x.example/a", "srcset", "background=", "cid:"),
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_cleaned_html_neither_acts_nor_calls_out(attack):
    clean, _asked = cleaned(attack, images={})
    low = clean.lower()
    for wrong in FORBIDDEN:
        assert wrong not in low, clean


def test_remote_images_wait_until_they_are_asked_for():
    html = "<p>x<img src='https://x.example/pixel.gif' width=1><img src='cid:logo'></p>"
    clean, asked = cleaned(html, images={"logo": "/image/1/"})
    assert asked == 1
    assert "x.example" not in clean
    assert "/image/1/" in clean
    assert "https://x.example/pixel.gif" in cleaned(html, images={}, remote=True)[0]


@pytest.mark.parametrize("piece", ["<div>", "<blockquote>", "<table><tr><td>", "<b><i>", "<a x='", "<", "&"])
def test_html_made_to_be_slow_is_read_quickly(piece):
    as_text(piece * 50_000)
    cleaned(piece * 50_000, images={})


def test_mails_by_machines_are_recognised():
    for headers in (
        {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}, {"Return_Path": "<>"},
        {"subject": "Réponse automatique : Fuite"},
        {"subject": "Out of office until Monday"},
    ):  # fmt: skip
        assert mails.read(make_mail(**headers)).is_automatic, headers
    for headers in (
        {"Auto_Submitted": "no"},
        {"subject": "Absence de pression"},
        {"Return_Path": "<lea@client.example>"},
    ):
        assert not mails.read(make_mail(**headers)).is_automatic, headers


def test_a_delivery_report_names_the_mail_and_the_words_of_the_server():
    bounce = mails.read(seeds(random.Random(1))[7]).bounce
    assert bounce.is_final
    assert "550 5.1.1 No such user" in bounce.told
    assert bounce.message_id.endswith("@client.example>")


def test_the_same_mail_by_another_way_has_the_same_digest():
    raw = make_mail(message_id="<a@b>")
    moved = b"Received: from x by y\r\nDelivered-To: a@b.example\r\n" + raw
    assert mails.digest_of(raw) == mails.digest_of(moved) == mails.digest_of(raw.replace(b"\r\n", b"\n"))
    assert mails.digest_of(raw) != mails.digest_of(make_mail(message_id="<a@b>", text="Autre chose."))


def test_only_the_topmost_result_of_authentication_counts():
    failed = "mx.example; dmarc=fail header.from=client.example"
    assert mails.read(make_mail(Authentication_Results=failed)).is_refused_by_dmarc
    forged = b"Authentication-Results: mx.example; dmarc=pass\r\n" + make_mail(Authentication_Results=failed)
    assert not mails.read(forged).is_refused_by_dmarc


def test_only_what_our_server_wrote_on_top_confirms_a_sender():
    passed, raw = b"Authentication-Results: mx.example; dmarc=pass\r\n", make_mail()
    took = b"Received: from relay.example (relay.example [192.0.2.1]) by mx.example with ESMTPS\r\n"
    handed = b"Received: from mx.example by mx.example with LMTP id x\r\nReceived: by mx.example id y\r\n"
    scanned = b"Received: from localhost (localhost [127.0.0.1]) by mx.example with ESMTP\r\n"
    assert mails.read(passed + took + raw).is_confirmed_by_dmarc
    assert mails.read(handed + scanned + passed + took + raw).is_confirmed_by_dmarc
    assert not mails.read(took + passed + raw).is_confirmed_by_dmarc
    assert not mails.read(took + raw).is_confirmed_by_dmarc
    assert not mails.read(b"Authentication-Results: mx.example; dmarc=fail\r\n" + passed + raw).is_confirmed_by_dmarc


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "unreadable"),
        (b"\0" * 100, "unreadable"),
        (b"From: a@b.example\r\nX-Long: " + b"a" * 10_000_000 + b"\r\n\r\nx", "unreadable"),
        (
            b"From: a@b.example\r\n"
            + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)),
            "too_nested",
        ),
    ],
)
def test_what_cannot_be_read_says_why(raw, reason):
    with pytest.raises(mails.Unreadable) as told:
        mails.read(raw)
    assert told.value.reason == reason


def _read_or_say_why(raw):
    try:
        mail = mails.read(raw)
    except mails.Unreadable:
        return False
    cleaned(mail.html, images={})
    (mail.text + mail.folded + mail.subject + mail.sender_name + mail.sender).encode()  # Nothing that no column holds.
    assert "\0" not in mail.text + mail.folded + mail.subject + mail.sender_name
    return True


def test_hundreds_of_mutated_mails_are_read_or_say_why():
    assert sum(_read_or_say_why(mutated(number)) for number in range(400)) > 250


@pytest.mark.long
def test_four_thousand_mutated_mails_are_read_or_say_why():
    assert sum(_read_or_say_why(mutated(number)) for number in range(4000)) > 2500


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=2000), st.binary(max_size=500))
def test_any_octets_are_read_or_say_why(head, body):
    _read_or_say_why(head + b"\r\n\r\n" + body)
    mails.digest_of(head)
    mails.header_of(head)
