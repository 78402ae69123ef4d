-- Who of several processes does what is done once an installation, and until when unless it says so again.
CREATE TABLE leases (
  name     TEXT   NOT NULL PRIMARY KEY,
  holder   TEXT   NOT NULL,
  until_us BIGINT NOT NULL
);
