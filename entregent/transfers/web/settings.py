"""Settings of files and transfers; checking the seal of a signature."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.documents import scanner
from entregent.documents.actions import MEGABYTE, largest_of, set_file_limit
from entregent.organizations.web.administration import render_administration, with_version
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.transfers import evidence
from entregent.transfers.actions import update_transfer_settings
from entregent.transfers.models import FileTransfer, Signature, TransferSettings
from entregent.transfers.web.forms import SettingsForm
from entregent.transfers.web.views import MODULE, at
from entregent.ui.pages import add_refusal, render, see


@requires(Right.SETTINGS)
def settings(request) -> HttpResponse:
    member = request.member
    status, stale = 200, None
    if request.method == "POST":
        form = SettingsForm(request.POST)
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                update_transfer_settings(
                    by=member, version=data["version"] or 0, delay_days=data["delay_days"] or 0,
                    reminder_days=data["reminder_days"] if data["reminder_days"] is not None else -1,
                )  # fmt: skip
                if (data["largest"] or 0) * MEGABYTE != largest_of(member.organization_id):
                    set_file_limit(member.organization, by=member, megabytes=data["largest"] or 0)
                return see(request, at("settings", member), toast=_("Réglages enregistrés."))
            except Stale as refused:
                stale, status = refused, 409
                form = SettingsForm(with_version(request, refused.current.version))
            except (Refusal, Refusals) as refused:
                add_refusal(form, refused)
    else:
        chosen = TransferSettings.of(member.organization_id)
        form = SettingsForm(
            initial={
                "delay_days": chosen.delay_days,
                "reminder_days": chosen.reminder_days,
                "largest": largest_of(member.organization_id) // MEGABYTE,
                "version": chosen.version,
            }
        )
    context = {"form": form, "stale": stale, "scanner": scanner.is_configured()}
    response = render_administration(request, "transfers/settings.html", context, status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


@requires(Right.TRANSFER_VIEW, module=MODULE)
def seal(request) -> HttpResponse:
    """« Vérifier un sceau »: what a seal stands for, and whether the document at hand is the one that was signed."""
    typed, found, document = "", None, ""
    if request.method == "POST":
        # Copied from a page, a seal may bring spaces and line breaks along.
        typed = "".join(c for c in request.POST.get("sceau", "")[:200].lower() if c in "0123456789abcdef")[:64]
        seen = FileTransfer.objects.visible_to(request.member)
        found = (
            Signature.objects.filter(
                organization_id=request.member.organization_id, seal=typed, file__transfer__in=seen
            )
            .select_related("file__file", "file__transfer", "evidence")
            .first()
            if typed
            else None
        )
        given = request.FILES.get("document")
        if found is not None and given is not None:
            document = "same" if evidence.sha256_of(given) == found.facts.get("sha256") else "other"
    context = {
        "typed": typed,
        "found": found,
        "is_sound": found is not None and evidence.is_sound(found),
        "lacks_before": found is not None and evidence.lacks_before(found),
        "document": document,
        "was_asked": request.method == "POST",
    }
    return render(request, "transfers/seal.html", context)
