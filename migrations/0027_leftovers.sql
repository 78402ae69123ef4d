-- Objects of its own that an upload does not need any more, as JSON, because its bytes were stored already by
-- the time they were known: the watchdog removes them. NULL: none.
ALTER TABLE uploads ADD COLUMN leftovers TEXT;
