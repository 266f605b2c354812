-- The search index. What changes a client, its addresses or its people rewrites its entry in the same transaction.
-- Bulk work sets app.search_deferred and at the end of each chunk calls people_index and clients_index itself, once for
-- each person and each client, and clients_people_index for the clients whose sector changed.

CREATE OR REPLACE FUNCTION client_phone_digits(phones jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE digits text;
BEGIN
    FOR place IN 0 .. jsonb_array_length(phones) - 1 LOOP
        digits := concat_ws(' ', digits, regexp_replace(phones -> place ->> 'number', '\D', '', 'g'));
    END LOOP;
    RETURN digits;
END $$;

-- The words of custom fields that are ticked « dans la recherche »: texts, numbers, and labels in both languages.
CREATE OR REPLACE FUNCTION custom_words(org bigint, subject_code text, custom jsonb) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        SELECT string_agg(CASE f.type
            WHEN 'choice' THEN (
                SELECT concat_ws(' ', search_key(o ->> 'fr'), nullif(search_key(o ->> 'en'), search_key(o ->> 'fr')))
                FROM jsonb_array_elements(f.options) o WHERE o ->> 'id' = v.value)
            ELSE search_key(v.value) END, ' ')
        FROM jsonb_each_text(custom) v
        JOIN listing_customfield f ON f.organization_id = org AND f.subject = subject_code AND f.code = v.key
        WHERE f.is_searchable AND f.deleted_at IS NULL);
END $$;

CREATE OR REPLACE FUNCTION clients_index(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM search_entry e USING clients_client c
    WHERE e.kind = 1 AND e.subject_id = ANY (ids) AND c.id = e.subject_id
      AND (c.deleted_at IS NOT NULL OR c.status = 'removed');
    INSERT INTO search_entry (organization_id, kind, subject_id, name_key, number_key, marks, doc)
    SELECT c.organization_id, 1, c.id, c.sort_key, search_number(c.number), c.sector_reach || -c.id,
        search_doc(concat_ws(' ',
            c.sort_key,
            search_glued(c.display_name),
            search_number(c.number),
            (SELECT string_agg(search_number(value), ' ') FROM jsonb_each_text(c.identifiers)),
            search_key(concat_ws(' ', array_to_string(c.emails, ' '),
                (SELECT string_agg(concat_ws(' ', a.street, a.postal_code, a.city, search_glued(a.city)), ' ' ORDER BY a.id)
                 FROM clients_address a WHERE a.client_id = c.id))),
            client_phone_digits(c.phones),
            CASE WHEN c.custom <> '{}' THEN custom_words(c.organization_id, 'client', c.custom) END,
            (SELECT string_agg(search_number(al.number), ' ') FROM clients_clientalias al WHERE al.client_id = c.id),
            (SELECT string_agg(concat_ws(' ', p.sort_key, search_key(array_to_string(p.emails, ' ')),
                                         client_phone_digits(p.phones)), ' ' ORDER BY p.id)
             FROM clients_clientperson cp JOIN clients_person p ON p.id = cp.person_id
             WHERE cp.client_id = c.id AND p.deleted_at IS NULL)))
    FROM clients_client c
    WHERE c.id = ANY (ids) AND c.deleted_at IS NULL AND c.status <> 'removed'
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET organization_id = EXCLUDED.organization_id, name_key = EXCLUDED.name_key,
            number_key = EXCLUDED.number_key, marks = EXCLUDED.marks, doc = EXCLUDED.doc
        WHERE (search_entry.name_key, search_entry.number_key, search_entry.marks, search_entry.doc)
            IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.number_key, EXCLUDED.marks, EXCLUDED.doc);
    PERFORM search_remember_words(array_agg(c.organization_id), array_agg(c.sort_key))
    FROM clients_client c WHERE c.id = ANY (ids) AND c.deleted_at IS NULL;
    PERFORM clients_duplicate_profiles(ids);
END $$;

-- A person is in reach of whoever reaches one of their clients; a person without any, of everybody in the organization.
CREATE OR REPLACE FUNCTION people_index(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM search_entry e USING clients_person p
    WHERE e.kind = 2 AND e.subject_id = ANY (ids) AND p.id = e.subject_id AND p.deleted_at IS NOT NULL;
    INSERT INTO search_entry (organization_id, kind, subject_id, name_key, marks, doc)
    SELECT p.organization_id, 2, p.id, p.sort_key, coalesce(reach.marks, '{0}'),
        search_doc(concat_ws(' ',
            p.sort_key,
            search_glued(concat_ws(' ', p.last_name, p.first_name)),
            search_key(p.file_as), search_key(p.company),
            search_key(array_to_string(p.emails, ' ')), client_phone_digits(p.phones),
            CASE WHEN p.custom <> '{}' THEN custom_words(p.organization_id, 'person', p.custom) END))
    FROM clients_person p
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT mark) AS marks
        FROM clients_clientperson cp JOIN clients_client c ON c.id = cp.client_id AND c.deleted_at IS NULL,
             unnest(c.sector_reach || -c.id) AS mark
        WHERE cp.person_id = p.id) reach ON true
    WHERE p.id = ANY (ids) AND p.deleted_at IS NULL
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET organization_id = EXCLUDED.organization_id, name_key = EXCLUDED.name_key,
            marks = EXCLUDED.marks, doc = EXCLUDED.doc
        WHERE (search_entry.name_key, search_entry.marks, search_entry.doc)
            IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.marks, EXCLUDED.doc);
    PERFORM search_remember_words(array_agg(p.organization_id), array_agg(p.sort_key))
    FROM clients_person p WHERE p.id = ANY (ids) AND p.deleted_at IS NULL;
