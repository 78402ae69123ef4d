-- A part's ETag is its own digest: MD5 where a client of S3 sent the part, SHA-256 elsewhere, as it
-- was for all parts so far.
ALTER TABLE multipart_parts ADD COLUMN etag TEXT NOT NULL DEFAULT '';
UPDATE multipart_parts SET etag = sha256;
