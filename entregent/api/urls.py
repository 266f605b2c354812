"""`/api/v1/`: the API put together."""

from django.conf import settings
from django.db import DataError, OperationalError
from django.urls import path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from entregent import __version__
from entregent.api import (
    business_objects,
    calls,
    cases,
    clients,
    file_transfers,
    groups,
    interactions,
    loans,
    people,
    problems,
    processes,
    reference,
    relationships,
)
from entregent.api.documentation import documentation
from entregent.api.guard import BearerToken, TokenMissing
from entregent.api.schemas import Problem
from entregent.toolbox.errors import Refusal, Refusals

# What any operation may answer besides what it says itself.
FAILURES = {
    "400": "unreadable",
    "401": "no valid token",
    "403": "right missing, or module off",
    "404": "absent or out of reach",
    "409": "refused in the state in which things are",
    "412": "changed meanwhile",
    "422": "a field is wrong",
    "428": "If-Match is missing",
}


class Api(NinjaAPI):
    def get_openapi_schema(self, **options):
        """The schema, with the problem documents that every operation may answer."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"].update(
            Problem.model_json_schema(ref_template="#/components/schemas/{model}").pop("$defs", {})
        )
        body = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        body.pop("$defs", None)
        schema["components"]["schemas"]["Problem"] = body
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, description in FAILURES.items():
                    operation["responses"].setdefault(status, {"description": description, "content": content})
        return schema


api = Api(
    title="Entregent",
    version=__version__,
    urls_namespace="api",
    auth=BearerToken(),
    docs_url=None,
    openapi_extra={"servers": [{"url": settings.PUBLIC_URL}]},
    description=(
        "The same actions and rights as the pages. A token belongs to one member and acts with their rights and reach. "
        "Absent and out of reach look the same (404). `Idempotency-Key` is honoured on every POST, `If-Match` is "
        "needed on every PATCH."
    ),
)

for prefix, router in [
    ("/clients", clients.router),
    ("/people", people.router),
    ("/interactions", interactions.router),
    ("/calls", calls.router),
    ("/file-transfers", file_transfers.router),
    ("", loans.router),
    ("", business_objects.router),
    ("", reference.router),
    ("", cases.router),
    ("", processes.router),
    ("", groups.router),
    ("", relationships.router),
]:
    api.add_router(prefix, router)

api.add_exception_handler(Refusal, problems.refused)
api.add_exception_handler(Refusals, problems.several_refused)
api.add_exception_handler(ValidationError, problems.invalid)
api.add_exception_handler(DataError, problems.untenable)
api.add_exception_handler(OperationalError, problems.too_long)
api.add_exception_handler(HttpError, problems.unreadable)
api.add_exception_handler(AuthenticationError, lambda request, error: problems.refused(request, TokenMissing()))

app_name = "api"
urlpatterns = [*api.urls[0], path("docs", documentation, {"api": api}, name="documentation")]
