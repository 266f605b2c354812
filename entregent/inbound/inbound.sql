-- What is asked across organizations, or would hide its index behind a policy: functions that run as the owner.

-- People by the values by which clients are compared (`duplicate_keys`): e-mail « e:… », phone « p:+33… ».
CREATE INDEX person_reached_by ON clients_person
    USING gin (duplicate_keys('', NULL, emails::text[], phones, '{}', '[]')) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;

-- Whose e-mail or phone this is, in the organization at hand: clients themselves, people with each of their clients,
-- people without a client.
CREATE FUNCTION inbound_people_at(wanted text[]) RETURNS TABLE (client_id bigint, person_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE org bigint := NULLIF(current_setting('app.org_id', true), '')::bigint;
BEGIN
    RETURN QUERY
        SELECT d.client_id, NULL::bigint FROM clients_duplicateprofile d
        WHERE d.keys && wanted AND d.organization_id = org LIMIT 50;
    RETURN QUERY
        SELECT c.id, p.id FROM (
            SELECT p.id FROM clients_person p
            WHERE duplicate_keys('', NULL, p.emails::text[], p.phones, '{}', '[]') && wanted
              AND p.deleted_at IS NULL AND p.organization_id = org LIMIT 50
        ) p
        LEFT JOIN clients_clientperson cp ON cp.person_id = p.id
        LEFT JOIN clients_client c ON c.id = cp.client_id AND c.deleted_at IS NULL AND c.status <> 'removed'
        WHERE cp.id IS NULL OR c.id IS NOT NULL;
END $$;

-- The mailboxes that the reader fetches, of all organizations.
CREATE FUNCTION inbound_mailboxes_to_fetch() RETURNS TABLE (organization_id bigint, mailbox_id bigint, version integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT organization_id, id, version FROM inbound_mailbox WHERE is_active AND kind = 'imap' ORDER BY id
$$;
