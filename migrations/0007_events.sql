-- The event log: metadata, order and chain. Details are in the document store; event_outbox holds
-- them until they are there. Hashes and salts are base64url. A tenant's audit trail is a log of its
-- own, under the name "<tenant>#audit", with its details in the row.
CREATE TABLE event_heads (
  tenant TEXT PRIMARY KEY,
  first_sequence BIGINT NOT NULL,
  last_sequence BIGINT NOT NULL,
  chain TEXT NOT NULL,
  chain_before TEXT NOT NULL -- of the event before first_sequence
);

CREATE TABLE events (
  tenant TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  user_id TEXT,
  event_type TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL,
  user_salt TEXT NOT NULL,
  user_hash TEXT NOT NULL,
  details_hash TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  chain TEXT NOT NULL,
  details_salt TEXT, -- NULL, like details: they are in the document store
  details TEXT,
  PRIMARY KEY (tenant, sequence)
);
CREATE UNIQUE INDEX events_by_id ON events (tenant, event_id);
CREATE INDEX events_by_user ON events (tenant, user_id, sequence);
CREATE INDEX events_by_type ON events (tenant, event_type, sequence);

CREATE TABLE event_outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant TEXT NOT NULL,
  event_id TEXT NOT NULL,
  salt TEXT NOT NULL,
  details TEXT NOT NULL,
  redaction BIGINT NOT NULL
);

-- Signed statements of how far the chain was and what it said.
CREATE TABLE event_checkpoints (
  tenant TEXT NOT NULL,
  size BIGINT NOT NULL,
  root TEXT NOT NULL,
  chain TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  signature TEXT NOT NULL,
  PRIMARY KEY (tenant, size)
);

-- Roots of complete subtrees of 256^level leaves, so that a proof reads a few rows; and, at level 0,
-- the leaves of events past their retention.
CREATE TABLE event_tiles (
  tenant TEXT NOT NULL,
  level BIGINT NOT NULL,
  position BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, level, position)
);

-- How long a tenant's events are kept; without a row, as long as the configuration says.
CREATE TABLE event_retention (
  tenant TEXT PRIMARY KEY,
  keep_s BIGINT NOT NULL -- 0: for ever
);
