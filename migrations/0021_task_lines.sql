-- What a group of tasks does and waits for is answered from the tasks themselves.
CREATE INDEX tasks_line ON tasks (tenant, group_name, sequence) WHERE finished_us IS NULL;

-- 1: the dead task that all later ones of its group wait for.
ALTER TABLE tasks ADD COLUMN blocks BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tasks_blocking ON tasks (tenant, group_name) WHERE blocks = 1;
UPDATE tasks SET blocks = 1 WHERE state = 'dead' AND EXISTS (
  SELECT 1 FROM queue_groups g WHERE g.queue = 'tasks' AND g.tenant = tasks.tenant
    AND g.group_name = tasks.group_name AND g.blocked_by = tasks.sequence);

-- The last link of each group's chain whose task is forgotten.
CREATE TABLE task_links (
  tenant     TEXT   NOT NULL,
  group_name TEXT   NOT NULL,
  sequence   BIGINT NOT NULL,
  chain      TEXT   NOT NULL,
  PRIMARY KEY (tenant, group_name)
);
INSERT INTO task_links SELECT tenant, group_name, last_sequence, chain FROM queue_groups g
  WHERE queue = 'tasks' AND NOT EXISTS (
    SELECT 1 FROM tasks t WHERE t.tenant = g.tenant AND t.group_name = g.group_name
      AND t.sequence = g.last_sequence);
