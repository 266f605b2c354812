"""Administration of topics: which are offered, in which order, under which labels."""

from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.interactions import actions
from entregent.interactions.models import Topic
from entregent.interactions.web.answers import at
from entregent.interactions.web.forms import TopicForm
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, saved_by_form, see


@requires(Right.TOPICS)
def topic_list(request):
    topics = list(Topic.objects.filter(organization_id=request.member.organization_id))
    offered = [topic.pk for topic in topics if topic.is_active]
    digits = {key: position for position, key in enumerate(offered[:9], start=1)}
    context = {"topics": topics, "digits": digits, "applies": Topic.AppliesTo.choices}
    return render_administration(request, "interactions/topics.html", context)


@requires(Right.TOPICS)
def topic_create(request):
    form = TopicForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            topic = actions.create_topic(
                by=request.member,
                label_fr=data["label_fr"],
                label_en=data["label_en"],
                applies_to=data["applies_to"],
                position=data["position"],
            )
            return _back(request, _("Rubrique « %(topic)s » ajoutée.") % {"topic": topic.label})
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, None)


@requires(Right.TOPICS)
def topic_update(request, code):
    topic = Topic.objects.filter(organization_id=request.member.organization_id, code=code).first()
    if topic is None:
        raise NotFound
    form = TopicForm(request.POST or None, topic=topic)
    stale = None
    if request.method == "POST" and form.is_valid():
        changes = dict(form.cleaned_data)
        version = changes.pop("version") or 0
        if changes["position"] is None:
            changes["position"] = topic.position
        changed, form, stale = saved_by_form(
            form, lambda: actions.update_topic(topic, by=request.member, version=version, **changes),
            over=lambda data, current: TopicForm(data, topic=current),
        )  # fmt: skip
        if changed is not None:
            return _back(request, _("Rubrique « %(topic)s » modifiée.") % {"topic": changed.label})
    return _form(request, form, topic, stale)


def _form(request, form, topic, stale=None):
    status = stale.status if stale else 422 if request.method == "POST" else 200
    context = {"form": form, "topic": topic, "stale": stale}
    return render_administration(request, "interactions/topic_form.html", context, fragment="form", status=status)


def _back(request, toast: str):
    return see(request, at("interactions:topics", request.member), toast=toast)
