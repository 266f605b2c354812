"""The demo story: five organizations of five trades, their people, one difficult client each.

It is told through the actions themselves, so that it tests them, and the journeys reuse it. Names, numbers and
addresses are made up; phone numbers are those that the regulators keep free for fiction (ARCEP 01 99 00, 02 61 91,
03 53 01, 04 65 71, 05 36 49; North American 555-01xx).
"""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.clients.actions import (
    attach_person,
    create_client,
    create_person,
    create_prospect,
    set_credit_hold,
    sync_business_object,
)
from entregent.clients.duplicates import refresh_pairs
from entregent.clients.models import Client
from entregent.config.demo_cases import connect_existing_system, promise_answers, tell_cases
from entregent.config.demo_dunning import tell_dunning
from entregent.config.demo_groups import tell_groups
from entregent.config.demo_letters import tell_letters
from entregent.config.demo_loans import tell_loans
from entregent.config.demo_plans import tell_plans
from entregent.config.demo_relationships import tell_relationships
from entregent.config.demo_templates import tell_templates
from entregent.config.demo_transfers import tell_transfers
from entregent.interactions.actions import add_entry, change_status, log_interaction, receive_message
from entregent.interactions.models import Topic
from entregent.interactions.portal_access import activate_access, invite_person
from entregent.listing.actions import save_view
from entregent.listing.custom_field_actions import create_custom_field
from entregent.organizations.actions import (
    add_member,
    create_organization,
    create_sector,
    create_user,
    grant_access,
)
from entregent.organizations.models import Organization
from entregent.toolbox.dates import start_of_day, today_in

PASSWORD = "demonstration"  # noqa: S105  the demo says it on its first page

SIGN_INS = [
    ("nadia@eaux-du-val.example", "Nadia Benali", "gestionnaire, toute l'organisation"),
    ("omar@eaux-du-val.example", "Omar Diallo", "éditeur, secteur Nord"),
    ("marc@hypo-nord.example", "Marc Gagnon", "éditeur, toute l'organisation"),
    ("lise@hypo-nord.example", "Lise Bouchard", "éditrice, toute l'organisation"),
    ("claire@courtage-frontiere.example", "Claire Fortin", "administratrice (gestionnaire de compte d'entreprise)"),
    ("paula@courtage-frontiere.example", "Paula Reyes", "gestionnaire"),
    ("eric@courtage-frontiere.example", "Éric Lavoie", "éditeur"),
    ("rita@courtage-frontiere.example", "Rita Morin", "lecture seule"),
    ("tom@mecano.example", "Tom Weber", "éditeur, toute l'organisation"),
    ("anne@cabinet-roy.example", "Anne Roy", "gestionnaire, toute l'organisation"),
]
# Who signs in at the door of the clients: address, name, of whom.
PORTAL_SIGN_INS = [
    ("lea@client.mecano.example", "Léa Garnier", "Ateliers Garnier, cliente de Mécano"),
    ("zoe@zeta.example", "Zoé Zammit", "gestionnaire du compte d'entreprise de Zêta inc."),
    ("edith@zeta.example", "Édith Émond", "éditrice du compte d'entreprise de Zêta inc."),
]


def tell() -> bool:
    """Loads the story once. Returns False when it stands already: a second call keeps the data."""
    if Organization.objects.filter(slug="cabinet-roy").exists():
        return False
    with transaction.atomic():
        for chapter in (_eaux_du_val, _hypo_nord, _courtage_frontiere, _mecano, _cabinet_roy):
            chapter()
        tell_letters()
        tell_plans()
        tell_templates()
        tell_dunning()
    return True


