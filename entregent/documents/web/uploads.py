"""How a file comes piece by piece over HTTP. The pages that take files stand above; they say whose it is and what for.

POST of name and size begins it and gives its token; PUT of a piece at its offset goes on; GET tells how much has come,
so that a page goes on after a break. The answer to the last piece says that the file is kept.
"""

from django.http import HttpRequest, JsonResponse

from entregent.documents.actions import add_piece, begin_upload, finish_upload, found_upload, take_upload, taken_out
from entregent.documents.models import StoredFile, Upload
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id

MOST_AT_ONCE = 100


def begin(request: HttpRequest, *, organization: Organization, owner: str, purpose: str) -> JsonResponse:
    size = as_id(request.POST.get("size", ""))
    upload = begin_upload(
        organization=organization, owner=owner, purpose=purpose, name=request.POST.get("name", ""), size=size or 0
    )
    return told(upload, status=201)


def state(*, organization: Organization, owner: str, purpose: str, token: str) -> JsonResponse:
    return told(found_upload(organization_id=organization.pk, owner=owner, purpose=purpose, token=token))


def piece(
    request: HttpRequest,
    *,
    organization: Organization,
    owner: str,
    purpose: str,
    token: str,
    offset: int,
    by: Membership | None = None,
    by_person_id: int | None = None,
) -> JsonResponse:
    upload = found_upload(organization_id=organization.pk, owner=owner, purpose=purpose, token=token)
    length = as_id(request.META.get("CONTENT_LENGTH", "")) or 0
    # The body is read as it comes, never whole in memory.
    upload = add_piece(upload, offset=offset, content=request, length=length)  # type: ignore[arg-type]
    if upload.received == upload.size:
        finish_upload(upload, by=by, by_person_id=by_person_id, organization=organization)
        upload.refresh_from_db(fields=["file"])
    return told(upload)


def files_of(tokens: list[str], *, organization: Organization, owner: str, purpose: str) -> list[StoredFile]:
    """The kept files of these tokens, in their order, each once. In the transaction of the form that takes them."""
    found = []
    for token in dict.fromkeys(tokens[:MOST_AT_ONCE]):
        upload = found_upload(organization_id=organization.pk, owner=owner, purpose=purpose, token=token)
        if upload.file is None:
            raise NotFound
        if upload.file.removed_at is not None:
            raise taken_out(upload.file.name)
        found.append(upload.file)
        take_upload(upload)
    return found


def uploads_of(tokens: list[str], *, organization: Organization, owner: str, purpose: str) -> list[Upload]:
    """Those of these tokens that are there, for a form that is shown once more."""
    return list(
        Upload.objects.filter(
            organization_id=organization.pk, owner=owner, purpose=purpose, token__in=tokens[:MOST_AT_ONCE],
            file__isnull=False, file__removed_at__isnull=True,
        ).order_by("pk")
    )  # fmt: skip


def told(upload: Upload, status: int = 200) -> JsonResponse:
    """How far an upload has come."""
    return JsonResponse(
        {
            "token": upload.token,
            "name": upload.name,
            "size": upload.size,
            "received": upload.received,
            "kept": upload.file_id is not None,
        },
        status=status,
    )
