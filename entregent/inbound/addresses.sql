-- Whose an address is, across organizations: the address of a mailbox that a mail server hands to us (LMTP), or an
-- organization's address for replies.
DROP FUNCTION IF EXISTS inbound_addressee(text);

-- Where a mail for one of these addresses goes, given in lower case: the organization, and its mailbox where one is kept.
CREATE OR REPLACE FUNCTION inbound_addressees(wanted text[])
RETURNS TABLE (organization_id bigint, mailbox_id bigint, address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT b.organization_id, b.id, lower(b.address) FROM inbound_mailbox b
    WHERE lower(b.address) = ANY (wanted) AND b.is_active AND b.kind = 'lmtp'
    UNION ALL
    SELECT o.id, NULL, lower(o.mail_reply_address) FROM organizations_organization o
    WHERE lower(o.mail_reply_address) = ANY (wanted) AND o.mail_reply_address <> ''
$$;

CREATE OR REPLACE FUNCTION inbound_base_of(address text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(regexp_replace(trim(address), '\+[^@]*@', '@'))
$$;

-- Whether another organization receives mails under this address, whatever stands behind « + ». Who asks keeps the
-- address for themselves until their transaction ends: each statement below sees what others have committed by then.
CREATE OR REPLACE FUNCTION inbound_address_taken(wanted text, organization bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(inbound_base_of(wanted), 7266241002));
    RETURN EXISTS (
        SELECT 1 FROM inbound_mailbox b
        WHERE b.kind = 'lmtp' AND b.organization_id <> organization
          AND inbound_base_of(b.address) = inbound_base_of(wanted)
    ) OR EXISTS (
        SELECT 1 FROM organizations_organization o
        WHERE o.id <> organization AND o.mail_reply_address <> ''
          AND inbound_base_of(o.mail_reply_address) = inbound_base_of(wanted)
    );
END $$;
