"""What a screen does, a program does: each action that a page calls is called by an operation of the API, or stands
here with the reason why it is not. A new action is added to the API, or to this list in full view."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "entregent"

# Nothing for a program: how one person sees and hears the product, and what somebody must do in person.
PERSONAL = {
    "add_portlet", "move_portlet", "remove_portlet", "reset_dashboard", "resize_portlet",
    "subscribe", "unsubscribe", "set_preferences", "choose_subscriptions", "create_feed", "revoke_feed",
}  # fmt: skip
# By somebody at the client, at the portal's own door: no member's token stands for them. Who may act for a business is
# said by the business alone.
AT_THE_PORTAL = {
    "sign", "renounce", "add_file", "remove_file", "complete_request", "approve_access", "reject_access",
    "revoke_relationship",
}  # fmt: skip
# A token that made tokens, or changed where mails and secrets go, would outlive the member who loses it.
BY_A_PERSON_SIGNED_IN = {
    "create_api_token", "revoke_api_token", "create_connector", "update_connector", "delete_connector", "rotate_secret",
    "map_copy", "replay", "send_everything", "ask_sender_address", "confirm_sender_address", "send_trial_mail",
    "update_mail_settings", "set_modules", "update_organization", "purge_custom_field",
}  # fmt: skip
# Another operation does the same: `PATCH /clients/{number}` by the status, `POST /process-definitions` by the YAML.
BY_ANOTHER_OPERATION = {"convert_to_client", "deactivate_client", "reactivate_client", "create_process", "save_draft"}
# What pages call otherwise: dossiers of a mass launch, how the area of dossiers writes its journal; what ends dunning
# by itself shares its name with a button.
NO_VERB = {"open_cases", "journal", "stop"}


def sources(part: str):
    return [path for path in ROOT.rglob("*.py") if part in path.parts and "tests" not in path.parts]


def mentioned(paths) -> set[str]:
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                    found.add(name)
    return found


def journaled_actions() -> set[str]:
    """Functions of the areas' actions that are done `by` somebody and say so in the journal."""
    found = set()
    for path in ROOT.rglob("*actions*/**/*.py"):
        found |= actions_in(path)
    for path in ROOT.rglob("*actions*.py"):
        found |= actions_in(path)
    return found


def actions_in(path: Path) -> set[str]:
    if {"tests", "api", "web"} & set(path.relative_to(ROOT).parts):
        return set()
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and is_action(node)
    }


WRITES = {"record", "_record", "journal", "start_job", "_move", "_offer"}


def is_action(function: ast.FunctionDef) -> bool:
    arguments = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
    called = {getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
    return bool({"by", "access"} & arguments) and bool(WRITES & called)


def test_each_action_of_a_screen_has_an_operation_or_stands_here():
    on_screen = journaled_actions() & mentioned(sources("web"))
    assert len(on_screen) > 150
    without = on_screen - mentioned(sources("api"))
    listed = PERSONAL | AT_THE_PORTAL | BY_A_PERSON_SIGNED_IN | BY_ANOTHER_OPERATION | NO_VERB
    assert sorted(without - listed) == []
    # What has an operation by now, or is no action any more, is taken off the list.
    assert sorted(listed - without) == []
