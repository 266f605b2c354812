"""The groups of the demo story: Ouest and Retours with their employees, one that was deleted. Alpha and Bêta are in
none, so that whoever visits makes the next one."""

from entregent.clients.models import Client
from entregent.config.demo_relationships import ACCOUNTS
from entregent.groups.actions.requests import assign_group, create_group, delete_group, word_for
from entregent.groups.models import ClientGroup
from entregent.organizations.models import Membership


def tell_groups(*, by: Membership, colleagues: dict[str, Membership]) -> None:
    """`colleagues`: Paula, Éric and Rita by their first name in the address."""

    def client(name: str) -> int:
        return Client.objects.get(organization_id=by.organization_id, business_account__number=ACCOUNTS[name][0]).pk

    def made(name: str, only: str) -> ClientGroup:
        create_group(by=by, name=name, client_ids=[client(only)])
        return ClientGroup.objects.of(by.organization).get(name=name)

    west = made("Ouest", "delta")
    assign_group(west, by=by, user_ids=[colleagues["paula"].user_id], role="manager")
    assign_group(west, by=by, user_ids=[colleagues["eric"].user_id], role="editor")
    delete_group(made("Centre", "epsilon"), by=by, word=word_for("delete"))
    assign_group(made("Retours", "epsilon"), by=by, user_ids=[colleagues["rita"].user_id], role="reader")
