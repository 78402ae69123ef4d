-- How far each group of tasks was at the last look. A digest of all these rows is signed, and the newest of those is
-- kept in keys/task_ends.json: who can only write here cannot take the newest tasks away unseen.
CREATE TABLE task_ends (
  tenant TEXT NOT NULL,
  group_name TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  chain TEXT NOT NULL,
  PRIMARY KEY (tenant, group_name)
);
CREATE TABLE task_ends_mark (
  id BIGINT PRIMARY KEY, -- 1: there is one
  round BIGINT NOT NULL,
  state TEXT NOT NULL, -- of the digest
  signature TEXT NOT NULL
);
