-- The rows of clients_clientsummary come and go with the clients. An import writes the addresses of its new clients
-- before these, in the same transaction, so that each row is written once.

CREATE OR REPLACE FUNCTION clients_summary_of_clients() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO clients_clientsummary
            (client_id, organization_id, city, city_key, postal_code, balance_cents, contracts)
        SELECT n.id, n.organization_id, coalesce(a.city, ''), nullif(search_key(a.city), ''), nullif(a.postal_code, ''), 0, 0
        FROM new_rows n LEFT JOIN clients_address a ON a.client_id = n.id AND a.kind = 'main';
    ELSE
        DELETE FROM clients_clientsummary s USING old_rows o WHERE s.client_id = o.id;
    END IF;
    RETURN NULL;
END $$;