class _Scene:
    """One organization with its people: who speaks is `by`."""

    def __init__(self, organization):
        self.organization = organization
        self.members = {}
        self.member("admin", f"Administration {organization.name}", "admin")

    def member(self, login, name, role, *, functions=(), whole=False):
        user = create_user(
            email=f"{login}@{self.organization.slug}.example",
            name=name,
            password=PASSWORD,
            language=self.organization.language,
        )
        member = add_member(organization=self.organization, user=user, role=role, functions=functions)
        if whole:
            grant_access(member=member, scope_type="organization", by=self.members.get("admin"))
        self.members[login] = member
        return member

    def topic(self, position=0):
        return Topic.objects.filter(organization=self.organization, is_active=True)[position]

    def said(self, login, client, text, *, days_ago, channel="phone_call", topic=0, hour=9, **details):
        """An interaction `days_ago` days ago, told by the member `login`."""
        moment = timezone.now() - timedelta(days=days_ago)
        if days_ago:
            moment = moment.replace(hour=hour, minute=12, second=0, microsecond=0)
        return log_interaction(
            by=self.members[login],
            client=client,
            topic=self.topic(topic),
            channel=channel,
            notes=text,
            occurred_at=moment,
            **details,
        )


def _open_portal(person, client, *, by) -> None:
    """Lets a person into the portal, with the password of everybody here."""
    _access, url = invite_person(by=by, person=person, client=client, mail=False)
    user = create_user(email=person.main_email, name=person.full_name, password=PASSWORD, language=person.language)
    activate_access(url.rstrip("/").rpartition("/")[2], user=user, consents=True)


def _today():
    return timezone.localdate()


def _in_days(days) -> date:
    return _today() + timedelta(days=days)


def _at_noon(days_ago: int, zone: str):
    """Noon of that day, where the organization is: whatever the hour at which the story is told."""
    return start_of_day(today_in(zone) - timedelta(days=days_ago), zone) + timedelta(hours=12)


def _address(street, postal_code, city, *, kind="main", country="FR", region=""):
    return {
        "kind": kind,
        "street": street,
        "postal_code": postal_code,
        "city": city,
        "country": country,
        "region": region,
    }


