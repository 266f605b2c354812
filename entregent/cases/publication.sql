-- What a client may see of cases. Views, so that nothing is kept twice and nothing can be forgotten: what is no column of
-- them, and what their conditions leave out, does not exist for whoever reads them. They read as the owner of the
-- tables, so that the role of the portal may read them and not what is under them; the wall stands in them.

CREATE VIEW cases_publishedcase AS
SELECT c.id AS case_id, c.organization_id, c.client_id, c.number, c.public_title AS title, t.label_fr AS type_fr,
       t.label_en AS type_en, c.state, c.opened_at, c.closed_at,
       ARRAY(SELECT p.person_id FROM cases_caseparticipant p
             JOIN clients_clientperson k ON k.person_id = p.person_id AND k.client_id = c.client_id
             WHERE p.case_id = c.id) AS person_ids
FROM cases_case c JOIN cases_casetype t ON t.id = c.case_type_id
WHERE c.organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint
  AND t.on_portal AND NOT c.is_confidential AND c.deleted_at IS NULL AND c.merged_into_id IS NULL;

CREATE VIEW cases_publishedcontact AS
SELECT i.id, i.organization_id, i.case_id, i.interaction_id
FROM cases_caseinteraction i JOIN cases_publishedcase p ON p.case_id = i.case_id
WHERE i.organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint;
