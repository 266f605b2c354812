"""Odoo and EspoCRM as their documentation says that they answer: real HTTP servers on loopback that play them strictly.

These are recorded contracts, not the products: neither can be installed from the registries that this project uses.
What a call gets wrong (a model, a field, a missing key) is answered as the product does, never let through.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Player:
    """A server that hands each request to `answer(method, path, query, headers, body)` → (status, JSON)."""

    def __init__(self):
        self.calls: list[tuple[str, str]] = []
        # Taken, and then no answer: the connection ends.
        self.cut_after: set[str] = set()
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                parts = urlsplit(self.path)
                body = json.loads(content) if content else None
                with outer.lock:
                    outer.calls.append((self.command, parts.path))
                    status, told, name = outer.answer(
                        self.command, parts.path, dict(parse_qsl(parts.query)), self.headers, body
                    )
                    is_cut = name in outer.cut_after
                    outer.cut_after.discard(name)
                if is_cut:
                    self.connection.close()
                    return
                answer = b"" if told is None else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


class Odoo(Player):
    """`/jsonrpc`: common.login and object.execute_kw on res.partner and res.country (Odoo 17's external API)."""

    FIELDS = {
        "name", "ref", "is_company", "email", "phone", "street", "street2", "zip", "city", "country_id", "active",
    }  # fmt: skip
    COUNTRIES = {"FR": 75, "CA": 38}

    def __init__(self):
        super().__init__()
        self.partners: dict[int, dict] = {}

    def answer(self, method, path, query, headers, body):
        if (method, path) != ("POST", "/jsonrpc"):
            return 404, {"error": "not found"}, ""
        if body.get("jsonrpc") != "2.0" or body.get("method") != "call" or "id" not in body:
            return 200, self._error(body, "odoo.http.BadRequest", "Invalid JSON-RPC"), ""
        parameters = body["params"]
        service, name, args = parameters["service"], parameters["method"], parameters["args"]
        try:
            if (service, name) == ("common", "login"):
                return 200, self._result(body, 2 if args == ["prod", "crm@x.example", "cle-odoo"] else False), "login"
            database, user, key, model, verb, positional, options = args
            if (service, name) != ("object", "execute_kw") or (database, user, key) != ("prod", 2, "cle-odoo"):
                return 200, self._error(body, "odoo.exceptions.AccessDenied", "Access Denied"), ""
            return 200, self._result(body, self._execute(model, verb, positional, options)), verb
        except KeyError as unknown:
            return 200, self._error(body, "builtins.ValueError", f"Invalid field {unknown} on model"), ""

    def _execute(self, model, verb, args, options):
        if model == "res.country":
            ((field, operator, code),) = args[0]
            assert (verb, field, operator) == ("search", "code", "=")
            return [self.COUNTRIES[code]] if code in self.COUNTRIES else []
        assert model == "res.partner", model
        if verb == "fields_get":
            return {name: {"type": "char"} for name in args[0] if name in self.FIELDS}
        if verb in ("search", "search_count"):
            found = self._search(args[0], options.get("context", {}).get("active_test", True))
            return len(found) if verb == "search_count" else found[: options.get("limit") or None]
        if verb == "create":
            (values,) = args
            self._check(values)
            assert values.get("name")
            number = max(self.partners, default=40) + 1
            self.partners[number] = {"active": True} | values
            return number
        if verb == "write":
            keys, values = args
            self._check(values)
            for key in keys:
                self.partners[key].update(values)
            return True
        assert verb == "unlink", verb
        for key in args[0]:
            del self.partners[key]
        return True

    def _check(self, values):
        for name, value in values.items():
            if name not in self.FIELDS:
                raise KeyError(name)
            kinds = {"country_id": (int, bool), "is_company": bool, "active": bool}
            assert isinstance(value, kinds.get(name, (str, bool))), (name, value)

    def _search(self, domain, is_active_only):
        found = []
        for key, partner in sorted(self.partners.items()):
            values = partner | {"id": key}
            if is_active_only and not partner["active"]:
                continue
            if all((values.get(f) == v) if o == "=" else (values.get(f) in v) for f, o, v in domain):
                found.append(key)
        return found

    def _result(self, body, result):
        return {"jsonrpc": "2.0", "id": body["id"], "result": result}

    def _error(self, body, name, message):
        data = {"name": name, "message": message, "arguments": [message], "debug": ""}
        return {
            "jsonrpc": "2.0",
            "id": body.get("id"),
            "error": {"code": 200, "message": "Odoo Server Error", "data": data},
        }


class Espo(Player):
    """`/api/v1/…` with X-Api-Key: Contact and Account, one by one and by a search (EspoCRM 8's REST API)."""

    SHARED = {"cEntregentNumber", "emailAddress", "phoneNumber", "description", "id"}
    FIELDS = {
        "Contact": SHARED | {"firstName", "lastName", "addressStreet", "addressCity", "addressState",
                             "addressPostalCode", "addressCountry"},
        "Account": SHARED | {"name", "billingAddressStreet", "billingAddressCity", "billingAddressState",
                             "billingAddressPostalCode", "billingAddressCountry"},
    }  # fmt: skip

    def __init__(self):
        super().__init__()
        self.records: dict[str, dict[str, dict]] = {"Contact": {}, "Account": {}}

    def answer(self, method, path, query, headers, body):
        if headers.get("X-Api-Key") != "cle-espo":
            return 401, None, ""
        parts = path.removeprefix("/api/v1/").split("/")
        if (method, parts) == ("GET", ["App", "user"]):
            return 200, {"user": {"userName": "entregent"}}, ""
        entity, key = parts[0], parts[1] if len(parts) > 1 else ""
        if entity not in self.FIELDS:
            return 404, None, ""
        of_entity, name = self.records[entity], f"{method} {entity}"
        if body is not None and set(body) - self.FIELDS[entity]:
            return 400, {"message": "unknown field"}, ""
        if method == "GET" and not key:
            field = query["where[0][attribute]"]
            if field not in self.FIELDS[entity] or query["where[0][type]"] != "equals":
                return 400, {"message": "bad where"}, ""
            found = [one for one in of_entity.values() if one.get(field) == query["where[0][value]"]]
            return 200, {"total": len(found), "list": [{"id": one["id"]} for one in found]}, name
        if method == "POST" and not key:
            if not body.get("lastName" if entity == "Contact" else "name"):
                return 400, {"message": "required"}, ""
            identity = f"5f{sum(map(len, self.records.values())):011x}{len(self.calls):04x}"
            of_entity[identity] = body | {"id": identity}
            return 200, of_entity[identity], name
        if key not in of_entity:
            return 404, None, ""
        if method == "PUT":
            of_entity[key] |= body
            return 200, of_entity[key], name
        if method == "DELETE":
            del of_entity[key]
            return 200, True, name
        return 200, of_entity[key], name