def _eaux_du_val():
    organization = create_organization(
        slug="eaux-du-val", name="Eaux du Val", trade="water", modules=["casework", "portal", "client_mgmt"]
    )
    with in_organization(organization.pk):
        scene = _Scene(organization)
        nadia = scene.member("nadia", "Nadia Benali", "manager", functions=["agent"], whole=True)
        omar = scene.member("omar", "Omar Diallo", "editor", functions=["agent"])
        root = create_sector(organization=organization, code="VAL", name="Le Val", level="territoire")
        sectors = {
            code: create_sector(organization=organization, code=code, name=name, level="secteur", parent=root)
            for code, name in [("NORD", "Nord"), ("SUD", "Sud"), ("CENTRE", "Centre"), ("EST", "Est")]
        }
        grant_access(member=omar, scope_type="sector", scope_id=sectors["NORD"].pk, by=scene.members["admin"])

        create_custom_field(
            by=scene.members["admin"], subject="client", type="choice", code="acces_compteur",
            label_fr="Accès compteur", label_en="Meter access", is_searchable=True,
            help_fr="Où le releveur trouve le compteur.", help_en="Where the meter reader finds the meter.",
            options=[
                {"id": "rue", "fr": "Regard sur rue", "en": "Pit in the street"},
                {"id": "cour", "fr": "Cour, avec rendez-vous", "en": "Yard, by appointment"},
                {"id": "cave", "fr": "Cave", "en": "Cellar"},
            ],
        )  # fmt: skip
        create_custom_field(
            by=scene.members["admin"], subject="client", type="boolean", code="chien", label_fr="Chien sur place",
            label_en="Dog on site",
        )  # fmt: skip
        create_custom_field(
            by=scene.members["admin"], subject="client", type="date", code="prochaine_releve",
            label_fr="Prochaine relève", label_en="Next reading",
        )  # fmt: skip
        create_custom_field(
            by=scene.members["admin"], subject="person", type="text", code="horaires", label_fr="Horaires d’appel",
            label_en="Hours to call",
        )  # fmt: skip
        moreau = create_client(
            by=nadia,
            kind="company",
            number="100482",
            name="Blanchisserie Moreau",
            category="Professionnel",
            custom={"acces_compteur": "cour", "chien": True, "prochaine_releve": _in_days(12)},
            sector=sectors["NORD"],
            responsible=nadia.user,
            emails=["contact@blanchisserie-moreau.example"],
            phones=[("Standard", "02 61 91 00 40")],
            addresses=[
                _address("12, rue des Tanneurs", "41999", "Saint-Aubin"),
                _address("3, place du Marché", "41999", "Vieuxbourg", kind="mailing"),
            ],
        )
        contract = sync_business_object(
            by=nadia, client=moreau, type_code="contract", key="C-2023-0481", label="Eau potable pro", state="active",
            source_system="facturation", dated_on=date(2023, 4, 1),
        )  # fmt: skip
        second = sync_business_object(
            by=nadia, client=moreau, type_code="contract", key="C-2019-1130", label="Assainissement", state="active",
            source_system="facturation", dated_on=date(2019, 9, 15),
        )  # fmt: skip
        sync_business_object(
            by=nadia, client=moreau, type_code="service_point", key="PDL-7741", contract=contract,
            label="12 bis, rue des Tanneurs", sector=sectors["NORD"], source_system="facturation",
        )  # fmt: skip
        sync_business_object(
            by=nadia, client=moreau, type_code="meter", key="B19-220718", contract=contract, label="Compteur DN 40",
            source_system="facturation",
        )  # fmt: skip
        for key, days, amount, state in [
            ("F-2410-07731", -18, "1126.40", "unpaid"),
            ("F-2409-05218", -49, "716.20", "unpaid"),
            ("F-2408-03307", -80, "698.75", "paid"),
        ]:
            sync_business_object(
                by=nadia, client=moreau, type_code="invoice", key=key, contract=contract, state=state,
                dated_on=_in_days(days - 14), due_on=_in_days(days), amount=Decimal(amount), currency="EUR",
                source_system="facturation",
            )  # fmt: skip
        sync_business_object(
            by=nadia, client=moreau, type_code="invoice", key="F-2410-07790", contract=second, state="paid",
            dated_on=_in_days(-40), due_on=_in_days(-26), amount=Decimal("212.10"), currency="EUR",
            source_system="facturation",
        )  # fmt: skip
        for months_ago, volume in enumerate([296, 184, 178, 181, 169, 175, 180, 172, 166, 171, 158, 163]):
            sync_business_object(
                by=nadia, client=moreau, type_code="reading", key=f"R-7741-{12 - months_ago:02}", contract=contract,
                dated_on=_in_days(-20 - 30 * months_ago), label=f"{volume} m³", attributes={"volume": volume},
                source_system="facturation",
            )  # fmt: skip
        claire = create_person(
            by=nadia, first_name="Claire", last_name="Moreau", title="Gérante", client=moreau, is_primary=True,
            phones=[("Bureau", "02 61 91 00 42")], emails=["claire@blanchisserie-moreau.example"],
        )  # fmt: skip
        create_person(
            by=nadia, first_name="Paul", last_name="Nguyen", title="Comptable", client=moreau, is_billing=True,
            phones=[("Bureau", "02 61 91 00 43")], emails=["compta@cabinet-nguyen.example"],
        )  # fmt: skip
        create_person(
            by=nadia, first_name="Sonia", last_name="Belkacem", title="Responsable technique", client=moreau,
            phones=[("Mobile", "06 39 98 00 17")], custom={"horaires": "Avant 9 h, sauf le mercredi"},
        )  # fmt: skip
        scene.said("nadia", moreau, "Règlement partiel refusé au guichet : paiement en plusieurs fois à demander par "
                   "écrit.", days_ago=18, channel="front_desk", topic=2, incoming=True, person=claire)  # fmt: skip
        scene.said("omar", moreau, "À rappeler pour accompagner le releveur (accès à la cour par le 12 bis).",
                   days_ago=15, channel="phone_message", topic=3, hour=16)  # fmt: skip
        scene.said("nadia", moreau, "Relance n° 1 envoyée avec le duplicata de la facture F-2409-05218.", days_ago=9,
                   channel="email", topic=2, direction="outgoing")  # fmt: skip
        scene.said("nadia", moreau, "Blocage maintenu jusqu'au résultat de la contestation. Ne pas couper.",
                   days_ago=4, channel="note", internal=True, hour=14)  # fmt: skip
        scene.said("nadia", moreau, "Conteste la facture F-2410-07731 : consommation doublée depuis octobre, "
                   "soupçonne une fuite ou une erreur de relève. Souhaite un passage du releveur avant tout paiement.",
                   days_ago=2, topic=0, incoming=True, person=claire, follow_up_on=_in_days(-1))  # fmt: skip
        set_credit_hold(moreau, by=nadia, reason="overdue", note="2 factures échues, 1 842,60 €")

        dupont = create_client(
            by=nadia, kind="person", number="100517", first_name="Jeanne", name="Dupont", sector=sectors["SUD"],
            responsible=nadia.user, category="Particulier", phones=[("Mobile", "06 39 98 01 02")],
            emails=["jeanne.dupont@courriel.example"], addresses=[_address("7, chemin du Lavoir", "41999", "Lavaux")],
            custom={"acces_compteur": "cave"},
        )  # fmt: skip
        sync_business_object(
            by=nadia, client=dupont, type_code="contract", key="C-2021-0077", label="Eau potable", state="active",
            source_system="facturation", dated_on=date(2021, 2, 1),
        )  # fmt: skip
        scene.said("nadia", dupont, "Demande l'échéancier de la mensualisation.", days_ago=6, topic=1,
                   follow_up_on=_in_days(0))  # fmt: skip
        for number, first, last, sector, phone, street, city in [
            ("100561", "Antoine", "Morel", "NORD", "02 61 91 01 07", "4, allée des Saules", "Vieuxbourg"),
            ("100602", "Hélène", "Lefèvre", "CENTRE", "02 61 91 01 12", "18, rue Haute", "Saint-Aubin"),
            ("100640", "Mehdi", "Haddad", "EST", "02 61 91 01 33", "2, impasse du Puits", "Mont-Ferrand-le-Bas"),
            ("100655", "Marie-Thérèse", "Le Goff", "NORD", "02 61 91 01 45", "31, route de la Digue", "Saint-Aubin"),
            ("100702", "Œdipe", "Nœuville", "SUD", "02 61 91 01 58", "9, place de l'Église", "Lavaux"),
        ]:
            create_client(
                by=nadia, kind="person", number=number, first_name=first, name=last, sector=sectors[sector],
                category="Particulier", phones=[("Domicile", phone)], addresses=[_address(street, "41999", city)],
                custom={"acces_compteur": "rue"} if sector == "NORD" else {},
            )  # fmt: skip
        create_prospect(
            by=nadia, kind="company", name="Brasserie du Vieux Pont", phone="02 61 91 02 20", sector=sectors["CENTRE"]
        )
        create_person(
            by=nadia, file_as="Huot, Me Bernard (huissier)", first_name="Bernard", last_name="Huot", title="Huissier",
            phones=[("Étude", "02 61 91 03 00")],
        )  # fmt: skip
        # The front desk took him for somebody new.
        twice = create_client(
            by=nadia, kind="person", number="100871", first_name="Antoine", name="Morelle", sector=sectors["NORD"],
            category="Particulier", phones=[("Mobile", "06 39 98 01 61"), ("Domicile", "02 61 91 01 07")],
            emails=["antoine.morel@courriel.example"],
            addresses=[_address("4, allée des Saules", "41999", "Vieuxbourg")],
        )  # fmt: skip
        scene.said("omar", twice, "Signale une baisse de pression dans toute l’allée.", days_ago=5, topic=3,
                   incoming=True)  # fmt: skip
        refresh_pairs(twice)
        # Nobody has spoken with her since this invoice.
        sync_business_object(
            by=nadia, client=Client.objects.get(organization=organization, number="100602"), type_code="invoice",
            key="F-2409-05240", state="overdue", dated_on=_in_days(-52), due_on=_in_days(-38), amount=Decimal("148.90"),
            currency="EUR", source_system="facturation",
        )  # fmt: skip
        _saved_views(nadia)
        connect_existing_system(scene.members["admin"])
        promise_answers(scene.members["admin"])
        tell_cases(organization)


