"""What is said in several places."""

from django.utils.translation import gettext as _


def consent_text() -> str:
    """What a person agrees to by ticking the box; it stands on the evidence page as it was shown."""
    return _(
        "J’ai pris connaissance du document. Je le signe par voie électronique en saisissant mon nom, et j’accepte que "
        "la date, mon adresse IP et l’empreinte du document soient conservées comme preuve."
    )
