"""The gallery of components."""

from django.utils import timezone

from entregent.access.guard import public
from entregent.ui.pages import render
from entregent.ui.web.forms import GalleryForm


@public
def gallery(request):
    """Every component in its states; its form is shown with two errors."""
    form = GalleryForm({"name": "", "email": "claire(arobase)moreau", "kind": "company", "language": "fr"})
    form.is_valid()
    return render(request, "ui/gallery.html", {"form": form, "today": timezone.localdate()})
