from django.db import migrations


class Migration(migrations.Migration):
    """How many requests each token has made in the minute at hand, over all processes of the web server.

    Unlogged: what stands in it may be lost by a crash of the server. No organization: a token is told by its digest.
    """

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE api_requestwindow (
                digest char(64) PRIMARY KEY,
                minute bigint NOT NULL,
                used bigint NOT NULL
            ) WITH (fillfactor = 50);
            """,
            reverse_sql="DROP TABLE api_requestwindow",
        ),
    ]
