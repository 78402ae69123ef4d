-- Who may use this installation, and by what credentials.

CREATE TABLE tenants (
  tenant            TEXT PRIMARY KEY,
  name              TEXT NOT NULL,
  storage_bytes_max BIGINT, -- NULL: what the configuration says
  files_max         BIGINT, -- NULL: likewise
  created_us        BIGINT NOT NULL
);

CREATE TABLE api_keys (
  tenant        TEXT NOT NULL REFERENCES tenants (tenant),
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  role          TEXT NOT NULL,
  acts_as       TEXT NOT NULL, -- the user who made it, whose budget it shares
  created_us    BIGINT NOT NULL,
  revoked_us    BIGINT,
  PRIMARY KEY (tenant, id)
);

CREATE TABLE revoked_tokens (
  tenant     TEXT NOT NULL REFERENCES tenants (tenant),
  token_id   TEXT NOT NULL,
  expires_us BIGINT NOT NULL, -- after this the row means nothing and goes
  revoked_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, token_id)
);
