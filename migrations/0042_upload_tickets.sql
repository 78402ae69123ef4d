-- Links that let people without an account upload, within limits. What one of them granted is recorded under
-- the user "ticket:<id>".
CREATE TABLE upload_tickets (
  tenant        TEXT   NOT NULL,
  id            TEXT   NOT NULL,
  name          TEXT   NOT NULL,
  secret_sha256 TEXT   NOT NULL,
  project_id    TEXT   NOT NULL,
  files_max     BIGINT NOT NULL,
  bytes_max     BIGINT NOT NULL,
  types_allowed TEXT   NOT NULL, -- JSON list; empty: what the tenant takes
  made_by       TEXT   NOT NULL,
  created_us    BIGINT NOT NULL,
  expires_us    BIGINT NOT NULL,
  revoked_us    BIGINT,
  files_used    BIGINT NOT NULL, -- granted, whether they arrived or not
  bytes_used    BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
