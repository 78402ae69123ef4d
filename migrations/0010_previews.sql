-- Whether there are small pictures of a file and, if not, why: a JSON object. A file without a preview
-- used to be of a type without previews, and nothing else.
ALTER TABLE uploads ADD COLUMN preview TEXT;
UPDATE uploads SET preview = CASE WHEN thumbnails <> '[]' THEN '{"status":"ready"}'
  ELSE '{"status":"unavailable","reason":"unsupported_type"}' END
  WHERE state = 'COMPLETED' AND thumbnails IS NOT NULL;