END $$;

-- The people of these clients, whose reach follows that of the clients.
CREATE OR REPLACE FUNCTION clients_people_index(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE people bigint[];
BEGIN
    SELECT array_agg(DISTINCT person_id) INTO people FROM clients_clientperson WHERE client_id = ANY (ids);
    IF people IS NOT NULL THEN PERFORM people_index(people); END IF;
END $$;

CREATE OR REPLACE FUNCTION clients_search_deferred() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('app.search_deferred', true), '') = 'on'
$$;

CREATE OR REPLACE FUNCTION client_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[]; moved bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM search_entry e USING old_rows o WHERE e.kind = 1 AND e.subject_id = o.id;
        DELETE FROM clients_duplicateprofile d USING old_rows o WHERE d.client_id = o.id;
        DELETE FROM clients_duplicatepair d USING old_rows o WHERE o.id IN (d.first_id, d.second_id);
        RETURN NULL;
    END IF;
    IF clients_search_deferred() THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO ids FROM new_rows;
    ELSE
        SELECT array_agg(n.id),
               array_agg(n.id) FILTER (WHERE (o.sector_reach, o.deleted_at) IS DISTINCT FROM (n.sector_reach, n.deleted_at))
        INTO ids, moved FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.sort_key, o.display_name, o.number, o.identifiers, o.emails, o.phones, o.sector_reach, o.deleted_at, o.status,
               o.birth_date, o.custom)
            IS DISTINCT FROM
              (n.sort_key, n.display_name, n.number, n.identifiers, n.emails, n.phones, n.sector_reach, n.deleted_at, n.status,
               n.birth_date, n.custom);
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_index(ids); END IF;
    IF moved IS NOT NULL THEN PERFORM clients_people_index(moved); END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER client_searchable_insert AFTER INSERT ON clients_client
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();
CREATE OR REPLACE TRIGGER client_searchable_update AFTER UPDATE ON clients_client
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();
CREATE OR REPLACE TRIGGER client_searchable_delete AFTER DELETE ON clients_client
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();

CREATE OR REPLACE FUNCTION person_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[]; of_clients bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM search_entry e USING old_rows o WHERE e.kind = 2 AND e.subject_id = o.id;
        RETURN NULL;
    END IF;
    IF clients_search_deferred() THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO ids FROM new_rows;
    ELSE
        SELECT array_agg(n.id) INTO ids FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.sort_key, o.first_name, o.last_name, o.file_as, o.company, o.emails, o.phones, o.deleted_at, o.custom)
            IS DISTINCT FROM
              (n.sort_key, n.first_name, n.last_name, n.file_as, n.company, n.emails, n.phones, n.deleted_at, n.custom);
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM people_index(ids);
        SELECT array_agg(DISTINCT client_id) INTO of_clients FROM clients_clientperson WHERE person_id = ANY (ids);
        IF of_clients IS NOT NULL THEN PERFORM clients_index(of_clients); END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER person_searchable_insert AFTER INSERT ON clients_person
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();
CREATE OR REPLACE TRIGGER person_searchable_update AFTER UPDATE ON clients_person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();
CREATE OR REPLACE TRIGGER person_searchable_delete AFTER DELETE ON clients_person
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();

-- Addresses and links between clients and people: the client they belong to is indexed anew, and with a link its person.
CREATE OR REPLACE FUNCTION client_part_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[]; people bigint[];
BEGIN
    IF clients_search_deferred() THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM new_rows WHERE client_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids
        FROM (SELECT client_id FROM old_rows UNION SELECT client_id FROM new_rows) both_sides WHERE client_id IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE client_id IS NOT NULL;
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_index(ids); END IF;
    IF TG_TABLE_NAME = 'clients_clientperson' THEN
        IF TG_OP = 'INSERT' THEN
            SELECT array_agg(DISTINCT person_id) INTO people FROM new_rows;
        ELSIF TG_OP = 'UPDATE' THEN
            SELECT array_agg(DISTINCT person_id) INTO people
            FROM (SELECT person_id FROM old_rows UNION SELECT person_id FROM new_rows) both_sides;
        ELSE
            SELECT array_agg(DISTINCT person_id) INTO people FROM old_rows;
        END IF;
        IF people IS NOT NULL THEN PERFORM people_index(people); END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER address_searchable_insert AFTER INSERT ON clients_address
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE OR REPLACE TRIGGER address_searchable_update AFTER UPDATE ON clients_address
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE OR REPLACE TRIGGER address_searchable_delete AFTER DELETE ON clients_address
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE OR REPLACE TRIGGER client_person_searchable_insert AFTER INSERT ON clients_clientperson
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE OR REPLACE TRIGGER client_person_searchable_update AFTER UPDATE ON clients_clientperson
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE OR REPLACE TRIGGER client_person_searchable_delete AFTER DELETE ON clients_clientperson
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();

-- What was there before this came is indexed anew.
DO $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(id) INTO ids FROM clients_person;
    IF ids IS NOT NULL THEN PERFORM people_index(ids); END IF;
    SELECT array_agg(id) INTO ids FROM clients_client;
    IF ids IS NOT NULL THEN PERFORM clients_index(ids); END IF;
END $$;
