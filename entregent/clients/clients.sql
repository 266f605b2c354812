-- 1. sector_reach: the sector of a client and those of its service points (visible_to compares it with the sectors in
--    reach).

CREATE FUNCTION client_sector_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    NEW.sector_reach := CASE WHEN NEW.sector_id IS NULL THEN '{}'::bigint[] ELSE ARRAY[NEW.sector_id] END;
    IF TG_OP = 'UPDATE' THEN
        NEW.sector_reach := NEW.sector_reach || ARRAY(
            SELECT DISTINCT o.sector_id FROM clients_businessobject o
            WHERE o.client_id = NEW.id AND o.sector_id IS NOT NULL AND o.deleted_at IS NULL
              AND o.sector_id IS DISTINCT FROM NEW.sector_id ORDER BY 1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER client_sector_reach BEFORE INSERT OR UPDATE OF sector_id ON clients_client
    FOR EACH ROW EXECUTE FUNCTION client_sector_reach();

CREATE FUNCTION clients_refresh_sector_reach(ids bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    UPDATE clients_client c SET sector_reach = fresh.reach
    FROM (
        SELECT c.id, array_remove(array_agg(DISTINCT s.sector_id), NULL) AS reach
        FROM clients_client c
        LEFT JOIN LATERAL (
            SELECT c.sector_id UNION ALL
            SELECT o.sector_id FROM clients_businessobject o
            WHERE o.client_id = c.id AND o.sector_id IS NOT NULL AND o.deleted_at IS NULL
        ) s ON true
        WHERE c.id = ANY (ids) GROUP BY c.id
    ) fresh
    WHERE fresh.id = c.id AND c.sector_reach IS DISTINCT FROM fresh.reach
$$;

CREATE FUNCTION business_object_sector() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM new_rows WHERE sector_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o JOIN new_rows n ON n.id = o.id
            WHERE (o.sector_id, o.client_id, o.deleted_at) IS DISTINCT FROM (n.sector_id, n.client_id, n.deleted_at)
              AND (o.sector_id IS NOT NULL OR n.sector_id IS NOT NULL)) moved;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE sector_id IS NOT NULL;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM clients_refresh_sector_reach(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER business_object_sector_insert AFTER INSERT ON clients_businessobject
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();
CREATE TRIGGER business_object_sector_update AFTER UPDATE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();
CREATE TRIGGER business_object_sector_delete AFTER DELETE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();

-- 2. The search index. What changes a client, its addresses or its people rewrites its entry in the same transaction.
--    Bulk work sets app.search_deferred and calls clients_index itself at the end of each chunk, once per client.

CREATE FUNCTION client_phone_digits(phones jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(regexp_replace(p ->> 'number', '\D', '', 'g'), ' ') FROM jsonb_array_elements(phones) p
$$;

CREATE FUNCTION clients_index(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM search_entry e USING clients_client c
    WHERE e.kind = 1 AND e.subject_id = ANY (ids) AND c.id = e.subject_id
      AND (c.deleted_at IS NOT NULL OR c.status = 'removed');
    INSERT INTO search_entry (organization_id, kind, subject_id, name_key, doc)
    SELECT c.organization_id, 1, c.id, c.sort_key,
        ' ' || concat_ws(' ',
            c.sort_key,
            lower(regexp_replace(c.number, '[^0-9A-Za-z]', '', 'g')),
            (SELECT string_agg(lower(value), ' ') FROM jsonb_each_text(c.identifiers) WHERE value <> ''),
            search_key(array_to_string(c.emails, ' ')),
            client_phone_digits(c.phones),
            (SELECT string_agg(search_key(concat_ws(' ', a.street, a.postal_code, a.city)), ' ')
             FROM clients_address a WHERE a.client_id = c.id),
            (SELECT string_agg(concat_ws(' ', p.sort_key, search_key(array_to_string(p.emails, ' ')),
                                         client_phone_digits(p.phones)), ' ')
             FROM clients_clientperson cp JOIN clients_person p ON p.id = cp.person_id
             WHERE cp.client_id = c.id AND p.deleted_at IS NULL)
        ) || ' '
    FROM clients_client c
    WHERE c.id = ANY (ids) AND c.deleted_at IS NULL AND c.status <> 'removed'
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET organization_id = EXCLUDED.organization_id, name_key = EXCLUDED.name_key, doc = EXCLUDED.doc
        WHERE (search_entry.name_key, search_entry.doc) IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.doc);
    INSERT INTO search_word (organization_id, word)
    SELECT DISTINCT c.organization_id, word
    FROM clients_client c, regexp_split_to_table(c.sort_key, ' ') AS word
    WHERE c.id = ANY (ids) AND c.deleted_at IS NULL AND length(word) >= 3 AND word !~ '[0-9@]'
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION people_index(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM search_entry e USING clients_person p
    WHERE e.kind = 2 AND e.subject_id = ANY (ids) AND p.id = e.subject_id AND p.deleted_at IS NOT NULL;
    INSERT INTO search_entry (organization_id, kind, subject_id, name_key, doc)
    SELECT p.organization_id, 2, p.id, p.sort_key,
        ' ' || concat_ws(' ', p.sort_key, search_key(p.file_as), search_key(p.company),
                         search_key(array_to_string(p.emails, ' ')), client_phone_digits(p.phones)) || ' '
    FROM clients_person p
    WHERE p.id = ANY (ids) AND p.deleted_at IS NULL
    ON CONFLICT (kind, subject_id) DO UPDATE
        SET organization_id = EXCLUDED.organization_id, name_key = EXCLUDED.name_key, doc = EXCLUDED.doc
        WHERE (search_entry.name_key, search_entry.doc) IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.doc);
    INSERT INTO search_word (organization_id, word)
    SELECT DISTINCT p.organization_id, word
    FROM clients_person p, regexp_split_to_table(p.sort_key, ' ') AS word
    WHERE p.id = ANY (ids) AND p.deleted_at IS NULL AND length(word) >= 3 AND word !~ '[0-9@]'
    ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION clients_search_deferred() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('app.search_deferred', true), '') = 'on'
$$;

CREATE FUNCTION client_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM search_entry e USING old_rows o WHERE e.kind = 1 AND e.subject_id = o.id;
        RETURN NULL;
    END IF;
    IF clients_search_deferred() THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO ids FROM new_rows;
    ELSE
        SELECT array_agg(n.id) INTO ids FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE (o.sort_key, o.number, o.identifiers, o.emails, o.phones, o.deleted_at, o.status)
            IS DISTINCT FROM (n.sort_key, n.number, n.identifiers, n.emails, n.phones, n.deleted_at, n.status);
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_index(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER client_searchable_insert AFTER INSERT ON clients_client
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();
CREATE TRIGGER client_searchable_update AFTER UPDATE ON clients_client
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();
CREATE TRIGGER client_searchable_delete AFTER DELETE ON clients_client
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_searchable();

CREATE FUNCTION person_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT array_agg(n.id) INTO ids FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE (o.sort_key, o.file_as, o.company, o.emails, o.phones, o.deleted_at)
            IS DISTINCT FROM (n.sort_key, n.file_as, n.company, n.emails, n.phones, n.deleted_at);
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM people_index(ids);
        SELECT array_agg(DISTINCT client_id) INTO of_clients FROM clients_clientperson WHERE person_id = ANY (ids);
        IF of_clients IS NOT NULL THEN PERFORM clients_index(of_clients); END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER person_searchable_insert AFTER INSERT ON clients_person
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();
CREATE TRIGGER person_searchable_update AFTER UPDATE ON clients_person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();
CREATE TRIGGER person_searchable_delete AFTER DELETE ON clients_person
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION person_searchable();

-- Addresses and links between clients and people: the client they belong to is indexed anew.
CREATE FUNCTION client_part_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
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
    RETURN NULL;
END $$;
CREATE TRIGGER address_searchable_insert AFTER INSERT ON clients_address
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE TRIGGER address_searchable_update AFTER UPDATE ON clients_address
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE TRIGGER address_searchable_delete AFTER DELETE ON clients_address
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE TRIGGER client_person_searchable_insert AFTER INSERT ON clients_clientperson
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE TRIGGER client_person_searchable_update AFTER UPDATE ON clients_clientperson
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
CREATE TRIGGER client_person_searchable_delete AFTER DELETE ON clients_clientperson
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
