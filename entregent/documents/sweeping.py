"""What nothing points to any more: content whose row never came or has gone, uploads that were given up."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.documents.actions import forget_upload
from entregent.documents.files import storage
from entregent.documents.models import StoredFile, Upload
from entregent.organizations.models import Organization

# How many days back the folders of a day are compared with the rows; today and yesterday are still in use.
DAYS = range(2, 9)
UPLOADS_KEPT = timedelta(days=2)


def sweep() -> int:
    """Every organization, one after the other. Gives the number of contents that were removed."""
    removed = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        with in_organization(organization_id):
            removed += _orphans(organization_id) + _left_over(organization_id)
            for upload in Upload.objects.filter(
                organization_id=organization_id, last_at__lt=timezone.now() - UPLOADS_KEPT
            ).select_related("file"):
                forget_upload(upload)
    return removed


def _orphans(organization_id: int) -> int:
    removed = 0
    for days in DAYS:
        folder = f"documents/{organization_id}/{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"
        try:
            _folders, names = storage().listdir(folder)
        except FileNotFoundError:
            continue
        keys = [f"{folder}/{name}" for name in names]
        kept = set(StoredFile.objects.filter(key__in=keys, removed_at__isnull=True).values_list("key", flat=True))
        for key in keys:
            if key not in kept:
                storage().delete(key)
                removed += 1
    return removed


def _left_over(organization_id: int) -> int:
    """Removed lately, by a process that may have been killed before the content was gone."""
    since = timezone.now() - timedelta(days=3)
    keys = StoredFile.objects.filter(organization_id=organization_id, removed_at__gt=since).values_list(
        "key", flat=True
    )
    left = [key for key in keys if storage().exists(key)]
    for key in left:
        storage().delete(key)
    return len(left)
