-- The latest time that the queue has seen, noted at each upkeep: its clock begins no earlier. Looking for it in
-- every group took as long as there were groups.
CREATE TABLE queue_time (last_us BIGINT NOT NULL);
INSERT INTO queue_time SELECT coalesce(max(touched_us), 0) FROM queue_groups;
ALTER TABLE queue_groups DROP COLUMN touched_us;
