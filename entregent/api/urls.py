"""`/api/v1/`: the API put together."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import DataError, OperationalError
from django.urls import path, re_path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from entregent import __version__
from entregent.api import (
    addresses,
    administration,
    bulk,
    business_objects,
    calls,
    case_moves,
    case_work,
    cases,
    clients,
    contract,
    dunning,
    duplicates,
    exchange,
    exports,
    file_transfers,
    groups,
    house_settings,
    interactions,
    loans,
    mails,
    organizing,
    people,
    portal_accesses,
    problems,
    process_setup,
    processes,
    reference,
    relationships,
    rules,
    step_work,
    templates,
    webhooks,
)
from entregent.api.documentation import documentation
from entregent.api.guard import BearerToken, TokenMissing, behind_the_door
from entregent.toolbox.errors import Refusal, Refusals


class Api(NinjaAPI):
    @cached_property
    def contract(self) -> dict[str, Any]:
        """The OpenAPI document, made once: it does not change while the process lives."""
        operations = {
            operation.operation_id or self.get_openapi_operation_id(operation): operation
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
        }
        return contract.complete(super().get_openapi_schema(), operations)

    def get_openapi_schema(self, **options: Any) -> Any:
        return self.contract


api = Api(
    title="Entregent",
    version=__version__,
    urls_namespace="api",
    auth=BearerToken(),
    docs_url=None,
    openapi_extra={"servers": [{"url": settings.PUBLIC_URL}]},
    description=(
        "The same actions and rights as the pages. A token belongs to one member and acts with their rights and reach, "
        "narrowed down to its scopes if it has any. Absent and out of reach look the same (404). `Idempotency-Key` is "
        "honoured on every POST, `If-Match` is needed on every PATCH. A token makes so many requests a minute (429)."
    ),
)

# The modules that write further operations on the routers of others.
FURTHER = (case_moves, case_work, exports, house_settings, organizing, process_setup, rules, step_work)

for prefix, router in [
    ("/clients", clients.router),
    ("/people", people.router),
    ("/interactions", interactions.router),
    ("/calls", calls.router),
    ("/file-transfers", file_transfers.router),
    ("", loans.router),
    ("", addresses.router),
    ("", administration.router),
    ("", bulk.router),
    ("", exchange.router),
    ("", business_objects.router),
    ("", duplicates.router),
    ("", dunning.router),
    ("", templates.router),
    ("", reference.router),
    ("", cases.router),
    ("", processes.router),
    ("", groups.router),
    ("", mails.router),
    ("", portal_accesses.router),
    ("", relationships.router),
    ("", webhooks.router),
]:
    api.add_router(prefix, router)

api.add_exception_handler(Refusal, problems.refused)
api.add_exception_handler(Refusals, problems.several_refused)
api.add_exception_handler(ValidationError, behind_the_door(problems.invalid))
api.add_exception_handler(DataError, problems.untenable)
api.add_exception_handler(OperationalError, problems.too_long)
api.add_exception_handler(HttpError, behind_the_door(problems.unreadable))
api.add_exception_handler(AuthenticationError, lambda request, error: problems.refused(request, TokenMissing()))

app_name = "api"
operations = api.urls[0]
for pattern in operations:
    pattern.callback = problems.told_apart(pattern.callback)
urlpatterns = [
    *operations,
    path("docs", documentation, {"api": api}, name="documentation"),
    # An id that is no number, an operation that there is not: answered as all that is absent.
    re_path("^", problems.nowhere, name="nowhere"),
]
