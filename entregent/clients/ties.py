"""Which client of the firm a business account is (`Client.business_account`).

Tied when the business lets the firm act for it: before that the firm must not learn that there is such an account
(R002-38). Afterwards the tie stays, so that a relationship that is renewed finds the client with all its history.
"""

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from stdnum.ca import bn
from stdnum.fr import siren

from entregent.access.statements import rows_of
from entregent.clients import validation
from entregent.clients.models import Address, BusinessObject, Client
from entregent.organizations.actions import next_numbers
from entregent.organizations.models import Membership
from entregent.outbox.extension_points import Subject
from entregent.relationships.actions import mark_used
from entregent.relationships.models import (
    BusinessAccount,
    Level,
    ProgramAccount,
    Relationship,
    RelationshipUse,
    Visibility,
    today_of,
)
from entregent.relationships.reach import only_providers
from entregent.toolbox.errors import Refusal

MOST_COUNTED = 10_000


class OwnClients:
    """Contribution to `relationships.tied_clients`."""

    def accounts(self, member, right):
        seen = Client.objects.visible_to(member, right).filter(business_account__isnull=False)
        return seen.order_by().values("business_account_id")

    def named(self, member, accounts):
        seen = Client.objects.visible_to(member).filter(
            organization_id=member.organization_id, business_account__in=list(accounts)
        )
        slug = member.organization.slug
        return {
            account_id: Subject(name, reverse("workspace:client", kwargs={"organization": slug, "number": number}))
            for account_id, number, name in seen.values_list("business_account_id", "number", "display_name")
        }


own_clients = OwnClients()


def relationship_happened(event: str, record) -> None:
    """Contribution to `relationships.relationship_events`."""
    if event == "relationship.approved":
        tie(record)


def holder_of(account_id: int, organization_id: int, *, but: int | None = None) -> Client | None:
    """The client that this account is, among those that are not deleted."""
    held = Client.objects.filter(
        organization_id=organization_id, business_account_id=account_id, deleted_at__isnull=True
    )  # fmt: skip
    return (held.exclude(pk=but) if but is not None else held).first()


def standing_of(client: Client, member: Membership) -> Relationship | None:
    """The relationship with this client that holds today, or the last one that did; somebody who works here has used
    it today. None where the client never gave access."""
    if client.business_account_id is None:
        return None
    today = today_of(member.organization)
    mine = RelationshipUse.objects.filter(relationship=OuterRef("pk"), user_id=member.user_id, day=today)
    found = Relationship.objects.filter(organization_id=client.organization_id, account_id=client.business_account_id)
    last = found.annotate(is_noted=Exists(mine)).order_by("-pk").first()
    if last is not None and last.is_active_on(today) and not last.is_noted:
        mark_used(last, by=member)
    return last


def client_changed(client: Client, *, by: Membership, what: str) -> None:
    """Contribution to `clients.client_changed`: whoever changes a client uses what it lets the firm do."""
    if by.organization.provider_kind and isinstance(by, Membership):
        standing_of(client, by)


def active_relationship(client: Client) -> list[str]:
    """Contribution to `clients.deletion_blockers`: a client that lets the firm act for it stays (R004-15)."""
    if client.business_account_id is None:
        return []
    held = Relationship.objects.active(today_of(client.organization)).of(client.organization)
    active = held.filter(account_id=client.business_account_id).exists()
    return [_("une relation d’affaires est active")] if active else []


def what_is_lost(member: Membership, relationship: Relationship) -> list[str]:
    """Contribution to `relationships.what_is_lost`: what of the client is seen only because it lets the firm see it."""
    client = holder_of(relationship.account_id, relationship.organization_id)
    if client is None:
        return []
    seen = BusinessObject.objects.visible_to(member).filter(client=client)
    n = seen.exclude(program_account__isnull=True, submitted_by=Visibility.OWN)[:MOST_COUNTED].count()
    if not n:
        return []
    told = ngettext(
        "%(n)d objet métier que ce client vous laisse voir", "%(n)d objets métier que ce client vous laisse voir", n
    )
    return [told % {"n": n}]


