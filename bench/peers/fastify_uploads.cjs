// node fastify_uploads.cjs PORT PG_SOCKET_FOLDER
// What a team would write instead: an upload is signed by hand and its record inserted in PostgreSQL, one
// transaction a request. POST /batches signs only, without any database. POST /events inserts JSON.
const crypto = require('crypto');
const { Pool } = require('pg');
const { presignPut } = require('./sigv4.cjs');
const fastify = require('fastify')({ logger: false, bodyLimit: 4 << 20 });

const pool = new Pool({ host: process.argv[3], port: 5432, user: 'postgres', max: 16 });

function grant(file) {
  const id = crypto.randomUUID();
  const key = `uploads/${id}`;
  return {
    upload: {
      id,
      key,
      filename: file.filename,
      content_type: file.content_type,
      size: file.size,
      status: 'PENDING',
    },
    transfer: {
      method: 'PUT',
      url: presignPut(key, file.content_type, file.size),
      headers: { 'Content-Type': file.content_type },
    },
  };
}

fastify.post('/uploads', async (request, reply) => {
  const granted = grant(request.body);
  const u = granted.upload;
  await pool.query({
    name: 'upload',
    text: 'insert into uploads (id, key, filename, content_type, size, status) values ($1, $2, $3, $4, $5, $6)',
    values: [u.id, u.key, u.filename, u.content_type, u.size, u.status],
  });
  reply.code(201);
  return granted;
});

fastify.post('/batches', async (request, reply) => {
  reply.code(201);
  return { items: request.body.files.map(grant) };
});

fastify.post('/events', async (request, reply) => {
  const { userId, eventType, details } = request.body;
  const id = crypto.randomUUID();
  const stored = await pool.query({
    name: 'event',
    text: 'insert into events (id, user_id, event_type, details) values ($1, $2, $3, $4) returning sequence, at',
    values: [id, userId, eventType, JSON.stringify(details)],
  });
  reply.code(201);
  return { eventId: id, userId, eventType, timestamp: stored.rows[0].at, sequence: stored.rows[0].sequence };
});

async function start() {
  await pool.query(`
    create table if not exists uploads (id uuid primary key, key text, filename text, content_type text,
      size bigint, status text, created_at timestamptz default now());
    create table if not exists events (id uuid primary key, sequence bigserial, user_id text, event_type text,
      details jsonb, at timestamptz default now());
    create index if not exists events_by_user on events (user_id, sequence)`);
  await fastify.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
}
start();
