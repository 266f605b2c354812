"""The OpenAPI document beyond what the code says by itself: rights and scopes, headers, refusals, examples.

Nothing here is written by hand for one operation: what an operation needs is read from its guard, examples are made
of the fields, so that the document cannot say anything else than the code does.
"""

from collections.abc import Mapping
from typing import Any

from ninja.operation import Operation

from entregent.access.token_scopes import scope_of
from entregent.api.schemas import Problem

PROBLEM = "application/problem+json"

# What any operation may answer besides what it says itself.
ALWAYS = {
    400: ("unreadable", "E-FORMAT"),
    401: ("no valid token", "E-AUTH"),
    403: ("right or scope missing, or module off", "E-ROLE"),
    404: ("absent or out of reach", "E-NOTFOUND"),
    422: ("a field is wrong", "E-REQUIRED"),
    429: ("more requests than a token may make in a minute; `Retry-After` says when to go on", "E-RATE"),
    503: ("the question demands too much time", "E-TOO-LONG"),
}
OF_CHANGES = {409: ("refused in the state in which things are", "E-001-TRANSITION")}
OF_VERSIONS = {412: ("changed meanwhile", "E-STALE")}
WITHOUT_VERSION = {428: ("If-Match is missing", "E-IF-MATCH")}
OF_FILES = {
    410: ("it is over", "E-004-CLOSED"),
    413: ("too large", "E-004-SIZE"),
    415: ("a kind of file that is not taken", "E-004-TYPE"),
}

# What stands in the path of an operation that takes or gives files.
_OF_FILES = ("file", "upload", "import", "document", "word", "letter", "logo", "printing")

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 120, "pattern": "^[\\x21-\\x7e]+$"},
    "description": "The same key with the same body makes one record and answers it again; it holds for 7 days.",
    "example": "commande-4711",
}
_LIMITS = {
    "RateLimit-Limit": ("Requests that the token may make in a minute.", 6000),
    "RateLimit-Remaining": ("How many of them are left.", 5987),
    "RateLimit-Reset": ("Seconds until the next minute.", 42),
}

# What an operation says that answers a file.
FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file.",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
        }
    }
}

# By the name of a field, where its type does not say enough.
_TEXTS = {
    "number": "100482", "name": "Blanchisserie Moreau", "display_name": "Blanchisserie Moreau", "client": "100482",
    "first_name": "Anne", "last_name": "Roy", "file_as": "Roy, Anne", "email": "anne@exemple.fr", "kind": "company",
    "responsible": "nadia@eaux-du-val.example", "author": "nadia@eaux-du-val.example", "sender": "nadia@example.org",
    "agent": "nadia@eaux-du-val.example", "owner": "nadia@eaux-du-val.example", "sector": "NORD", "code": "NORD",
    "street": "12 rue du Moulin", "unit": "App. 3", "postal_code": "01400", "city": "Châtillon", "region": "Ain",
    "country": "FR", "phone": "+33261910042", "contact_phone": "+33261910042", "currency": "EUR", "language": "fr",
    "topic": "renseignement", "channel": "phone_call", "subject": "Relevé de compteur", "case_type": "reclamation",
    "notes": "A rappelé ce matin.", "text": "A rappelé ce matin.", "message": "Voici le bail à signer.",
    "title": "Fuite rue du Moulin", "label": "Bureau", "reason": "Fait par téléphone.", "state": "open",
    "status": "client", "category": "Professionnel", "account": "1000042", "confirm": "CONFIRMER", "role": "editor",
    "yaml": "code: releve\nname: {fr: Relevé, en: Reading}\nsteps: []\n", "process": "releve", "key": "F-2410-07731",
    "source_system": "facturation", "token": "q9V5hX0c", "sha256": "9f86d081884c7d65", "media_type": "text/csv",
    "time_zone": "Europe/Paris", "url": "https://exemple.fr/entregent",
}  # fmt: skip
_FORMATS = {
    "date": "2026-11-23",
    "date-time": "2026-11-23T09:30:00+01:00",
    "time": "09:30:00",
    "uri": "https://exemple.fr/",
    "binary": "…",
}


def complete(schema: dict[str, Any], operations: Mapping[str, Operation]) -> dict[str, Any]:
    """`schema`, as ninja writes it, with all that a program must know; `operations` by their ids."""
    components = schema["components"]["schemas"]
    definitions = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(definitions.pop("$defs", {}))
    components["Problem"] = definitions
    schema["components"]["headers"] = {
        name: {"description": description, "schema": {"type": "integer"}, "example": shown}
        for name, (description, shown) in _LIMITS.items()
    }
    every = ALWAYS | OF_CHANGES | OF_VERSIONS | WITHOUT_VERSION | OF_FILES
    schema["components"]["responses"] = {
        f"Refused{status}": _refusal(status, description, code) for status, (description, code) in every.items()
    }
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            _complete_one(told, method.upper(), path, operations[told["operationId"]], components)
    return schema