def _hypo_nord():
    organization = create_organization(
        slug="hypo-nord", name="Hypo-Nord", trade="mortgage", modules=["mortgage", "client_mgmt", "casework"],
        time_zone="America/Toronto", country="CA", currency="CAD",
    )  # fmt: skip
    with in_organization(organization.pk):
        scene = _Scene(organization)
        marc = scene.member("marc", "Marc Gagnon", "editor", functions=["agent"], whole=True)
        lise = scene.member("lise", "Lise Bouchard", "editor", functions=["agent"], whole=True)
        cote = create_client(
            by=marc, kind="person", number="2001", first_name="Sylvain", name="Côté", responsible=marc.user,
            phones=[("Mobile", "819 555 0142")], emails=["sylvain.cote@courriel.example"],
            addresses=[_address("45, rue Laurier", "J8X 1A1", "Gatineau", country="CA", region="QC")],
        )  # fmt: skip
        scene.said("marc", cote, "Renouvellement dans quatre mois ; hésite entre taux fixe et variable, deuxième "
                   "courtier consulté.", days_ago=3, follow_up_on=_in_days(4))  # fmt: skip
        create_prospect(
            by=marc, kind="person", first_name="Julie", name="Tremblay", email="julie@courriel.example",
            phone="819 555 0117",
        )  # fmt: skip
        tell_loans(admin=scene.members["admin"], marc=marc, lise=lise)


