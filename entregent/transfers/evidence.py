"""The evidence of a signature: what happened as plain facts, their seal, and the page that tells them (PDF).

The seal is an HMAC over the facts with a key derived from the secret of the instance; the facts name the seal of the
signature before, so that one that was taken out is missed. Nobody but the instance can make or check a seal: the page
« Vérifier un sceau » does. (A simple electronic signature in the sense of eIDAS, not a qualified one.)
"""

import hashlib
import hmac
import json
from pathlib import Path

import typst
from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from entregent.documents.actions import keep_file
from entregent.documents.models import StoredFile
from entregent.transfers.models import Signature
from entregent.transfers.words import consent_text

SALT = "entregent.transfers.evidence"
PAGE = Path(__file__).with_name("evidence.typ")


def stand_in_line(organization_id: int) -> None:
    """One signature of an organization after the other until the end of the transaction: none shares its predecessor.

    Before the moment of the signature is taken, so that their order is that of their moments.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('signatures', %s))", [organization_id])


def facts_of(signature: Signature, transfer, item, *, access, address: str) -> dict:
    """Everything that the page says, as texts, in the language of the organization's records."""
    before = (
        Signature.objects.filter(organization_id=transfer.organization_id).exclude(seal="").order_by("-at", "-id")
        .values_list("seal", flat=True).first()
    )  # fmt: skip
    assert signature.at is not None, "what is not signed yet has no evidence"
    return {
        "organization": transfer.organization.name,
        "transfer": str(transfer.number),
        "subject": transfer.subject,
        "file": item.file.name,
        "size": str(item.file.size),
        "sha256": item.file.sha256,
        "signer": access.told_as,
        "email": access.email,
        "name": signature.name,
        "consent": consent_text(),
        "at": signature.at.isoformat(timespec="seconds"),
        "address": address,
        "before": before or "",
    }


def seal_of(facts: dict, *, secret: str | bytes | None = None) -> str:
    told = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return salted_hmac(SALT, told, secret=secret, algorithm="sha256").hexdigest()


def is_sound(signature: Signature) -> bool:
    """Do the facts still bear their seal, is the document that was signed the one that is kept, and is the signature
    before it still there? (That the newest one was taken out shows by nothing but a page that somebody kept.)"""
    secrets = [None, *settings.SECRET_KEY_FALLBACKS]
    sealed = any(hmac.compare_digest(signature.seal, seal_of(signature.facts, secret=secret)) for secret in secrets)
    is_same = signature.facts.get("sha256") == signature.file.file.sha256
    return bool(signature.seal) and sealed and is_same and not lacks_before(signature)


def lacks_before(signature: Signature) -> bool:
    """Was the signature that this one names as the one before it taken out?"""
    before = signature.facts.get("before")
    known = Signature.objects.filter(organization_id=signature.organization_id, seal=before)
    return bool(before) and not known.exists()


def keep_page(signature: Signature, transfer) -> StoredFile:
    """The page as PDF, among the files that are kept."""
    facts, labels = signature.facts, _labels()
    rows = [[labels[name], facts[name]] for name in labels if facts.get(name)]
    content = typst.compile(
        str(PAGE),
        sys_inputs={
            "title": _("Preuve de signature électronique"),
            "rows": json.dumps(rows, ensure_ascii=False),
            "seal_label": _("Sceau"),
            "seal": signature.seal,
            "note": _(
                "Ce sceau est vérifiable par l’organisation dans Entregent. L’empreinte SHA-256 est celle du "
                "document signé : tout changement du document donne une autre empreinte."
            ),
        },
    )
    name = _("Preuve de signature - %(file)s") % {"file": facts["file"]}
    return keep_file(organization=transfer.organization, name=f"{name[:190]}.pdf", content=content, refuse=False)


def _labels() -> dict[str, str]:
    return {
        "organization": _("Organisation"),
        "transfer": _("Transfert n°"),
        "subject": _("Objet"),
        "file": _("Document"),
        "size": _("Taille en octets"),
        "sha256": _("Empreinte SHA-256"),
        "signer": _("Signataire"),
        "email": _("Courriel"),
        "name": _("Nom saisi"),
        "consent": _("Consentement"),
        "at": _("Date et heure (UTC)"),
        "address": _("Adresse IP"),
        "before": _("Sceau précédent"),
    }


def sha256_of(content) -> str:
    digest = hashlib.sha256()
    for piece in content.chunks():
        digest.update(piece)
    return digest.hexdigest()
