"""A lookup for thousands of ids: one array instead of thousands of parameters."""

from collections.abc import Iterable

from django.db.models import AutoField, BigAutoField, BigIntegerField, Lookup


@AutoField.register_lookup
@BigAutoField.register_lookup
class AnyOf(Lookup):
    """`filter(pk__any_of=ids)`: the same as `__in`, which takes Django a tenth of a second for ten thousand."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        left, parameters = self.process_lhs(compiler, connection)
        # As a set of rows, not `= ANY`: that would be looked through again for each row that a join comes from.
        return f"{left} IN (SELECT unnest(%s::bigint[]))", [*parameters, as_array(self.rhs)]


@BigIntegerField.register_lookup
class Among(Lookup):
    """`filter(sector_id__among=ids)`: one parameter for hundreds of ids, compared row by row with what was found
    otherwise."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY (%s::bigint[])", [*parameters, as_array(self.rhs)]


def as_array(ids: Iterable[int]) -> str:
    """For `%s::bigint[]`: ten thousand ids as one text, since each of a list goes through the driver on its own."""
    return "{" + ",".join(map(str, ids)) + "}"
