-- Uploads of one tenant may share stored bytes: the same file in another project or under another
-- name is a record of its own. `object_key` names the object from then on, in every record that
-- shares it, so its references are the rows of this index; it goes with the last of them. NULL: the
-- bytes are under the upload's own key, and nobody shares them.
ALTER TABLE uploads ADD COLUMN object_key TEXT;
CREATE INDEX uploads_by_object ON uploads (tenant, object_key) WHERE object_key IS NOT NULL;

-- One content may be in very many projects.
DROP INDEX uploads_by_content;
CREATE INDEX uploads_by_content ON uploads (tenant, sha256, project_id) WHERE sha256 IS NOT NULL;
