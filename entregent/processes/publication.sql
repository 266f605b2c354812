-- What a client may see of the plans of their published cases: the steps that were named for them, and what waits for
-- their answer. Views, as cases_publishedcase is.

CREATE VIEW processes_publishedstep AS
SELECT s.id AS step_id, s.organization_id, r.case_id, r.id AS run_id, s.position, s.public_fr AS name_fr,
       s.public_en AS name_en,
       CASE s.state WHEN 'done' THEN 'done' WHEN 'coming' THEN 'coming' ELSE 'current' END AS stage,
       s.awaits_client AND s.state = 'ready' AND p.closed_at IS NULL AND r.state IN ('running', 'waiting', 'failed')
           AS is_awaited,
       -- The days of what the organization does are its own.
       CASE WHEN s.awaits_client THEN s.due_at END AS due_at, s.done_at
FROM processes_processstep s
JOIN processes_processrun r ON r.id = s.run_id
JOIN cases_publishedcase p ON p.case_id = r.case_id
WHERE s.organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint
  AND (s.public_fr <> '' OR s.public_en <> '') AND s.state IN ('coming', 'ready', 'failed', 'done')
  AND r.state <> 'abandoned';

CREATE VIEW processes_publishedpause AS
SELECT r.id AS run_id, r.organization_id, r.case_id, r.paused_at
FROM processes_processrun r JOIN cases_publishedcase p ON p.case_id = r.case_id
WHERE r.organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint
  AND r.state = 'waiting' AND p.closed_at IS NULL AND p.state <> 'deferred';
