-- The words of cases: number, title and the number of the « affaire », each once, in the form in which texts are compared.
-- Written in the transaction of the change; deleted cases keep their words, since whoever asks reads what was found
-- through visible_to.

CREATE FUNCTION case_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM cases_words w USING old_rows o WHERE w.case_id = o.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO cases_words (case_id, organization_id, words)
        SELECT n.id, n.organization_id, interactions_lexemes(concat_ws(' ', n.number, n.title, n.external_ref))
        FROM new_rows n;
    ELSE
        UPDATE cases_words w SET words = interactions_lexemes(concat_ws(' ', n.number, n.title, n.external_ref))
        FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
              WHERE (o.title, o.external_ref) IS DISTINCT FROM (n.title, n.external_ref) OFFSET 0) n
        WHERE w.case_id = n.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER case_searchable_insert AFTER INSERT ON cases_case
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION case_searchable();
CREATE TRIGGER case_searchable_update AFTER UPDATE ON cases_case
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION case_searchable();
CREATE TRIGGER case_searchable_delete AFTER DELETE ON cases_case
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION case_searchable();

-- What was there before.
INSERT INTO cases_words (case_id, organization_id, words)
SELECT c.id, c.organization_id, interactions_lexemes(concat_ws(' ', c.number, c.title, c.external_ref)) FROM cases_case c;
