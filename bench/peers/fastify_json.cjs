// node fastify_json.cjs PORT: one small JSON answer, no work behind it.
const fastify = require('fastify')({ logger: false });

const answer = {
  status: 'ok',
  version: '0.1.0',
  uptime_s: 12345,
  checks: { database: 'ok', objects: 'ok', scanner: 'ok' },
};
fastify.get('/', async () => answer);
fastify.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
