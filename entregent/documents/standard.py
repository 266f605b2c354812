"""The letters that every organization begins with, in both languages. Administrators rewrite them as they like.

They ask for nothing but what every letter is given (the client) and, under a condition, what some are given: the
dossier, the contract, who writes.
"""

_OPENING_FR = "Madame, Monsieur,\n\n"
_OPENING_EN = "Dear {{ client.name }},\n\n"
_CLOSING_FR = """

Nous vous prions d’agréer, Madame, Monsieur, l’expression de nos salutations distinguées.

>> {{ agent.name | default: organization.name }}
>> {% if agent.name %}{{ organization.name }}{% endif %}
"""
_CLOSING_EN = """

Yours sincerely,

>> {{ agent.name | default: organization.name }}
>> {% if agent.name %}{{ organization.name }}{% endif %}
"""
_UNPAID_FR = """

| Facture | Date | Échéance | Montant |
|---|---|---|--:|
{%- for invoice in unpaid_invoices %}
| {{ invoice.number }} | {{ invoice.date }} | {{ invoice.due }} | {{ invoice.amount }} |
{%- endfor %}
| **Total** | | | **{{ unpaid_total }}** |
"""
_UNPAID_EN = """

| Invoice | Date | Due | Amount |
|---|---|---|--:|
{%- for invoice in unpaid_invoices %}
| {{ invoice.number }} | {{ invoice.date }} | {{ invoice.due }} | {{ invoice.amount }} |
{%- endfor %}
| **Total** | | | **{{ unpaid_total }}** |
"""


def _unwrapped(text: str) -> str:
    """The lines of each paragraph as one: they are wrapped here for who reads this file, not for who reads letters."""

    def is_prose(paragraph: str) -> bool:
        return not any(line.startswith(("-", "|", "#", ">>", "{%-")) for line in paragraph.split("\n"))

    parts = [" ".join(one.split("\n")) if is_prose(one) else one for one in text.strip().split("\n\n")]
    return "\n\n".join(parts)


def _letter(code: str, names: tuple[str, str], subjects: tuple[str, str], bodies: tuple[str, str]) -> dict[str, str]:
    return {
        "code": code,
        "name_fr": names[0],
        "name_en": names[1],
        "subject_fr": subjects[0],
        "subject_en": subjects[1],
        "body_fr": _OPENING_FR + _unwrapped(bodies[0]) + _CLOSING_FR,
        "body_en": _OPENING_EN + _unwrapped(bodies[1]) + _CLOSING_EN,
    }


