"""The file transfers of the demo story: one of each kind, between Tom and Léa at Mécano."""

import typst

from entregent.documents.actions import keep_file
from entregent.interactions.portal_models import PortalAccess
from entregent.transfers.actions import add_file, complete_request, download, request_files, send_files

_PAGE = """
#set page(paper: "a4", margin: 25mm)
#set text(size: 11pt, lang: "fr")
#text(size: 16pt, weight: "bold", sys.inputs.title)
#v(8mm)
#for line in sys.inputs.text.split("\\n") [#par(line)]
"""


def tell_transfers(*, by, person, client) -> None:
    """What waits for the client's signature, what waits for the client's files, and what both have seen to."""
    access = PortalAccess.objects.select_related("person").get(person=person, client=client)

    def kept(name: str, title: str, text: str):
        content = typst.compile(_PAGE.encode(), sys_inputs={"title": title, "text": text})
        return keep_file(organization=by.organization, name=name, content=content, by=by)

    bill = send_files(
        by=by, person=person, client=client, subject="Facture de la livraison 4498",
        message="Bonjour Léa, voici la facture des pièces livrées au quai 2.",
        files=[kept("Facture 4498.pdf", "Facture 4498", "Pièces usinées, lot 4498.\nNet à payer : 3 480,00 €.")],
    )  # fmt: skip
    for item in bill.files.all():
        download(item, access=access)
    asked = request_files(
        by=by, person=person, client=client, subject="Plans cotés de la pièce P-210",
        message="Il nous faut les plans cotés pour préparer l’outillage.",
    )  # fmt: skip
    plan = typst.compile(_PAGE.encode(), sys_inputs={"title": "Pièce P-210", "text": "Plan coté, indice C."})
    add_file(
        asked,
        access=access,
        file=keep_file(
            organization=by.organization, name="P-210 indice C.pdf", content=plan, by_person_id=person.pk
        ),
    )  # fmt: skip
    complete_request(asked, access=access)
    send_files(
        by=by, person=person, client=client, subject="Conditions de vente 2027 à signer", with_signature=True,
        message="Merci de les lire et de les signer avant la fin du mois.",
        files=[
            kept(
                "Conditions de vente 2027.pdf", "Conditions de vente 2027",
                "Acompte de 30 % à la commande.\nLivraison franco à partir de 1 500 €.\nRéserve de propriété "
                "jusqu’au paiement complet.",
            )
        ],
    )  # fmt: skip
    request_files(
        by=by, person=person, client=client, subject="Attestation d’assurance 2027",
        message="Votre attestation échoit le 31 décembre.",
    )  # fmt: skip