def _courtage_frontiere():
    organization = create_organization(
        slug="courtage-frontiere", name="Courtage Frontière", trade="customs",
        modules=["delegation", "portal", "client_mgmt", "casework"], time_zone="America/Toronto", country="CA",
        currency="CAD",
        provider_kind="customs_broker",
    )  # fmt: skip
    with in_organization(organization.pk):
        scene = _Scene(organization)
        claire = scene.member("claire", "Claire Fortin", "admin", functions=["agent"], whole=True)
        scene.member("paula", "Paula Reyes", "manager", functions=["agent"])
        eric = scene.member("eric", "Éric Lavoie", "editor", functions=["agent"])
        scene.member("rita", "Rita Morin", "reader")
        clients = {}
        for number, name, city in [
            ("A100", "Importations Alpha inc.", "Laval"),
            ("B100", "Bêta Transport ltée", "Brossard"),
            ("G100", "Gamma Foods Corp.", "Cornwall"),
            ("D100", "Delta Textiles inc.", "Granby"),
        ]:
            region = "ON" if city == "Cornwall" else "QC"
            clients[number] = create_client(
                by=claire, kind="company", number=number, name=name, responsible=claire.user,
                language="en" if number == "G100" else "fr",
                addresses=[{"kind": "main", "city": city, "region": region, "country": "CA"}],
            )  # fmt: skip
        grant_access(member=eric, scope_type="client", scope_id=clients["A100"].pk, by=claire)
        scene.said("claire", clients["D100"], "Conteste les droits de la dernière déclaration ; réclame copie de "
                   "toutes les factures commerciales.", days_ago=1, follow_up_on=_in_days(2))  # fmt: skip
        tell_relationships(by=claire, clients=clients, password=PASSWORD)
        tell_groups(by=claire, colleagues=scene.members)


