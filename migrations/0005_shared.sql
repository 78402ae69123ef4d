-- First answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency_keys (
  tenant          TEXT   NOT NULL,
  idempotency_key TEXT   NOT NULL,
  route           TEXT   NOT NULL,
  body_sha256     TEXT   NOT NULL,
  status          BIGINT NOT NULL,
  body            TEXT   NOT NULL,
  created_us      BIGINT NOT NULL,
  PRIMARY KEY (tenant, idempotency_key)
);

CREATE INDEX idempotency_keys_created ON idempotency_keys (created_us);
