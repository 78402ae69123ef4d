-- What becomes of files that the virus scanner cannot look into: 'refuse', 'allow'; NULL: what the
-- configuration says.
ALTER TABLE tenants ADD COLUMN unscannable TEXT;
