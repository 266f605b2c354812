"""Errors as RFC 9457 problem documents, with the codes of requirements.md §5."""

from collections.abc import Callable
from functools import wraps
from typing import cast

from django.http import HttpResponseNotAllowed, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from psycopg.errors import QueryCanceled

from entregent.access.guard import public
from entregent.api.limits import TooMany
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, TooLong

TYPE = "urn:entregent:problem:"


def problem(status: int, code: str, title, *, detail="", errors=()) -> JsonResponse:
    return JsonResponse(
        {
            "type": f"{TYPE}{code}",
            "title": str(title),
            "status": status,
            "code": code,
            "detail": str(detail or title),
            "errors": list(errors),
        },
        status=status,
        content_type="application/problem+json",
    )


def refused(request, refusal: Refusal) -> JsonResponse:
    status = 412 if isinstance(refusal, Stale) else refusal.status
    errors = [_error(refusal)] if refusal.field else []
    response = problem(status, refusal.code, refusal.message, errors=errors)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 429:
        response.headers["Retry-After"] = str(cast(TooMany, refusal).retry_after)
    return response


def several_refused(request, refusals: Refusals) -> JsonResponse:
    first = refusals.refusals[0]
    return problem(
        422, first.code, _("La demande ne peut pas être acceptée."), detail=first.message,
        errors=[_error(refusal) for refusal in refusals.refusals],
    )  # fmt: skip


def invalid(request, error) -> JsonResponse:
    """What does not have the form that the schema says."""
    errors = [
        {
            "field": ".".join(str(part) for part in fault["loc"] if part not in ("body", "payload", "query", "path")),
            "code": "E-FORMAT",
            "message": _reason(fault),
        }
        for fault in error.errors
    ]
    return problem(422, "E-FORMAT", _("La demande n'a pas la forme attendue."), errors=errors)


def unreadable(request, error) -> JsonResponse:
    return problem(error.status_code, "E-FORMAT", _("La demande ne peut pas être lue."), detail=str(error))


def untenable(request, error) -> JsonResponse:
    """A value that no column can hold: a null character, a number beyond all measure."""
    return problem(422, "E-FORMAT", _("La demande n'a pas la forme attendue."))


def too_long(request, error) -> JsonResponse:
    """The database was still looking when the answer may wait no longer; whatever else is wrong there, is a fault."""
    if isinstance(error.__cause__, QueryCanceled):
        return refused(request, TooLong())
    raise error


def told_apart(view: Callable) -> Callable:
    """`view`, with a problem where it knows no such method: `Allow` says which it knows."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        refusal = problem(405, "E-METHOD", _("Cette adresse n'a pas cette opération."))
        refusal.headers["Allow"] = ", ".join(sorted(response.headers["Allow"].split(", ")))
        return refusal

    return answered


@csrf_exempt
@public
def nowhere(request) -> JsonResponse:
    return refused(request, NotFound())


def _error(refusal: Refusal) -> dict:
    return {"field": refusal.field or "", "code": refusal.code, "message": str(refusal.message)}


def _reason(fault: dict) -> str:
    if fault["type"] == "missing":
        return _("Ce champ est obligatoire.")
    if fault["type"] == "extra_forbidden":
        return _("Ce champ n'existe pas ou ne se modifie pas.")
    return str(fault["msg"])
