-- Uploads: what was granted, what arrived, and what became of it.

-- How much of its quota a tenant uses: always the sum over its uploads that hold quota. The row is
-- also the lock under which `change_seq` is taken, so the numbers of `changes` are commit order.
CREATE TABLE tenant_usage (
  tenant     TEXT   NOT NULL PRIMARY KEY,
  bytes      BIGINT NOT NULL,
  files      BIGINT NOT NULL,
  change_seq BIGINT NOT NULL
);

CREATE TABLE batches (
  tenant     TEXT   NOT NULL,
  id         TEXT   NOT NULL,
  project_id TEXT   NOT NULL,
  user_id    TEXT   NOT NULL,
  files      BIGINT NOT NULL,  -- asked for
  have       BIGINT NOT NULL,  -- stored already, so not uploaded again
  refused    BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE uploads (
  tenant             TEXT   NOT NULL,
  id                 TEXT   NOT NULL,
  project_id         TEXT   NOT NULL,
  batch_id           TEXT,
  user_id            TEXT   NOT NULL,
  filename           TEXT   NOT NULL,
  content_type       TEXT   NOT NULL,
  size               BIGINT NOT NULL,
  checksum_algorithm TEXT,            -- as declared by the client
  checksum           TEXT,            -- lower-case hex
  metadata           TEXT,            -- JSON object of strings
  state              TEXT   NOT NULL,
  created_us         BIGINT NOT NULL,
  updated_us         BIGINT NOT NULL,
  expires_us         BIGINT NOT NULL,  -- the bytes must be there by then
  deadline_us        BIGINT,           -- when the watchdog has to look; NULL: nothing left to do
  requeues           BIGINT NOT NULL,
  part_size          BIGINT NOT NULL,  -- 0: one PUT
  parts_seen         TEXT   NOT NULL,  -- one '0' or '1' a part
  multipart_id       TEXT,
  sha256             TEXT,             -- lower-case hex, of the bytes scanned
  media              TEXT,             -- JSON
  scan               TEXT,             -- JSON
  thumbnails         TEXT,             -- JSON array
  error_code         TEXT,
  error_message      TEXT,
  timeline           TEXT   NOT NULL,  -- JSON objects, a comma before each, so that adding is appending
  PRIMARY KEY (tenant, id)
);
CREATE INDEX uploads_by_project ON uploads (tenant, project_id, id);
CREATE INDEX uploads_by_batch ON uploads (tenant, batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX uploads_due ON uploads (deadline_us) WHERE deadline_us IS NOT NULL;
CREATE INDEX uploads_in_parts ON uploads (updated_us) WHERE state = 'PENDING' AND multipart_id IS NOT NULL;
CREATE INDEX uploads_failed ON uploads (tenant, id) WHERE state = 'FAILED';
CREATE INDEX uploads_by_content ON uploads (tenant, sha256) WHERE sha256 IS NOT NULL;

-- What watchers are told: one row a change, dense per tenant, kept for a while.
CREATE TABLE changes (
  tenant     TEXT   NOT NULL,
  seq        BIGINT NOT NULL,
  at_us      BIGINT NOT NULL,
  project_id TEXT   NOT NULL,
  batch_id   TEXT,
  upload_id  TEXT,             -- NULL: the batch itself was created
  state      TEXT,
  PRIMARY KEY (tenant, seq)
);
CREATE INDEX changes_by_age ON changes (at_us);
