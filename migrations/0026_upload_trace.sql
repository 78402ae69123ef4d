-- The traceparent of the request that was granted the upload, which goes along to its workers; NULL: none.
ALTER TABLE uploads ADD COLUMN trace_parent TEXT;
