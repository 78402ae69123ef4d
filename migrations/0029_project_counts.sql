-- How many files each project has in each state, kept with every change of one: counting a million rows
-- whenever somebody opens a page takes too long.
CREATE TABLE project_counts (
  tenant     TEXT   NOT NULL,
  project_id TEXT   NOT NULL,
  state      TEXT   NOT NULL,
  files      BIGINT NOT NULL,  -- 0 once the last one has left this state
  bytes      BIGINT NOT NULL,
  updated_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, project_id, state)
);
INSERT INTO project_counts (tenant, project_id, state, files, bytes, updated_us)
  SELECT tenant, project_id, state, count(*), sum(size), max(updated_us) FROM uploads
  GROUP BY tenant, project_id, state;
