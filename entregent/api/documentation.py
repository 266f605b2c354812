"""The reading page of the API, drawn from its own schema: no script, nothing from elsewhere."""

from django.http import HttpRequest
from django.urls import reverse

from entregent.access.guard import public
from entregent.ui.pages import render


@public
def documentation(request: HttpRequest, api):
    schema = api.get_openapi_schema()
    operations = [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    tags = sorted({tag for operation in operations for tag in operation.get("tags", [])})
    return render(
        request,
        "api/documentation.html",
        {
            "schema": schema,
            "openapi_url": reverse("api:openapi-json"),
            "groups": [(tag, [o for o in operations if tag in o.get("tags", [])]) for tag in tags],
        },
    )
