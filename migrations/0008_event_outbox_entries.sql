-- An entry of the outbox holds all that one call recorded, a line for each event, because a row for each
-- costs as much as the event's own. A line is "<event id> <salt> <details>"; canonical JSON has no line
-- breaks.
CREATE TABLE event_outbox_entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant TEXT NOT NULL,
  redaction BIGINT NOT NULL, -- of all its events: tombstones are to replace their details
  lines TEXT NOT NULL
);
INSERT INTO event_outbox_entries (number, tenant, redaction, lines)
  SELECT number, tenant, redaction, event_id || ' ' || salt || ' ' || details FROM event_outbox;
DROP TABLE event_outbox;
ALTER TABLE event_outbox_entries RENAME TO event_outbox;