STANDARD_TEMPLATES = [
    _letter(
        "reponse_reclamation",
        ("Réponse à une réclamation", "Answer to a complaint"),
        (
            "Votre réclamation{% if case.number %} – dossier n° {{ case.number }}{% endif %}",
            "Your complaint{% if case.number %} – case no. {{ case.number }}{% endif %}",
        ),
        (
            """
Vous nous avez fait part d’une réclamation{% if case.opened_on %} le {{ case.opened_on }}{% endif %}. Nous l’avons
examinée avec attention{% if contract.number %}, ainsi que votre contrat n° {{ contract.number }}{% endif %}.

Si notre réponse ne vous satisfait pas, vous pouvez nous écrire de nouveau en rappelant le numéro de votre dossier.
À défaut d’accord, vous pouvez saisir gratuitement le médiateur dont vous dépendez.
""",
            """
You sent us a complaint{% if case.opened_on %} on {{ case.opened_on }}{% endif %}. We have looked into it
carefully{% if contract.number %}, along with your contract no. {{ contract.number }}{% endif %}.

If our answer does not satisfy you, please write to us again and give the number of your case. Failing an agreement,
you may turn to the ombudsman, free of charge.
""",
        ),
    ),
    _letter(
        "resiliation",
        ("Résiliation de contrat", "Termination of a contract"),
        (
            "Résiliation de votre contrat{% if contract.number %} n° {{ contract.number }}{% endif %}",
            "Termination of your contract{% if contract.number %} no. {{ contract.number }}{% endif %}",
        ),
        (
            """
Nous avons bien enregistré la résiliation de votre contrat{% if contract.number %} n° {{ contract.number }}{% endif %}.

- Un relevé de votre compteur clôt votre consommation.
- Une facture de clôture vous est adressée ; un trop-perçu vous est remboursé.

Merci de nous signaler sans attendre toute nouvelle adresse postale.
""",
            """
We have recorded the termination of your contract{% if contract.number %} no. {{ contract.number }}{% endif %}.

- A reading of your meter closes your account.
- A final invoice will be sent to you; any overpayment will be refunded.

Please let us know of any new postal address without delay.
""",
        ),
    ),
    _letter(
        "bienvenue",
        ("Lettre de bienvenue", "Welcome letter"),
        ("Bienvenue", "Welcome"),
        (
            """
Bienvenue parmi les clients de {{ organization.name }}. Votre numéro de client est **{{ client.number }}** : rappelez-le
dans tous nos échanges.

{% if contract.number %}Votre contrat n° {{ contract.number }} est ouvert.{% endif %}
""",
            """
Welcome to {{ organization.name }}. Your client number is **{{ client.number }}**: please give it whenever you
contact us.

{% if contract.number %}Your contract no. {{ contract.number }} is open.{% endif %}
""",
        ),
    ),
    _letter(
        "relance_1",
        ("Relance 1 : rappel", "Reminder 1"),
        ("Rappel de facture", "Invoice reminder"),
        (
            "Sauf erreur de notre part, les factures suivantes ne sont pas encore réglées."
            + _UNPAID_FR
            + """
Nous vous remercions de les régler **sous quinze jours**. Si votre paiement nous est parvenu entre-temps, ne tenez pas
compte de cette lettre. En cas de difficulté, appelez-nous : nous chercherons une solution ensemble.
""",
            "Unless we are mistaken, the following invoices have not been paid yet."
            + _UNPAID_EN
            + """
Please pay them **within fifteen days**. If your payment has reached us meanwhile, please disregard this letter. If you
have any difficulty, call us: we will look for a solution together.
""",
        ),
    ),
    _letter(
        "relance_2",
        ("Relance 2 : mise en demeure", "Reminder 2: formal notice"),
        ("Mise en demeure de payer", "Formal notice to pay"),
        (
            "Malgré notre rappel, les factures suivantes restent impayées."
            + _UNPAID_FR
            + """
Nous vous mettons en demeure de les régler **sous vingt jours**. Si vous avez des difficultés à payer, vous pouvez
demander un échéancier ou saisir le fonds de solidarité pour le logement de votre département.
""",
            "In spite of our reminder, the following invoices remain unpaid."
            + _UNPAID_EN
            + """
We give you formal notice to pay them **within twenty days**. If you have difficulties, you may ask us for payment by
instalments or turn to the social services of your place.
""",
        ),
    ),
    _letter(
        "relance_3",
        ("Relance 3 : dernier avis", "Reminder 3: last notice"),
        ("Dernier avis avant recouvrement", "Last notice before collection"),
        (
            "Nos deux lettres précédentes sont restées sans effet. Les factures suivantes restent impayées."
            + _UNPAID_FR
            + """
Sans règlement de votre part **sous huit jours**, nous confierons leur recouvrement à nos services contentieux.
""",
            "Our two previous letters have had no effect. The following invoices remain unpaid."
            + _UNPAID_EN
            + """
Unless you pay **within eight days**, we shall hand them over for collection.
""",
        ),
    ),
    _letter(
        "pieces_a_fournir",
        ("Demande de pièces", "Documents to provide"),
        (
            "Pièces à nous fournir{% if case.number %} – dossier n° {{ case.number }}{% endif %}",
            "Documents to provide{% if case.number %} – case no. {{ case.number }}{% endif %}",
        ),
        (
            """
Pour traiter votre demande{% if case.title %} (« {{ case.title }} »){% endif %}, il nous manque les pièces suivantes :

- une copie d’une pièce d’identité ;
- un justificatif de domicile de moins de trois mois.

Merci de nous les envoyer en rappelant votre numéro de client, {{ client.number }}.
""",
            """
To deal with your request{% if case.title %} (“{{ case.title }}”){% endif %}, we still need the following documents:

- a copy of an identity document;
- a proof of address less than three months old.

Please send them to us and give your client number, {{ client.number }}.
""",
        ),
    ),
]
