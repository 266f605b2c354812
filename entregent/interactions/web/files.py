"""Files that come with a form, and files of an entry given out."""

from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.documents.actions import keep_file
from entregent.documents.models import StoredFile
from entregent.documents.web.answers import file_answer
from entregent.interactions.models import EntryAttachment, Interaction
from entregent.toolbox.errors import NotFound, Refusal

MOST_FILES = 10


def kept_files(request) -> list[StoredFile]:
    """The files of the form, kept: call it in the transaction of what they come with."""
    sent = [one for one in request.FILES.getlist("files") if one.name]
    if len(sent) > MOST_FILES:
        raise too_many()
    return [
        keep_file(organization=request.member.organization, name=one.name, content=one.file, by=request.member)
        for one in sent
    ]


def too_many() -> Refusal:
    return Refusal("E-004-SIZE", _("%(n)s fichiers au plus par entrée.") % {"n": MOST_FILES}, field="files", status=413)


@requires(Right.INTERACTION_VIEW)
def attachment(request, number, key):
    """A file of an entry, to whoever may read the interaction."""
    interaction = Interaction.objects.get_visible(request.member, Right.INTERACTION_VIEW, number=number)
    found = (
        EntryAttachment.objects.filter(pk=key, entry__interaction=interaction, file__removed_at__isnull=True)
        .select_related("file")
        .first()
    )
    if found is None:
        raise NotFound
    return file_answer(found.file)
