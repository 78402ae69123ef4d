-- The details of events, which an embedded installation keeps in a database of their own.
CREATE TABLE event_details (
  tenant   TEXT   NOT NULL,
  event_id TEXT   NOT NULL,
  salt     TEXT   NOT NULL,
  details  TEXT   NOT NULL,
  redacted BIGINT NOT NULL,
  PRIMARY KEY (tenant, event_id)
);
