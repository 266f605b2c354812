-- The wall of the journal. What writes it stands in attach.sql.

ALTER TABLE audit_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_wall ON audit_change
    USING (organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
ALTER TABLE audit_action ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_wall ON audit_action
    USING (organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint
           OR (organization_id IS NULL AND user_id = NULLIF(current_setting('app.user_id', true), '')::bigint));
CREATE POLICY recording ON audit_action FOR INSERT
    WITH CHECK (organization_id IS NULL
                OR organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