def _mecano():
    organization = create_organization(
        slug="mecano", name="Mécano", trade="manufacturer",
        modules=["portal", "client_mgmt", "file_transfer", "casework"],
    )  # fmt: skip
    with in_organization(organization.pk):
        scene = _Scene(organization)
        tom = scene.member("tom", "Tom Weber", "editor", functions=["agent", "salesperson"], whole=True)
        works = create_client(
            by=tom, kind="company", number="C100", name="Ateliers Garnier", responsible=tom.user,
            phones=[("Standard", "03 53 01 00 10")], emails=["achats@ateliers-garnier.example"],
            addresses=[_address("Zone des Forges, bâtiment 4", "57999", "Forbois")],
        )  # fmt: skip
        lea = create_person(
            by=tom, first_name="Léa", last_name="Garnier", title="Acheteuse", client=works, is_primary=True,
            phones=[("Bureau", "03 53 01 00 12")], emails=["lea@client.mecano.example"],
        )  # fmt: skip
        # By the mail and the portal too: what they say to each other, and what the house keeps to itself.
        waiting = scene.said("tom", works, "Commande 4512 en attente : le plafond de crédit est dépassé.", days_ago=5,
                             follow_up_on=_in_days(3), subject="Commande 4512", internal=True)  # fmt: skip
        _open_portal(lea, works, by=tom)
        add_entry(waiting, by=tom, notes="Bonjour, votre commande 4512 attend un acompte de 30 %. Pouvez-vous le "
                  "régler cette semaine ?", notify=False)  # fmt: skip
        receive_message(
            organization=organization, client=works, person=lea, channel="portal", interaction=waiting.number,
            text="Bonjour Tom, le virement part demain. Merci de réserver les pièces.",
        )  # fmt: skip
        delivered = scene.said("tom", works, "Les pièces de la commande 4498 sont livrées au quai 2.", days_ago=9,
                               subject="Livraison 4498", direction="outgoing", channel="email",
                               notify=False)  # fmt: skip
        change_status(delivered, by=tom, status="closed")
        tell_transfers(by=tom, person=lea, client=works)
        set_credit_hold(works, by=tom, reason="limit", note="Plafond de 20 000 €")


