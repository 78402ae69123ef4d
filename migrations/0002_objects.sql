-- The catalogue of the embedded object store. Its rows are system scope: keys carry their tenant as
-- prefix, and the store never interprets a key. A row here is what makes an object exist; the bytes
-- are in files that are never overwritten.
CREATE TABLE objects (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  version TEXT NOT NULL,       -- UUIDv7, taken in the transaction that commits it
  size BIGINT NOT NULL,
  etag TEXT NOT NULL,
  content_type TEXT NOT NULL,
  sha256 TEXT NOT NULL,        -- hex; empty for objects made of parts
  attributes TEXT NOT NULL,    -- JSON: metadata, headers, checksums, tags; empty for none
  modified_us BIGINT NOT NULL,
  PRIMARY KEY (bucket, key)
);

-- The bytes of one version, in order. A file may belong to several versions after a copy.
CREATE TABLE object_segments (
  version TEXT NOT NULL,
  position BIGINT NOT NULL,
  blob TEXT NOT NULL,          -- folder/name under the store's root
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (version, position)
);
CREATE INDEX object_segments_by_blob ON object_segments (blob);

CREATE TABLE multiparts (
  upload_id TEXT NOT NULL PRIMARY KEY,
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  state TEXT NOT NULL,         -- open, completed, aborted
  content_type TEXT NOT NULL,
  attributes TEXT NOT NULL,
  part_list TEXT NOT NULL,     -- of the completion, to recognise its repetition
  result TEXT NOT NULL,        -- of the completion: version and ETag
  created_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE INDEX multiparts_by_key ON multiparts (bucket, key);
CREATE INDEX multiparts_by_state ON multiparts (state, changed_us);

CREATE TABLE multipart_parts (
  upload_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  blob TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  attributes TEXT NOT NULL,
  modified_us BIGINT NOT NULL,
  PRIMARY KEY (upload_id, number)
);
CREATE INDEX multipart_parts_by_blob ON multipart_parts (blob);

-- Files nobody refers to any more. They enter in the transaction that drops the last reference and
-- leave after the file is deleted.
CREATE TABLE blob_garbage (
  blob TEXT NOT NULL PRIMARY KEY,
  since_us BIGINT NOT NULL
);
CREATE INDEX blob_garbage_by_age ON blob_garbage (since_us);
