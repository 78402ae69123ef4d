-- Tasks: what was asked, and where it stands. A task's id is that of its message in the queue "tasks",
-- and both are written in one transaction; order and retries are the queue's business alone.
CREATE TABLE tasks (
  tenant      TEXT   NOT NULL,
  id          TEXT   NOT NULL,
  group_name  TEXT   NOT NULL,
  sequence    BIGINT NOT NULL,
  state       TEXT   NOT NULL,  -- waiting, running, retrying, done, dead, cancelled
  title       TEXT   NOT NULL,
  body        TEXT   NOT NULL,  -- as in the message, byte for byte: the order receipt is over it
  chain       TEXT   NOT NULL,  -- order receipt
  user_id     TEXT   NOT NULL,  -- who asked
  due_us      BIGINT,
  created_us  BIGINT NOT NULL,  -- when the message was sent
  attempts    BIGINT NOT NULL DEFAULT 0,  -- started so far, those before a redrive too
  fence       BIGINT NOT NULL DEFAULT 0,  -- of the delivery that started it last: grows within its group
  redriven    BIGINT NOT NULL DEFAULT 0,  -- how often it came back from the dead letters
  started_us  BIGINT,           -- the last attempt
  finished_us BIGINT,           -- done, dead or cancelled; for done this is the record of its effect
  retry_us    BIGINT,
  last_error  TEXT,
  PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX tasks_order ON tasks (tenant, group_name, sequence);
-- What needs looking at; the many that are done stay out of it.
CREATE INDEX tasks_open ON tasks (tenant, state, id) WHERE state <> 'done';
CREATE INDEX tasks_due ON tasks (due_us) WHERE due_us IS NOT NULL AND finished_us IS NULL;

-- What happened to a task besides being accepted, started and done, which its own row says.
CREATE TABLE task_events (
  tenant  TEXT   NOT NULL,
  task_id TEXT   NOT NULL,
  number  BIGINT NOT NULL,
  at_us   BIGINT NOT NULL,
  what    TEXT   NOT NULL,  -- retrying, expired, dead, redriven, cancelled
  attempt BIGINT NOT NULL,
  detail  TEXT   NOT NULL,
  PRIMARY KEY (tenant, task_id, number)
);
