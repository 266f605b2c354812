"""The business relationships of the demo story: what clients let Courtage Frontière do, what waits for their answer."""

from datetime import timedelta
from typing import Any

from entregent.clients.actions import create_object_type, sync_business_object
from entregent.clients.models import Client
from entregent.organizations.actions import create_user
from entregent.relationships.actions import (
    add_account_user,
    add_program,
    approve_access,
    expire_due,
    keep_account,
    register_account,
    reject_access,
    request_access,
)
from entregent.relationships.models import Relationship, Visibility, today_of

# Number, name, city, postal code of the authority's record, and the number of the broker's own client, if it knows one.
ACCOUNTS = {
    "alpha": ("812345676", "Importations Alpha inc.", "Laval", "H7L 4S3", "A100"),
    "beta": ("812347045", "Bêta Transport ltée", "Brossard", "J4Z 3V8", "B100"),
    "gamma": ("812348415", "Gamma Foods Corp.", "Cornwall", "K6H 5R5", "G100"),
    "delta": ("812349785", "Delta Textiles inc.", "Granby", "J2G 3H9", "D100"),
    "epsilon": ("812351153", "Epsilon Électronique inc.", "Sherbrooke", "J1H 4A7", None),
    "zeta": ("812352524", "Zêta inc.", "Montréal", "H2X 1Y4", None),
    "theta": ("812353894", "Thêta Vins et Spiritueux", "Gatineau", "J8X 1A1", None),
}
# Who manages each account on the client's side: sign-in, name. Zoé and Paul sign in to the portal.
OWNERS = {
    "alpha": ("alain@alpha.example", "Alain Alarie"),
    "beta": ("beatrice@beta.example", "Béatrice Biron"),
    "gamma": ("gail@gamma.example", "Gail Gordon"),
    "delta": ("denis@delta.example", "Denis Dubé"),
    "epsilon": ("emma@epsilon.example", "Emma Éthier"),
    "zeta": ("zoe@zeta.example", "Zoé Zammit"),
    "theta": ("theo@theta.example", "Théo Thibault"),
}


def tell_relationships(*, by, clients, password: str) -> None:
    """Alpha's ends in a fortnight, Thêta's has ended; Gamma and Zêta have not answered yet; somebody said no."""
    owners = {name: _register(name, password) for name in ACCOUNTS}
    _colleagues_of_zeta(owners["zeta"], password)

    def ask(name: str, comments: str):
        number, _name, _city, _code, client = ACCOUNTS[name]
        client_id = clients[client].pk if client else None
        return request_access(by=by, number=number, comments=comments, client_id=client_id)

    today = today_of(by.organization)
    everything: dict[str, Any] = {"level": "business", "visibility": Visibility.values}
    mandate = "Mandat de courtage en douane 2026."
    approve_access(ask("alpha", mandate), by=owners["alpha"], ends_on=today + timedelta(days=14), **everything)
    approve_access(ask("beta", mandate), by=owners["beta"], **everything)
    approve_access(ask("delta", mandate), by=owners["delta"], ends_on=today + timedelta(days=200), **everything)
    approve_access(
        ask("epsilon", "Dédouanement des retours sous garantie."), by=owners["epsilon"], level="program",
        programs=owners["epsilon"].account.programs.filter(number__endswith="RM0001"),
    )  # fmt: skip
    theta = approve_access(ask("theta", mandate), by=owners["theta"], ends_on=today, **everything)
    _declare(by)
    # The year has passed in the story.
    Relationship.objects.filter(pk=theta.pk).update(
        starts_on=today - timedelta(days=366), ends_on=today - timedelta(days=1)
    )
    expire_due()
    reject_access(
        request_access(by=by, number="812355261", comments="Proposition de services."), by=_iota(password),
        reason="Nous avons déjà un courtier.",
    )  # fmt: skip
    ask("gamma", "Reprise du mandat de l'ancien courtier.")
    ask("zeta", "mandat 2026")


def _declare(by) -> None:
    """Declarations to the customs, as the system of the broker tells of them: its own, and what clients let it see."""
    labels = {"label_fr": "Déclaration en douane", "label_en": "Customs declaration"}
    plurals = {"plural_fr": "Déclarations en douane", "plural_en": "Customs declarations"}
    states = [
        {"code": "sent", "fr": "Transmise", "en": "Sent", "tone": "info"},
        {"code": "released", "fr": "Mainlevée accordée", "en": "Released", "tone": "ok"},
    ]
    create_object_type(by=by, code="declaration", states=states, **labels, **plurals)
    for name, key, program, submitted_by, state in [
        ("alpha", "B3-2026-04417", "RM0001", "own", "released"),
        ("alpha", "B3-2026-04980", "RM0001", "others", "released"),
        ("alpha", "B13-2026-00231", "RM0002", "business", "sent"),
        ("epsilon", "B3-2026-05102", "RM0001", "own", "sent"),
    ]:
        sync_business_object(
            by=by, client=Client.objects.get(business_account__number=ACCOUNTS[name][0]), type_code="declaration",
            key=key, source_system="douane", program_account=program, submitted_by=submitted_by, state=state,
            dated_on=today_of(by.organization) - timedelta(days=3),
        )  # fmt: skip


def _register(key: str, password: str):
    number, name, city, postal_code, _client = ACCOUNTS[key]
    email, person = OWNERS[key]
    return _registered(number, name, city, postal_code, email, person, password)


def _iota(password: str):
    return _registered(
        "812355261", "Iota Mobilier inc.", "Drummondville", "J2C 2A5", "irene@iota.example", "Irène Isabel", password
    )


def _registered(number, name, city, postal_code, email, person, password):
    account = keep_account(number=number, name=name, postal_code=postal_code, city=city, country="CA")
    add_program(account, "RM0001", "Importation")
    add_program(account, "RM0002", "Exportation")
    user = create_user(email=email, name=person, password=password, language="fr")
    return register_account(user=user, number=number, name=name, postal_code=postal_code, program="RM0001")


def _colleagues_of_zeta(owner, password: str) -> None:
    """A manager of one program, who answers for it, and an editor, who answers nothing."""
    exports = owner.account.programs.filter(number__endswith="RM0002")
    for email, name, role in [
        ("paul@zeta.example", "Paul Pelletier", "manager"),
        ("edith@zeta.example", "Édith Émond", "editor"),
    ]:
        user = create_user(email=email, name=name, password=password, language="fr")
        add_account_user(by=owner, user=user, role=role, programs=exports)
