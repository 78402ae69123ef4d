-- One row per group that ever had a message: where its order stands, and when to look at it next.
CREATE TABLE queue_groups (
  queue         TEXT   NOT NULL,
  tenant        TEXT   NOT NULL,
  group_name    TEXT   NOT NULL,
  last_sequence BIGINT NOT NULL,             -- of the newest message ever sent
  chain         TEXT   NOT NULL,             -- order receipt of that message
  depth         BIGINT NOT NULL,             -- messages that wait or are in flight
  fence         BIGINT NOT NULL,             -- grows with every delivery and every loss
  in_flight     TEXT   NOT NULL DEFAULT '',  -- sequences delivered and not settled: '5,7'
  leased_us     BIGINT NOT NULL DEFAULT 0,   -- when they were delivered
  ready_us      BIGINT,                      -- receivable from; end of the lease while in flight; NULL: never
  blocked_by    BIGINT,                      -- sequence of the dead letter the group waits for
  head_sent_us  BIGINT,                      -- when the oldest of `depth` was sent
  touched_us    BIGINT NOT NULL,
  PRIMARY KEY (queue, tenant, group_name)
);

-- Receiving walks this and nothing else, so its cost depends on neither depth nor blocked groups.
CREATE INDEX queue_groups_ready ON queue_groups (queue, tenant, ready_us) WHERE ready_us IS NOT NULL;

CREATE TABLE queue_messages (
  id         TEXT   NOT NULL PRIMARY KEY,
  queue      TEXT   NOT NULL,
  tenant     TEXT   NOT NULL,
  group_name TEXT   NOT NULL,
  sequence   BIGINT NOT NULL,
  state      TEXT   NOT NULL,  -- 'w' waits or is in flight, 'd' dead
  body       TEXT   NOT NULL,
  attempts   BIGINT NOT NULL,  -- failed so far
  ready_us   BIGINT NOT NULL,
  sent_us    BIGINT NOT NULL,
  died_us    BIGINT,
  cause      TEXT
);

CREATE UNIQUE INDEX queue_messages_order ON queue_messages (queue, tenant, group_name, state, sequence);
CREATE INDEX queue_messages_dead ON queue_messages (queue, tenant, id) WHERE state = 'd';

-- What a dedup key meant; survives its message.
CREATE TABLE queue_dedup (
  tenant      TEXT   NOT NULL,
  queue       TEXT   NOT NULL,
  scope       TEXT   NOT NULL,  -- the group, or '' when keys are unique in the queue
  dedup_key   TEXT   NOT NULL,
  body_sha256 TEXT   NOT NULL,
  message_id  TEXT   NOT NULL,
  group_name  TEXT   NOT NULL,
  sequence    BIGINT NOT NULL,
  chain       TEXT   NOT NULL,
  expires_us  BIGINT NOT NULL,
  PRIMARY KEY (tenant, queue, scope, dedup_key)
);

CREATE INDEX queue_dedup_expires ON queue_dedup (expires_us);

-- Deliveries that were lost: the sequences from `from_sequence` on under that fence. A late
-- acknowledgement is told apart from a repeated one by this.
CREATE TABLE queue_losses (
  queue         TEXT   NOT NULL,
  tenant        TEXT   NOT NULL,
  group_name    TEXT   NOT NULL,
  fence         BIGINT NOT NULL,
  from_sequence BIGINT NOT NULL,
  lost_us       BIGINT NOT NULL,
  PRIMARY KEY (queue, tenant, group_name, fence)
);

CREATE INDEX queue_losses_lost ON queue_losses (lost_us);
