from pathlib import Path

from django.db import migrations

# What each function was made of stands in it.
_MAKE_ANEW = r"""
DO $$
DECLARE made record;
BEGIN
    FOR made IN
        SELECT t.tgrelid::regclass::text AS target, p.prosrc AS body
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = 'audit_update'
    LOOP
        IF made.body LIKE '%AS owner(id)%' THEN
            PERFORM audit_attach_shared(
                made.target,
                substring(made.body FROM 'FROM new_rows r, LATERAL \((.*?)\) AS owner\(id\)'),
                substring(made.body FROM 'to_jsonb\(o\) - ''(.*?)''::text\[\]')::text[]);
        ELSE
            PERFORM audit_attach(made.target, substring(made.body FROM '''I'', r\.id, \((.*?)\) FROM new_rows r;'));
        END IF;
    END LOOP;
END $$;
"""

# The same pairs stand in what other areas do after a change.
_PAIR_ANEW = r"""
DO $$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT pg_get_functiondef(p.oid) AS made FROM pg_proc p
        WHERE p.prorettype = 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace AND p.prosrc LIKE '%_rows%'
    LOOP
        EXECUTE replace(
            regexp_replace(
                found.made, 'old_rows o JOIN new_rows n ON n\.id = o\.id(\s+WHERE [^w])',
                'old_rows o FULL JOIN new_rows n ON n.id = o.id\1', 'g'),
            'new_rows n JOIN old_rows o ON o.id = n.id', 'new_rows n FULL JOIN old_rows o ON o.id = n.id');
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """A change of many rows after one of a single row, in one session, is journaled as fast as the first of many."""

    dependencies = [("audit", "0004_shared_rows")]
    operations = [
        migrations.RunSQL(
            [(Path(__file__).parent.parent / "attach.sql").read_text(), _MAKE_ANEW, _PAIR_ANEW], migrations.RunSQL.noop
        ),
    ]
