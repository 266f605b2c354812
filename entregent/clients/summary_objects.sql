-- The balance and the number of contracts that lists show of a client, of what the organization holds by itself: what
-- clients let a service provider see besides is not for everybody there, and not for ever (`models.is_let_see`).

CREATE OR REPLACE FUNCTION clients_refresh_summary_objects(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
        ) ON o.client_id = given.id AND o.deleted_at IS NULL AND o.program_account_id IS NULL AND o.submitted_by = 'own'
        GROUP BY given.id
    ) fresh
    WHERE s.client_id = fresh.id
      AND (s.balance_cents, s.contracts) IS DISTINCT FROM (fresh.balance_cents, fresh.contracts);
END $$;

CREATE OR REPLACE FUNCTION clients_summary_of_objects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT n.client_id) INTO ids FROM new_rows n
        JOIN clients_businessobjecttype t ON t.id = n.type_id WHERE t.code IN ('invoice', 'contract');
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.state, o.amount, o.type_id, o.client_id, o.deleted_at, o.program_account_id, o.submitted_by)
                IS DISTINCT FROM
                  (n.state, n.amount, n.type_id, n.client_id, n.deleted_at, n.program_account_id, n.submitted_by)) moved;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM clients_refresh_summary_objects(ids);
    END IF;
    RETURN NULL;
END $$;
