"""Letters of the demo: letterheads, a mail and a Word template, and letters that wait for printing."""

from io import BytesIO
from typing import Any

from docx import Document

from entregent.access.wall import in_organization
from entregent.cases.actions.letters import facts_for, write_letter
from entregent.cases.models import Case
from entregent.documents import letters
from entregent.documents.models import DocumentTemplate
from entregent.documents.template_actions import create_template, update_letterhead
from entregent.organizations.models import Membership, Organization

# By organization: who says so, and how its letters look.
LETTERHEADS: dict[str, tuple[str, dict[str, Any]]] = {
    "eaux-du-val": ("nadia", {
        "address": "Régie publique de l’eau\n3 place de la Source\n21000 Dijon\n03 80 55 01 00 · eaux-du-val.example",
        "place": "Dijon", "window": "fr", "colour": "#1f6f8b",
        "footer_fr": "Régie des Eaux du Val · SIREN 210 100 012\nMédiation de l’eau : www.mediation-eau.example",
        "footer_en": "Régie des Eaux du Val · SIREN 210 100 012\nWater ombudsman: www.mediation-eau.example",
    }),
    "hypo-nord": ("admin", {
        "address": "455, boulevard Charest Est\nQuébec (Québec) G1K 3J2\n418 555-0140", "place": "Québec",
        "window": "ca", "colour": "#7a3b1d",
        "footer_fr": "Cabinet en courtage hypothécaire inscrit auprès de l’Autorité des marchés financiers",
        "footer_en": "Mortgage brokerage registered with the Autorité des marchés financiers",
    }),
    "courtage-frontiere": ("admin", {
        "address": "1200, rue de la Douane\nLacolle (Québec) J0J 1J0\n450 555-0177", "place": "Lacolle",
        "window": "ca", "colour": "#2f4f4f", "footer_fr": "Courtier en douane agréé", "footer_en": "Customs broker",
    }),
    "mecano": ("admin", {
        "address": "14 rue des Forges\n67000 Strasbourg\n03 88 55 02 20", "place": "Strasbourg", "window": "fr",
        "colour": "#5b2a86", "footer_fr": "Mécano SAS · RCS Strasbourg", "footer_en": "Mécano SAS · RCS Strasbourg",
    }),
    "cabinet-roy": ("admin", {
        "address": "22, avenue du Parc\nMontréal (Québec) H2V 4E6\n514 555-0111", "place": "Montréal", "window": "ca",
        "colour": "#33475b", "footer_fr": "Comptables professionnels agréés", "footer_en": "Chartered accountants",
    }),
}  # fmt: skip


def tell_letters() -> None:
    for slug, (login, head) in LETTERHEADS.items():
        organization = Organization.objects.get(slug=slug)
        with in_organization(organization.pk):
            by = _member(organization, login)
            update_letterhead(by=by, version=1, **head)
            if slug == "eaux-du-val":
                _letters_of_water(organization, by)


def _letters_of_water(organization: Organization, nadia: Membership) -> None:
    create_template(
        by=nadia, code="accuse_reception", kind="mail", name_fr="Accusé de réception", name_en="Acknowledgement",
        subject_fr="Votre demande{% if case.number %} – dossier n° {{ case.number }}{% endif %}",
        subject_en="Your request{% if case.number %} – case no. {{ case.number }}{% endif %}",
        body_fr="Madame, Monsieur,\n\nNous avons bien reçu votre demande et nous la traitons."
        "{% if case.due_on %} Vous aurez notre réponse au plus tard le {{ case.due_on }}.{% endif %}\n\n"
        "{{ agent.name | default: organization.name }}",
        body_en="Dear {{ client.name }},\n\nWe have received your request and are dealing with it."
        "{% if case.due_on %} You will have our answer by {{ case.due_on }}.{% endif %}\n\n"
        "{{ agent.name | default: organization.name }}",
    )  # fmt: skip
    create_template(
        by=nadia, code="attestation_titulaire", kind="word", name_fr="Attestation de titulaire",
        name_en="Certificate of account holder", file=("attestation.docx", _certificate()),
    )  # fmt: skip
    cases = Case.objects.filter(organization=organization, closed_at__isnull=True).select_related(
        "client", "case_type", "organization", "responsible", "team", "contract"
    )
    for title, code in (
        ("Consommation doublée depuis octobre", "reponse_reclamation"),
        ("Ouverture du branchement, 7 chemin du Lavoir", "bienvenue"),
    ):
        case = cases.filter(title=title).first()
        if case is not None:
            template = DocumentTemplate.objects.get(organization=organization, code=code)
            language = case.client.language
            subject, text = letters.filled_in(template, facts_for(case, language, nadia), language=language)
            write_letter(case, by=nadia, template=template, language=language, subject=subject, text=text)


def _certificate() -> bytes:
    document = Document()
    document.add_heading("Attestation", level=1)
    document.add_paragraph(
        "{{ organization.name }} atteste que {{ client.name }} (n° client {{ client.number }})"
        "{% if contract.number %} est titulaire du contrat n° {{ contract.number }}{% else %} est notre client"
        "{% endif %}."
    )
    document.add_paragraph("Fait le {{ today }}, pour servir et valoir ce que de droit.")
    document.add_paragraph("{{ agent.name }}")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _member(organization: Organization, login: str) -> Membership:
    return Membership.objects.select_related("user", "organization").get(
        organization=organization, user__email=f"{login}@{organization.slug}.example"
    )
