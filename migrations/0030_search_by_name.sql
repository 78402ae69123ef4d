-- What a search by name looks at: the path, or the name alone, in lower case. It is in the indexes of a
-- project's list, so that a search reads these only. Of older rows, letters beyond ASCII keep their case.
ALTER TABLE uploads ADD COLUMN name_folded TEXT NOT NULL DEFAULT '';
UPDATE uploads SET name_folded = lower(COALESCE(path, filename));
DROP INDEX uploads_by_project;
CREATE INDEX uploads_by_project ON uploads (tenant, project_id, id, name_folded);
DROP INDEX uploads_by_project_state;
CREATE INDEX uploads_by_project_state ON uploads (tenant, project_id, state, id, name_folded);
