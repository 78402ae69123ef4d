-- The latest time that the queue has seen, noted at each upkeep: its clock begins no earlier. Looking for it in
-- every group took as long as there were groups.
CREATE TABLE queue_time (id BIGINT PRIMARY KEY, last_us BIGINT NOT NULL);  -- one row, 1
INSERT INTO queue_time SELECT 1, coalesce(max(touched_us), 0) FROM queue_groups;
ALTER TABLE queue_groups DROP COLUMN touched_us;
