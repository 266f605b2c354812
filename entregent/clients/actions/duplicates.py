"""The rules by which duplicates are found, the scan, and « pas un doublon »."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.actions import _rules
from entregent.clients.duplicate_models import DuplicatePair, DuplicateRules, NotDuplicate
from entregent.clients.duplicates import CRITERIA, Rules, refresh_pairs, rules_of
from entregent.clients.models import Client
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

SCAN = "clients.scan_duplicates"


@transaction.atomic
def set_duplicate_rules(
    *, by: Membership, weights: Mapping[str, int], threshold: int, hint_threshold: int, version: int | None = None
) -> Rules:
    """Says what counts how much in this organization. Refuses points out of 0–100, a threshold that nothing reaches,
    and a stale `version`."""
    record("set_duplicate_rules", by=by)
    kept, _is_new = DuplicateRules.objects.select_for_update().get_or_create(
        organization_id=by.organization_id, defaults={"version": 0}
    )
    _rules.check_version(kept, version, by=by)
    codes = {criterion.code for criterion in CRITERIA}
    refusals = [
        Refusal("E-RANGE", _("Un nombre de points de 0 à 100."), field=name)
        for name, value in {**weights, "threshold": threshold, "hint_threshold": hint_threshold}.items()
        if not 0 <= value <= 100
    ]
    reachable = sum(weights.get(criterion.code, 0) for criterion in CRITERIA if not criterion.is_against)
    if not refusals and (threshold < 1 or hint_threshold < 1):
        field = "threshold" if threshold < 1 else "hint_threshold"
        refusals.append(Refusal("E-RANGE", _("Un seuil d’au moins 1 point."), field=field))
    if not refusals and reachable < threshold:
        sentence = _("Aucune paire n’atteindrait ce seuil : les points font %(n)d en tout.") % {"n": reachable}
        refusals.append(Refusal("E-RANGE", sentence, field="threshold"))
    _rules.refuse_if_any(refusals)
    kept.weights = {code: value for code, value in weights.items() if code in codes}
    kept.threshold, kept.hint_threshold = threshold, hint_threshold
    kept.version += 1
    kept.save()
    return rules_of(by.organization_id)


@transaction.atomic
def start_scan(*, by: Membership) -> Job:
    """Looks through the whole organization. While one scan is under way, that one is answered."""
    running = Job.objects.filter(
        organization_id=by.organization_id, kind=SCAN, state__in=[Job.State.PENDING, Job.State.RUNNING]
    ).first()
    if running is not None:
        return running
    record("scan_duplicates", by=by)
    return start_job(by=by, kind=SCAN, label=_("Recherche de doublons"), data={"language": get_language()})


@transaction.atomic
def dismiss_pair(first: Client, second: Client, *, by: Membership) -> NotDuplicate:
    """« Pas un doublon »: the two are never proposed again. Saying it twice changes nothing."""
    older, younger = _in_order(first, second, by=by)
    record("dismiss_duplicate", by=by, subject=older, client_id=older.pk, number=younger.number)
    DuplicatePair.objects.filter(first=older, second=younger, organization_id=by.organization_id).delete()
    return NotDuplicate.objects.get_or_create(
        organization_id=by.organization_id, first=older, second=younger, defaults={"said_by_id": by.user_id}
    )[0]


@transaction.atomic
def propose_pair_again(first: Client, second: Client, *, by: Membership) -> None:
    """Takes « pas un doublon » back."""
    older, younger = _in_order(first, second, by=by)
    record("propose_duplicate", by=by, subject=older, client_id=older.pk, number=younger.number)
    NotDuplicate.objects.filter(first=older, second=younger, organization_id=by.organization_id).delete()
    refresh_pairs(older)


def _in_order(first: Client, second: Client, *, by: Membership) -> tuple[Client, Client]:
    if first.pk == second.pk:
        raise Refusal("E-MERGE-SELF", _("Une fiche ne se compare pas avec elle-même."))
    if first.organization_id != by.organization_id or second.organization_id != by.organization_id:
        raise NotFound
    return (first, second) if first.pk < second.pk else (second, first)
