-- The buckets that the operator made at the object endpoint. Those of the configuration are not here:
-- they are there as long as the configuration names them.
CREATE TABLE buckets (
  name TEXT NOT NULL PRIMARY KEY,
  created_us BIGINT NOT NULL
);
