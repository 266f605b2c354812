"""Migration kits: what other products call the columns of their exports, so that their files need no mapping by hand.

A kit is for one kind of data of one product. It is recognised by columns that its export always has; those that the
product names in several ways (field or label, French or English) stand under each of their names. Numbers of accounts
become numbers of clients, so that the people of the second file find the clients of the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entregent.exchange.mapping import Mapping as ColumnMapping
from entregent.exchange.mapping import Target


@dataclass(frozen=True)
class Kit:
    """`signs`: sets of columns of which one must be there whole. `columns`: name of a column → field."""

    product: str
    kind: str
    signs: tuple[frozenset[str], ...]
    columns: Mapping[str, str | Target]
    constants: Mapping[str, str]
    key: str

    def fits(self, header: Iterable[str]) -> bool:
        there = set(header)
        return any(sign <= there for sign in self.signs)

    def mapping(self, header: Iterable[str]) -> ColumnMapping:
        """For the columns that are there; the others are passed by."""
        columns: dict[str, tuple[Target, ...]] = {}
        used: set[str] = set()
        for column in header:
            given = self.columns.get(column)
            if given is None:
                continue
            target = given if isinstance(given, Target) else Target(given)
            if target.to in used and target.to not in ("emails", "phones", "tags"):
                continue
            used.add(target.to)
            columns[column] = (target,)
        ignored = tuple(column for column in header if column not in columns)
        key = self.key if self.key in used else ""
        return ColumnMapping(self.kind, key, columns, dict(self.constants), ignored)


def kit_for(kind: str, header: Iterable[str]) -> Kit | None:
    """The kit that recognises these columns."""
    names = list(header)
    return next((kit for kit in KITS if kit.kind == kind and kit.fits(names)), None)


def _signs(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(one.split("|")) for one in sets)


def _place(prefix: str, street: str, city: str, region: str, postal_code: str, country: str) -> dict[str, str]:
    names = {"street": street, "city": city, "region": region, "postal_code": postal_code, "country": country}
    return {column: f"{prefix}.{name}" for name, column in names.items()}


_COMPANY = {"kind": "company", "status": "client"}
_MAIN, _MAILING = "addresses.main", "addresses.mailing"

KITS: tuple[Kit, ...] = (
    Kit(
        "Salesforce", "clients", _signs("Id|Name|BillingStreet|BillingCity"),
        {
            "Id": "number", "Name": "name", "Type": "category", "Phone": "phones",
            **_place(_MAIN, "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountryCode"),
            "BillingCountry": f"{_MAIN}.country",
            **_place(_MAILING, "ShippingStreet", "ShippingCity", "ShippingState", "ShippingPostalCode",
                     "ShippingCountryCode"),
            "ShippingCountry": f"{_MAILING}.country",
        },
        _COMPANY, "number",
    ),
    Kit(
        "Salesforce", "people", _signs("Id|AccountId|LastName"),
        {
            "Id": "external_key", "AccountId": "client", "LastName": "last_name", "FirstName": "first_name",
            "Title": "title", "Email": "emails", "Phone": "phones", "MobilePhone": "phones", "Birthdate": "birth_date",
            **_place(_MAIN, "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountryCode"),
            "MailingCountry": f"{_MAIN}.country",
        },
        {}, "external_key",
    ),
    Kit(
        "HubSpot", "clients", _signs("Record ID|Company name"),
        {
            "Record ID": "number", "Company name": "name", "Phone Number": "phones", "Industry": "category",
            **_place(_MAIN, "Street Address", "City", "State/Region", "Postal Code", "Country/Region"),
            "Street Address 2": f"{_MAIN}.unit",
        },
        _COMPANY, "number",
    ),
    Kit(
        "HubSpot", "people", _signs("Record ID|First Name|Last Name"),
        {
            "Record ID": "external_key", "First Name": "first_name", "Last Name": "last_name", "Email": "emails",
            "Phone Number": "phones", "Mobile Phone Number": "phones", "Job Title": "title",
            "Associated Company IDs": Target("client", split=";", take=1),
            "Associated Company IDs (Primary)": "client",
            **_place(_MAIN, "Street Address", "City", "State/Region", "Postal Code", "Country/Region"),
        },
        {}, "external_key",
    ),
    Kit(
        "EspoCRM", "clients", _signs("id|name|billingAddressStreet"),
        {
            "id": "number", "name": "name", "emailAddress": "emails", "phoneNumber": "phones", "type": "category",
            **_place(_MAIN, "billingAddressStreet", "billingAddressCity", "billingAddressState",
                     "billingAddressPostalCode", "billingAddressCountry"),
            **_place(_MAILING, "shippingAddressStreet", "shippingAddressCity", "shippingAddressState",
                     "shippingAddressPostalCode", "shippingAddressCountry"),
        },
        _COMPANY, "number",
    ),
    Kit(
        "EspoCRM", "people", _signs("id|firstName|lastName|accountId"),
        {
            "id": "external_key", "firstName": "first_name", "lastName": "last_name", "accountId": "client",
            "title": "title", "accountRole": "title", "emailAddress": "emails", "phoneNumber": "phones",
            **_place(_MAIN, "addressStreet", "addressCity", "addressState", "addressPostalCode", "addressCountry"),
        },
        {}, "external_key",
    ),
    Kit(
        "SuiteCRM", "clients",
        _signs("ID|Name|Billing Street", "id|name|billing_address_street"),
        {
            "ID": "number", "id": "number", "Name": "name", "name": "name", "Type": "category",
            "account_type": "category", "Email Address": "emails", "email1": "emails", "email_address": "emails",
            "Office Phone": "phones", "phone_office": "phones", "Alternate Phone": "phones",
            "phone_alternate": "phones",
            **_place(_MAIN, "Billing Street", "Billing City", "Billing State", "Billing Postal Code",
                     "Billing Country"),
            **_place(_MAIN, "billing_address_street", "billing_address_city", "billing_address_state",
                     "billing_address_postalcode", "billing_address_country"),
            **_place(_MAILING, "Shipping Street", "Shipping City", "Shipping State", "Shipping Postal Code",
                     "Shipping Country"),
            **_place(_MAILING, "shipping_address_street", "shipping_address_city", "shipping_address_state",
                     "shipping_address_postalcode", "shipping_address_country"),
        },
        _COMPANY, "number",
    ),
    Kit(
        "SuiteCRM", "people",
        _signs("ID|Last Name|Primary Address Street", "id|last_name|primary_address_street"),
        {
            "ID": "external_key", "id": "external_key", "First Name": "first_name", "first_name": "first_name",
            "Last Name": "last_name", "last_name": "last_name", "Title": "title", "title": "title",
            "Account ID": "client", "account_id": "client", "Email Address": "emails", "email1": "emails",
            "email_address": "emails", "Office Phone": "phones", "phone_work": "phones", "Mobile": "phones",
            "phone_mobile": "phones", "Birthdate": "birth_date", "birthdate": "birth_date",
            **_place(_MAIN, "Primary Address Street", "Primary Address City", "Primary Address State",
                     "Primary Address Postal Code", "Primary Address Country"),
            **_place(_MAIN, "primary_address_street", "primary_address_city", "primary_address_state",
                     "primary_address_postalcode", "primary_address_country"),
        },
        {}, "external_key",
    ),
    Kit(
        "Dolibarr", "clients",
        _signs("s.rowid|s.nom|s.code_client", "Id|Nom|Code client|Code fournisseur",
               "Id|Name|Customer code|Vendor code"),
        {
            "s.rowid": "number", "Id": "number", "s.nom": "name", "Nom": "name", "Name": "name",
            "s.address": f"{_MAIN}.street", "Adresse": f"{_MAIN}.street", "Address": f"{_MAIN}.street",
            "s.zip": f"{_MAIN}.postal_code", "Code postal": f"{_MAIN}.postal_code", "Zip Code": f"{_MAIN}.postal_code",
            "s.town": f"{_MAIN}.city", "Ville": f"{_MAIN}.city", "City": f"{_MAIN}.city",
            "c.code": f"{_MAIN}.country", "Code pays": f"{_MAIN}.country", "Country code": f"{_MAIN}.country",
            "s.phone": "phones", "Téléphone": "phones", "Phone": "phones", "s.email": "emails", "Email": "emails",
            "s.siren": "identifiers.siren", "SIREN": "identifiers.siren", "s.siret": "identifiers.siret",
            "SIRET": "identifiers.siret", "s.tva_intra": "identifiers.vat", "Numéro de TVA": "identifiers.vat",
            "VAT ID": "identifiers.vat",
        },
        _COMPANY, "number",
    ),
    Kit(
        "Dolibarr", "people",
        _signs("c.rowid|c.lastname|c.firstname", "Id contact|Nom|Prénom|Id tiers",
               "Contact ID|Last name|First name|Third-party ID"),
        {
            "c.rowid": "external_key", "Id contact": "external_key", "Contact ID": "external_key",
            "c.lastname": "last_name", "Nom": "last_name", "Last name": "last_name",
            "c.firstname": "first_name", "Prénom": "first_name", "First name": "first_name",
            "c.poste": "title", "Poste/fonction": "title", "Job position": "title",
            "s.rowid": "client", "Id tiers": "client", "Third-party ID": "client",
            "c.email": "emails", "Email": "emails", "c.phone": "phones", "Téléphone pro": "phones",
            "Bus. phone": "phones", "c.phone_mobile": "phones", "Téléphone portable": "phones", "Mobile": "phones",
            "c.address": f"{_MAIN}.street", "Adresse": f"{_MAIN}.street", "Address": f"{_MAIN}.street",
            "c.zip": f"{_MAIN}.postal_code", "Code postal": f"{_MAIN}.postal_code", "Zip Code": f"{_MAIN}.postal_code",
            "c.town": f"{_MAIN}.city", "Ville": f"{_MAIN}.city", "City": f"{_MAIN}.city",
        },
        {}, "external_key",
    ),
)  # fmt: skip
