from django.db.models import CharField, Lookup, TextField


@CharField.register_lookup
@TextField.register_lookup
class Begins(Lookup):
    """`key__begins="CT12"`: by an index with text_pattern_ops even where row-level security is in force, which hides
    the index from LIKE. For texts of ASCII letters and digits: « { » follows them all."""

    lookup_name = "begins"

    def as_sql(self, compiler, connection):
        column, column_parameters = self.process_lhs(compiler, connection)
        value, value_parameters = self.process_rhs(compiler, connection)
        return (
            f"({column} ~>=~ {value} AND {column} ~<~ ({value} || '{{'))",
            [*column_parameters, *value_parameters, *column_parameters, *value_parameters],
        )
