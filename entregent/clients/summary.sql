-- clients_clientsummary: one row for each client, made and removed with it, kept by statement-level triggers.
-- Rows are locked in the order of the clients, so that two bulk writes wait for each other and never lock up.
-- `summary_clients.sql` holds what makes the rows.

CREATE FUNCTION clients_lock_summaries(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM clients_clientsummary WHERE client_id = ANY (ids) ORDER BY client_id FOR UPDATE;
END $$;

CREATE TRIGGER summary_insert AFTER INSERT ON clients_client
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_clients();
CREATE TRIGGER summary_delete AFTER DELETE ON clients_client
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_clients();

-- The main address.

CREATE FUNCTION clients_refresh_summary_address(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM clients_lock_summaries(ids);
    UPDATE clients_clientsummary s
    SET city = fresh.city, city_key = nullif(search_key(fresh.city), ''), postal_code = fresh.postal_code
    FROM (
        SELECT given.id, coalesce(a.city, '') AS city, nullif(a.postal_code, '') AS postal_code
        FROM unnest(ids) AS given (id)
        LEFT JOIN clients_address a ON a.client_id = given.id AND a.kind = 'main'
    ) fresh
    WHERE s.client_id = fresh.id AND (s.city, s.postal_code) IS DISTINCT FROM (fresh.city, fresh.postal_code);
END $$;

CREATE FUNCTION clients_summary_of_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM new_rows WHERE kind = 'main' AND client_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.city, o.postal_code, o.kind, o.client_id) IS DISTINCT FROM
                  (n.city, n.postal_code, n.kind, n.client_id)) moved
        WHERE client_id IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE kind = 'main' AND client_id IS NOT NULL;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM clients_refresh_summary_address(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER summary_insert AFTER INSERT ON clients_address
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_addresses();
CREATE TRIGGER summary_update AFTER UPDATE ON clients_address
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_addresses();
CREATE TRIGGER summary_delete AFTER DELETE ON clients_address
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_addresses();

-- Unpaid invoices and contracts.

CREATE FUNCTION clients_refresh_summary_objects(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM clients_lock_summaries(ids);
    UPDATE clients_clientsummary s SET balance_cents = fresh.balance_cents, contracts = fresh.contracts
    FROM (
        SELECT given.id,
               coalesce(sum(o.amount * 100) FILTER (WHERE t.code = 'invoice' AND o.state IN ('unpaid', 'overdue')), 0)
                   ::bigint AS balance_cents,
               (count(o.id) FILTER (WHERE t.code = 'contract'))::int AS contracts
        FROM unnest(ids) AS given (id)
        LEFT JOIN (
            clients_businessobject o
            JOIN clients_businessobjecttype t ON t.id = o.type_id AND t.code IN ('invoice', 'contract')
        ) ON o.client_id = given.id AND o.deleted_at IS NULL
        GROUP BY given.id
    ) fresh
    WHERE s.client_id = fresh.id
      AND (s.balance_cents, s.contracts) IS DISTINCT FROM (fresh.balance_cents, fresh.contracts);
END $$;

CREATE FUNCTION clients_summary_of_objects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.client_id) INTO ids FROM new_rows n
        JOIN clients_businessobjecttype t ON t.id = n.type_id WHERE t.code IN ('invoice', 'contract');
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.state, o.amount, o.type_id, o.client_id, o.deleted_at) IS DISTINCT FROM
                  (n.state, n.amount, n.type_id, n.client_id, n.deleted_at)) moved;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM clients_refresh_summary_objects(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER summary_insert AFTER INSERT ON clients_businessobject
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_objects();
CREATE TRIGGER summary_update AFTER UPDATE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_objects();
CREATE TRIGGER summary_delete AFTER DELETE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION clients_summary_of_objects();

-- What there is already.

INSERT INTO clients_clientsummary (client_id, organization_id, city, city_key, postal_code, balance_cents, contracts)
SELECT c.id, c.organization_id, coalesce(a.city, ''), nullif(search_key(a.city), ''), nullif(a.postal_code, ''),
       coalesce(o.balance_cents, 0), coalesce(o.contracts, 0)
FROM clients_client c
LEFT JOIN clients_address a ON a.client_id = c.id AND a.kind = 'main'
LEFT JOIN (
    SELECT o.client_id,
           (sum(o.amount * 100) FILTER (WHERE t.code = 'invoice' AND o.state IN ('unpaid', 'overdue')))::bigint
               AS balance_cents,
           (count(*) FILTER (WHERE t.code = 'contract'))::int AS contracts
    FROM clients_businessobject o
    JOIN clients_businessobjecttype t ON t.id = o.type_id AND t.code IN ('invoice', 'contract')
    WHERE o.deleted_at IS NULL GROUP BY o.client_id
) o ON o.client_id = c.id;