def _complete_one(told: dict, method: str, path: str, operation: Operation, components: dict) -> None:
    rule: Any = getattr(operation.view_func, "access_rule", None)
    _kind, right, module = rule
    version = getattr(operation.view_func, "if_match", None) or {"PATCH": "required", "DELETE": "optional"}.get(method)
    told["x-right"] = str(right)
    told["x-scope"] = scope_of(right, method)
    if module is not None:
        told["x-module"] = str(module)
    needs = f"Needs the right `{right}` and, of a token with scopes, `{told['x-scope']}`"
    told["description"] = "\n\n".join(
        part
        for part in (told.get("description", ""), f"{needs}{f'; the module `{module}`' if module else ''}.")
        if part
    )
    told.setdefault("parameters", [])
    for parameter in told["parameters"]:
        parameter.setdefault("example", example(parameter["schema"], components, parameter["name"]))
    if method == "POST":
        told["parameters"].append(_KEY)
    if version is not None:
        told["parameters"].append(_if_match(version))
    failures = dict(ALWAYS)
    if method != "GET":
        failures |= OF_CHANGES
    if version is not None:
        failures |= OF_VERSIONS
    if version == "required":
        failures |= WITHOUT_VERSION
    if any(word in path for word in _OF_FILES):
        failures |= OF_FILES
    responses = {int(status): answer for status, answer in told["responses"].items()}
    for answer in responses.values():
        _with_examples(answer.get("content", {}), components, whole=True)
        answer["headers"] = _limits()
    if version == "required":
        new = {"description": "The new version.", "schema": {"type": "string"}, "example": '"4"'}
        for status in (status for status in responses if status < 300):
            responses[status]["headers"]["ETag"] = new
    for status in failures:
        responses.setdefault(status, {"$ref": f"#/components/responses/Refused{status}"})
    told["responses"] = {str(status): responses[status] for status in sorted(responses)}
    if "requestBody" in told:
        _with_examples(told["requestBody"]["content"], components, whole=False)


def _if_match(kind: str) -> dict[str, Any]:
    return {
        "name": "If-Match",
        "in": "header",
        # Left out, it answers 428 and not 422: no validator need refuse it before it is sent.
        "required": False,
        "schema": {"type": "string"},
        "description": (
            "The ETag that you read. 412 when the record is no longer so"
            + ("; 428 when it is left out." if kind == "required" else ".")
        ),
        "example": '"3"',
    }


def _limits() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}


def _refusal(status: int, description: str, code: str) -> dict[str, Any]:
    sentence = "La demande ne peut pas être acceptée."
    shown = {
        "type": f"urn:entregent:problem:{code}", "title": sentence, "status": status, "code": code, "detail": sentence,
        "errors": [],
    }  # fmt: skip
    if status == 422:
        shown |= {"title": "Nom est obligatoire.", "detail": "Nom est obligatoire."}
        shown["errors"] = [{"field": "name", "code": code, "message": "Nom est obligatoire."}]
    headers: dict[str, Any] = _limits()
    if status == 429:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}, "example": 42}
    return {
        "description": description[0].upper() + description[1:],
        "headers": headers,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown}},
    }


def _with_examples(content: dict, components: dict, *, whole: bool) -> None:
    for body in content.values():
        if "schema" in body and "example" not in body and "examples" not in body:
            body["example"] = example(body["schema"], components, "", whole=whole)


def example(schema: dict[str, Any], components: dict, name: str, *, whole: bool = True) -> Any:
    """A value as the schema demands it. `whole`: all fields, and not only those that must be there."""
    if "$ref" in schema:
        return example(components[schema["$ref"].rpartition("/")[2]], components, name, whole=whole)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema or "allOf" in schema:
        among = schema.get("anyOf") or schema["allOf"]
        return example(
            next((one for one in among if one.get("type") != "null"), among[0]), components, name, whole=whole
        )
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        wanted = [key for key in properties if whole or key in schema.get("required", ()) or _is_shown(properties[key])]
        return {key: example(properties[key], components, key, whole=whole) for key in wanted}
    if kind == "array":
        return [example(schema["items"], components, name.removesuffix("s"), whole=whole)] if "items" in schema else []
    if kind == "integer":
        return min(max(4, schema.get("minimum", 1)), schema.get("maximum", 4711))
    if kind == "number":
        return 12.5
    if kind == "boolean":
        return schema.get("default", False)
    if kind == "string":
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        return (schema.get("default") or _TEXTS.get(name, "texte"))[: schema.get("maxLength", 1000)]
    return None


def _is_shown(schema: dict[str, Any]) -> bool:
    return bool(schema.get("examples"))
