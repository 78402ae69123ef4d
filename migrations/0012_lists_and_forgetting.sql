-- Every filter of the list has an index: status alone, project alone (uploads_by_project), and both.
DROP INDEX uploads_failed;
CREATE INDEX uploads_by_state ON uploads (tenant, state, id);
CREATE INDEX uploads_by_project_state ON uploads (tenant, project_id, state, id);

-- What a deleted upload said about people and places goes with its file. Its thumbnails' keys stay
-- until they are removed.
UPDATE uploads SET filename = '', content_type = '', size = 0, user_id = '', checksum_algorithm = NULL,
  checksum = NULL, metadata = NULL, sha256 = NULL, media = NULL, scan = NULL, error_code = NULL,
  error_message = NULL, timeline = '' WHERE state = 'DELETED';
UPDATE uploads SET thumbnails = NULL WHERE state = 'DELETED' AND deadline_us IS NULL;

-- Which types of files a tenant takes: JSON arrays; NULL: what the configuration says.
ALTER TABLE tenants ADD COLUMN types_allowed TEXT;
ALTER TABLE tenants ADD COLUMN types_denied TEXT;
