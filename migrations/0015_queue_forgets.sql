-- When a group that is empty may be forgotten, in queues whose policy says so: every upload is a group
-- of its own in the queue of processing, and is never heard of again.
ALTER TABLE queue_groups ADD COLUMN forget_us BIGINT;
CREATE INDEX queue_groups_forget ON queue_groups (queue, forget_us) WHERE forget_us IS NOT NULL;
UPDATE queue_groups SET forget_us = touched_us WHERE queue = 'processing' AND depth = 0;

-- With queue_groups_ready all groups that hold messages, however many are empty.
CREATE INDEX queue_groups_blocked ON queue_groups (queue, tenant) WHERE blocked_by IS NOT NULL;