def _cabinet_roy():
    organization = create_organization(
        slug="cabinet-roy", name="Cabinet Roy", trade="accounting",
        modules=["client_mgmt", "portal", "file_transfer", "casework"], time_zone="America/Toronto", country="CA",
        currency="CAD",
    )  # fmt: skip
    with in_organization(organization.pk):
        scene = _Scene(organization)
        anne = scene.member("anne", "Anne Roy", "manager", functions=["agent"], whole=True)
        create_custom_field(
            by=scene.members["admin"], subject="client", type="choice", code="logiciel", is_searchable=True,
            label_fr="Logiciel comptable", label_en="Accounting software",
            options=[
                {"id": "livre", "fr": "Grand Livre Pro", "en": "Grand Livre Pro"},
                {"id": "net", "fr": "ComptaNet", "en": "ComptaNet"},
                {"id": "tableur", "fr": "Tableur", "en": "Spreadsheet"},
            ],
        )  # fmt: skip
        create_custom_field(
            by=scene.members["admin"], subject="interaction", type="choice", code="langue",
            label_fr="Langue de l’échange", label_en="Language spoken", variants=["phone_call", "phone_message"],
            options=[
                {"id": "fr", "fr": "Français", "en": "French"},
                {"id": "en", "fr": "Anglais", "en": "English"},
                {"id": "es", "fr": "Espagnol", "en": "Spanish"},
            ],
        )  # fmt: skip
        lavoie = create_client(
            by=anne, kind="company", number="LAVOIE", name="Lavoie inc.", responsible=anne.user,
            custom={"logiciel": "net"},
            phones=[("Bureau", "514 555 0160")],
            addresses=[_address("1200, boulevard Lavigne", "H2X 3K4", "Montréal", country="CA", region="QC")],
        )  # fmt: skip
        lawyer = create_person(
            by=anne, first_name="Simone", last_name="Lavigne", title="Avocate", phones=[("Bureau", "514 555 0171")],
            emails=["s.lavigne@avocats.example"],
        )  # fmt: skip
        attach_person(lawyer, client=lavoie, by=anne)
        create_person(
            by=anne, first_name="Denis", last_name="Lavoie", title="Président", client=lavoie, is_primary=True,
            phones=[("Mobile", "514 555 0162")], emails=["denis@lavoie.example"],
        )  # fmt: skip
        notary = create_person(
            by=anne, file_as="Huot, Me Claude (notaire)", first_name="Claude", last_name="Huot", title="Notaire",
            phones=[("Étude", "514 555 0180")], emails=["notaire@huot.example"],
        )  # fmt: skip
        scene.said("anne", lavoie, "Pièces du bilan toujours incomplètes après trois rappels ; M. Lavoie promet le "
                   "reste vendredi.", days_ago=8, follow_up_on=_in_days(-2))  # fmt: skip
        scene.said("anne", None, "Demande la liste des baux à joindre à l'acte.", days_ago=3, channel="email",
                   person=notary)  # fmt: skip
        create_person(
            by=anne, first_name="Sylvie", last_name="Lavoie", title="Comptable", client=lavoie, is_billing=True,
            phones=[("Bureau", "514 555 0163")], emails=["sylvie@lavoie.example"],
        )  # fmt: skip
        # The last day that « 30 derniers jours » lets in, and the first that it leaves out.
        for days, text in ((30, "Envoi de la lettre de mission signée."), (31, "Premier appel : reprise du dossier.")):
            log_interaction(
                by=anne, client=lavoie, topic=scene.topic(1), channel="phone_call", notes=text, incoming=True,
                occurred_at=_at_noon(days, organization.time_zone),
            )  # fmt: skip
        for days, text in (
            (2, "Rappel des pièces manquantes."),
            (5, "Demande un rendez-vous en fin de mois."),
            (12, "Envoi du relevé des honoraires."),
            (20, "Question sur la TPS du trimestre."),
        ):
            scene.said("anne", lavoie, text, days_ago=days, channel="email")
        for number, name, status, city in [
            ("LAVAL", "Lavallée Transport", "client", "Laval"), ("LAVER", "Laverdière et Fils", "client", "Longueuil"),
            ("LAVIC", "Lavictoire Design", "inactive", "Montréal"),
            ("BEAUD", "Beaudoin Électrique", "client", "Brossard"),
            ("CARON", "Caron Paysages", "client", "Laval"), ("DIONN", "Dionne et Associés", "client", "Montréal"),
            ("FORTI", "Boulangerie Fortier", "client", "Verdun"), ("GAGNE", "Gagné Toitures", "client", "Terrebonne"),
            ("HEBER", "Hébert Optique", "client", "Montréal"), ("LECLE", "Garage Leclerc", "inactive", "Longueuil"),
            ("PELLE", "Pelletier Fruits", "client", "Montréal"), ("SIMAR", "Simard Énergie", "client", "Brossard"),
            ("TREMB", "Tremblay Mobilier", "client", "Québec"),
        ]:  # fmt: skip
            create_client(
                by=anne, kind="company", number=number, name=name, status=status, responsible=anne.user,
                tags=["Mensuel"] if city == "Montréal" else [],
                addresses=[_address("1, rue Principale", "", city, country="CA", region="QC")],
            )  # fmt: skip
        # The same workshop, as its bookkeeper writes it.
        twin = create_client(
            by=anne, kind="company", number="TREM2", name="Mobilier Tremblé", responsible=anne.user,
            addresses=[_address("1, rue Principale", "", "Québec", country="CA", region="QC")],
        )  # fmt: skip
        refresh_pairs(twin)
        _saved_views(anne)


def _saved_views(by):
    """What a firm asks its list of clients again and again, shared with everybody."""
    views = [
        (
            "Mes clients à relancer",
            {"all": [
                ["responsible", "me"],
                {"any": [["next_follow_up_on", "overdue"], ["next_follow_up_on", "in_next_days", 7]]},
            ]},
            ["number", "name", "next_follow_up_on", "last_interaction_at", "phone", "balance"],
            "next_follow_up_on",
        ),
        (
            "Clients en blocage de crédit",
            ["credit_hold", "is", True],
            ["number", "name", "credit_hold", "balance", "last_interaction_at", "responsible", "phone"],
            "-balance",
        ),
        (
            "Facture impayée depuis 30 jours, sans contact depuis",
            {"has": "invoices", "where": {"all": [
                ["state", "in", ["unpaid", "overdue"]],
                ["dated_on", "days_ago_more", 30],
                {"has_not": "interactions", "since": "dated_on"},
            ]}},
            ["number", "name", "balance", "last_interaction_at", "phone", "sector", "responsible"],
            "-balance",
        ),
    ]  # fmt: skip
    for name, condition, columns, sort in views:
        save_view(
            by=by, list_code="clients", name=name, condition=condition, columns=columns, sort=sort, is_shared=True
        )
