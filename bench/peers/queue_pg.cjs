// node queue_pg.cjs SOCKET_FOLDER COUNT PRODUCERS CONSUME: a row and a transaction a message; taken with SKIP LOCKED.
const { Pool } = require('pg');
const { produce, Consumed, report } = require('./queue_run.cjs');

const take = `with head as (select id from jobs order by id for update skip locked limit 1)
  delete from jobs using head where jobs.id = head.id returning jobs.body`;

async function run() {
  const [host] = process.argv.slice(2);
  const [count, producers, consume] = process.argv.slice(3).map(Number);
  const pool = new Pool({ host, port: 5432, user: 'postgres', max: producers });
  await pool.query(
    'drop table if exists jobs; create table jobs (id bigserial primary key, body text not null)',
  );
  const insert = (body) =>
    pool.query({ name: 'insert', text: 'insert into jobs (body) values ($1) returning id', values: [body] });
  const produced = await produce(count, producers, insert);
  if (!consume) return report(produced);
  const consumed = new Consumed(count);
  const client = await pool.connect();
  while (consumed.seen < count) consumed.see((await client.query({ name: 'take', text: take })).rows[0].body);
  report(produced, consumed);
}
run();