def program_of(client: Client, number: str, *, by: Membership) -> ProgramAccount | None:
    """The program with this number, whole or after that of the business, among those that the client lets the provider
    know of: any other looks as if it did not exist."""
    number = "".join(number.split()).upper()
    if not number:
        return None
    only_providers(by)
    given = Relationship.objects.of(by.organization).active(today_of(by.organization))
    given = given.filter(account_id=client.business_account_id)
    whole = f"{client.business_account.number}{number}" if client.business_account and len(number) == 6 else number
    programs = ProgramAccount.objects.filter(account_id=client.business_account_id, number=whole)
    one = programs.first() if client.business_account_id is not None else None
    known = one is not None and given.filter(Q(level=Level.BUSINESS) | Q(programs__program=one)).exists()
    if not known:
        sentence = _("Ce client ne vous a donné accès à aucun compte de programme de ce numéro.")
        raise Refusal("E-002-PROGRAM", sentence, field="program_account")
    return one


def submitter(code: str, *, by: Membership) -> str:
    """Who submitted an object: for service providers alone is there anybody else."""
    code = code or Visibility.OWN.value
    if code not in Visibility.values:
        raise Refusal("E-CHOICE", _("Choisissez qui a transmis cet objet."), field="submitted_by")
    if code != Visibility.OWN:
        only_providers(by)
    return str(code)


def give_way(client: Client, *, to: Client | None = None) -> None:
    """Of a client that comes back: another has taken its place at the account since."""
    account_id = client.business_account_id
    if account_id is None:
        return
    if (to is not None and to.business_account_id == account_id) or holder_of(
        account_id, client.organization_id, but=to.pk if to is not None else client.pk
    ):
        client.business_account = None


def tie(relationship: Relationship) -> Client:
    """The client of this relationship: the one that is tied, else the one that was asked from, else one that carries
    the number as an identifier, else a new one."""
    organization_id, account = relationship.organization_id, relationship.account
    if (held := holder_of(account.pk, organization_id)) is not None:
        return held
    free = Client.objects.select_for_update(of=("self",)).filter(
        organization_id=organization_id, business_account__isnull=True, deleted_at__isnull=True
    )
    asked_from = relationship.request.client_id if relationship.request is not None else None
    client = free.filter(pk=asked_from).first() if asked_from else None
    if client is None:
        named = free.listed().filter(pk__in=with_number(account.number)).order_by("pk")
        client = named.first()
    if client is None:
        return _make(relationship)
    client.business_account = account
    client.version += 1
    client.save(update_fields=["business_account", "version"])
    return client


def with_number(number: str) -> list[int]:
    """The clients whose SIREN, SIRET or Canadian business number says this number, within the organization at hand."""
    keys = [f"i:siren:{number}", f"i:bn:{number}"]
    return [row[0] for row in rows_of("SELECT clients_with_keys(%s::text[])", [keys])]


def _make(relationship: Relationship) -> Client:
    """A client as the authority's record has the business. Nobody's sector: who asked sees to it, or an administrator;
    who asked is its agent while they work here."""
    organization, account, request = relationship.organization, relationship.account, relationship.request
    asked_by = request.asked_by_id if request is not None else None
    works_here = Membership.objects.active().filter(organization_id=organization.pk, user_id=asked_by).exists()
    display_name, sort_key = validation.names(Client.Kind.COMPANY, account.name, "")
    client = Client.objects.create(
        organization=organization,
        number=free_number(organization.pk),
        kind=Client.Kind.COMPANY,
        name=account.name,
        display_name=display_name,
        sort_key=sort_key,
        language=organization.language,
        responsible_id=asked_by if works_here else None,
        business_account=account,
        identifiers=identifiers_of(account),
        created_by_id=asked_by,
        updated_by_id=asked_by,
    )
    if account.city or account.postal_code:
        Address.objects.create(
            organization=organization, client=client, kind=Address.Kind.MAIN,
            postal_code=account.postal_code, city=account.city, country=account.country,
        )  # fmt: skip
    return client


def identifiers_of(account: BusinessAccount) -> dict[str, str]:
    """The number under its name, where it is a number of that kind."""
    code, is_valid = ("bn", bn.is_valid) if account.country == "CA" else ("siren", siren.is_valid)
    return {code: account.number} if is_valid(account.number) else {}


def free_number(organization_id: int) -> str:
    """The next number of the organization that nobody has chosen by hand."""
    while True:
        number = f"C{next_numbers(organization_id, 'client')}"
        if not Client.objects.filter(organization_id=organization_id, number=number).exists():
            return number
