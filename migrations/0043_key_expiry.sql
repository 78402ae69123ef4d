-- A key may end by itself. NULL: it lives until it is revoked.
ALTER TABLE api_keys ADD COLUMN expires_us BIGINT;
