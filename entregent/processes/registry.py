"""What a plan of action can do by itself: a closed list of actions, each with its parameters and their types.

What stands in a definition is data; what it makes the product do stands here and in `actions.performing`. An action
runs with the rights of the process, which somebody entitled has published, never with those of who designed it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.documents.texts import ANYTHING, problems
from entregent.organizations.models import Organization
from entregent.processes.fields import words_of
from entregent.toolbox.working_time import parse_offset

LONGEST_TEXT = 5000
MOST_ITEMS = 30
TEAM_LEAD = "team_lead"
# What texts may speak of (`actions.performing.facts_of_plan`).
FACTS = (
    "today", "language", "organization", "client", "people", "contract", "objects", "contracts", "invoices",
    "unpaid_invoices", "unpaid_total", "last_invoice", "last_reading", "case", "plan", "answers", "steps", "facts",
)  # fmt: skip


@dataclass(frozen=True)
class Param:
    """One parameter. Types: text, words ({fr, en}), offset, choice, code, boolean, who, steps (keys of earlier steps),
    list (of words). `words`: the choices, or what a `who` may say besides teams and addresses."""

    type: str
    label: Any
    is_required: bool = False
    words: Mapping[str, Any] = field(default_factory=dict)
    # Whether an organization has what the code names.
    exists: Callable[[Organization, str], bool] | None = None
    # What an organization has, for whoever chooses: (value, label).
    offered: Callable[[Organization], list[tuple[str, str]]] | None = None
    is_template: bool = False  # a text with variables (documents.texts)

    def problem(self, value: Any, before: set[str]) -> str:
        """What is wrong with a value, "" for nothing."""
        return _CHECKS[self.type](self, value, before)


@dataclass(frozen=True)
class ActionKind:
    """An action by its name, with its parameters."""

    name: str
    label: Any
    params: Mapping[str, Param] = field(default_factory=dict)
    needs_case: bool = False
    icon: str = "bolt"

    def problems(self, given: Any, *, before: set[str]) -> list[str]:
        """Sentences on unknown, missing and wrong parameters."""
        if not isinstance(given, dict):
            return [_("les paramètres ne se lisent pas.")]
        found = [
            _("le paramètre « %(name)s » n’existe pas.") % {"name": str(name)[:60]}
            for name in given
            if name not in self.params
        ]
        for name, param in self.params.items():
            value = given.get(name)
            if value in (None, "", [], {}):
                if param.is_required:
                    found.append(_("« %(name)s » est à donner.") % {"name": str(param.label)})
                continue
            wrong = param.problem(value, before)
            if wrong:
                found.append(_("« %(name)s » : %(problem)s") % {"name": param.label, "problem": wrong})
        return found


def _text(param: Param, value: Any, before: set[str]) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return _("donnez un texte, de %(n)d caractères au plus.") % {"n": LONGEST_TEXT}
    return _template_problem(param, value)


def _words(param: Param, value: Any, before: set[str]) -> str:
    fr, en = words_of(value)
    is_plain = isinstance(value, str) or (isinstance(value, dict) and set(value) <= {"fr", "en"})
    if not is_plain or not (fr or en) or len(fr) > LONGEST_TEXT or len(en) > LONGEST_TEXT:
        return _("donnez un texte, de %(n)d caractères au plus.") % {"n": LONGEST_TEXT}
    return _template_problem(param, fr) or _template_problem(param, en)


def _template_problem(param: Param, text: str) -> str:
    if not param.is_template or not text:
        return ""
    wrong = problems(text, dict.fromkeys(FACTS, ANYTHING))
    return wrong[0] if wrong else ""


def _offset(param: Param, value: Any, before: set[str]) -> str:
    try:
        is_forwards = isinstance(value, str) and parse_offset(value).amount >= 0
    except ValueError:
        is_forwards = False
    return "" if is_forwards else _("écrivez un délai, par exemple « 2 working days ».")


def _choice(param: Param, value: Any, before: set[str]) -> str:
    return "" if isinstance(value, str) and value in param.words else _("choisissez dans la liste.")


def _code(param: Param, value: Any, before: set[str]) -> str:
    return "" if isinstance(value, str) and 0 < len(value) <= 200 else _("donnez un code.")


def _boolean(param: Param, value: Any, before: set[str]) -> str:
    return "" if isinstance(value, bool) else _("répondez par oui ou par non.")


def _steps(param: Param, value: Any, before: set[str]) -> str:
    keys = value if isinstance(value, list) else [value]
    for key in keys:
        if not isinstance(key, str) or key not in before:
            return _("« %(step)s » n’est pas une étape qui précède.") % {"step": str(key)[:60]}
    return ""


def _list(param: Param, value: Any, before: set[str]) -> str:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        return _("donnez une liste de %(n)d lignes au plus.") % {"n": MOST_ITEMS}
    return next((wrong for one in value if (wrong := _words(param, one, before))), "")


_CHECKS: dict[str, Callable[[Param, Any, set[str]], str]] = {
    "text": _text,
    "words": _words,
    "offset": _offset,
    "choice": _choice,
    "code": _code,
    "boolean": _boolean,
    "who": _code,
    "steps": _steps,
    "list": _list,
}


# ——— What an organization has ———


def _templates(*template_kinds: str) -> dict[str, Any]:
    def records(organization: Organization):
        from entregent.documents.models import DocumentTemplate

        return DocumentTemplate.objects.filter(organization_id=organization.pk, kind__in=template_kinds, is_active=True)

    return {
        "exists": lambda organization, code: records(organization).filter(code=code).exists(),
        "offered": lambda organization: [(one.code, str(one)) for one in records(organization)],
    }


def _topics() -> dict[str, Any]:
    def records(organization: Organization):
        from entregent.interactions.models import Topic

        return Topic.objects.filter(organization_id=organization.pk, is_active=True)

    return {
        "exists": lambda organization, code: records(organization).filter(code=code).exists(),
        "offered": lambda organization: [(one.code, one.label) for one in records(organization)],
    }


_WHO = {
    "responsible": gettext_lazy("Responsable du dossier"),
    "starter": gettext_lazy("Personne qui a lancé le plan"),
}
_STATES = {
    "in_progress": gettext_lazy("Dossier en cours"),
    "deferred": gettext_lazy("Dossier différé"),
    "done": gettext_lazy("Dossier terminé"),
    "cancelled": gettext_lazy("Dossier annulé"),
}
_CHANNELS = {
    "letter": gettext_lazy("Courrier"),
    "email": gettext_lazy("Courriel"),
    "phone_call": gettext_lazy("Appel téléphonique"),
    "note": gettext_lazy("Note interne"),
}
_TO = {
    "client": gettext_lazy("Le client (sa personne-ressource principale)"),
    "billing": gettext_lazy("La personne-ressource de facturation"),
}


def kinds() -> dict[str, ActionKind]:
    """All actions by their name, in the order in which a designer offers them."""
    words = gettext_lazy("Texte")
    made = [
        ActionKind(
            "generate_document",
            gettext_lazy("Générer un courrier"),
            {
                "template": Param("code", gettext_lazy("Modèle"), is_required=True, **_templates("letter", "word")),
                "title": Param("words", gettext_lazy("Intitulé")),
            },
            icon="file-text",
        ),
        ActionKind(
            "send_mail",
            gettext_lazy("Envoyer un courriel au client"),
            {
                "template": Param("code", gettext_lazy("Modèle"), is_required=True, **_templates("mail", "letter")),
                "attach": Param("steps", gettext_lazy("Joindre les courriers des étapes")),
                "to": Param("choice", gettext_lazy("Destinataire"), words=_TO),
                "optional": Param("boolean", gettext_lazy("Seulement s’il a une adresse")),
            },
            icon="mail",
        ),
        ActionKind(
            "close_case",
            gettext_lazy("Clore le dossier"),
            {"reason": Param("words", gettext_lazy("Motif")), "sub_status": Param("code", gettext_lazy("Sous-statut"))},
            needs_case=True,
            icon="circle-check",
        ),
        ActionKind(
            "change_state",
            gettext_lazy("Changer l’état du dossier"),
            {
                "state": Param("choice", gettext_lazy("État"), is_required=True, words=_STATES),
                "sub_status": Param("code", gettext_lazy("Sous-statut")),
                "reason": Param("words", gettext_lazy("Motif")),
            },
            needs_case=True,
            icon="switch-horizontal",
        ),
        ActionKind(
            "assign",
            gettext_lazy("Confier le dossier"),
            {"to": Param("who", gettext_lazy("À qui"), is_required=True, words=_WHO)},
            needs_case=True,
            icon="user-check",
        ),
        ActionKind(
            "escalate",
            gettext_lazy("Alerter la hiérarchie"),
            {
                "to": Param(
                    "who",
                    gettext_lazy("À qui"),
                    is_required=True,
                    words={TEAM_LEAD: gettext_lazy("Responsable de l’équipe"), **_WHO},
                ),
                "reassign": Param("boolean", gettext_lazy("Lui confier l’étape")),
            },
            icon="alert-triangle",
        ),
        ActionKind(
            "notify",
            gettext_lazy("Avertir"),
            {
                "to": Param("who", gettext_lazy("À qui"), words={TEAM_LEAD: gettext_lazy("Responsable de l’équipe"),
                                                                 **_WHO}),
                "text": Param("words", words, is_template=True),
            },
            icon="bell",
        ),
        ActionKind(
            "log_entry",
            gettext_lazy("Noter dans le dossier"),
            {"text": Param("words", words, is_required=True, is_template=True)},
            needs_case=True,
            icon="note",
        ),
        ActionKind(
            "create_interaction",
            gettext_lazy("Enregistrer un contact"),
            {
                "topic": Param("code", gettext_lazy("Rubrique"), **_topics()),
                "channel": Param("choice", gettext_lazy("Canal"), words=_CHANNELS),
                "subject": Param("words", gettext_lazy("Objet"), is_required=True, is_template=True),
                "text": Param("words", words, is_template=True),
            },
            icon="message-2",
        ),
        ActionKind(
            "set_follow_up",
            gettext_lazy("Poser un rappel"),
            {
                "after": Param("offset", gettext_lazy("Dans"), is_required=True),
                "text": Param("words", words, is_template=True),
                "to": Param("who", gettext_lazy("Pour qui"), words=_WHO),
            },
            icon="calendar-event",
        ),
        ActionKind(
            "add_tasks",
            gettext_lazy("Ajouter des tâches au dossier"),
            {"tasks": Param("list", gettext_lazy("Tâches"), is_required=True)},
            needs_case=True,
            icon="list-check",
        ),
    ]  # fmt: skip
    return {kind.name: kind for kind in made}
