-- Between which times the events of 1,024 numbers lie, so that a list of a time passes over the rest of the log. The
-- bounds may be wider than the events are apart, never narrower.
CREATE TABLE event_spans (
  tenant TEXT NOT NULL,
  span BIGINT NOT NULL, -- sequence / 1024
  first_us BIGINT NOT NULL,
  last_us BIGINT NOT NULL,
  PRIMARY KEY (tenant, span)
);
INSERT INTO event_spans (tenant, span, first_us, last_us)
  SELECT tenant, sequence / 1024, min(at_us), max(at_us) FROM events GROUP BY tenant, sequence / 1024;
