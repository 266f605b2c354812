-- The path of a sector, « /3/17/ » from the root down, follows its parent; its subtree follows it.
CREATE FUNCTION sector_path() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE above text;
BEGIN
    IF NEW.parent_id IS NULL THEN
        above := '/';
    ELSE
        SELECT path INTO STRICT above FROM organizations_sector
        WHERE id = NEW.parent_id AND organization_id = NEW.organization_id;
        IF position('/' || NEW.id || '/' IN above) > 0 THEN
            RAISE EXCEPTION 'sector % would stand below itself', NEW.id USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    NEW.path := above || NEW.id || '/';
    RETURN NEW;
END $$;
CREATE TRIGGER sector_path BEFORE INSERT OR UPDATE OF parent_id ON organizations_sector
    FOR EACH ROW EXECUTE FUNCTION sector_path();

CREATE FUNCTION sector_subtree_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organizations_sector SET path = NEW.path || substr(path, length(OLD.path) + 1)
    WHERE organization_id = NEW.organization_id AND path LIKE OLD.path || '%' AND id <> NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER sector_subtree_path AFTER UPDATE OF parent_id ON organizations_sector
    FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION sector_subtree_path();
