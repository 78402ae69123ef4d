-- A file of a batch is granted with less to write: the name is in one index only, which a search with a state
-- reads as well, and the trace of the request is told once for all of its files.
DROP INDEX uploads_by_project_state;
CREATE INDEX uploads_by_project_state ON uploads (tenant, project_id, state, id);
ALTER TABLE batches ADD COLUMN trace_parent TEXT;  -- W3C; NULL: none
