// node queue_bullmq.cjs PORT COUNT PRODUCERS CONSUME: the durability is that of the Redis behind it.
const { Queue, Worker } = require('bullmq');
const { produce, Consumed, report } = require('./queue_run.cjs');

async function run() {
  const [port, count, producers, consume] = process.argv.slice(2).map(Number);
  const connection = { host: '127.0.0.1', port };
  const queue = new Queue(`bench-${producers}`, { connection });
  await queue.waitUntilReady();
  await queue.obliterate({ force: true });
  const produced = await produce(count, producers, (body) =>
    queue.add('task', { body }, { removeOnComplete: true }),
  );
  if (!consume) return report(produced);
  const consumed = new Consumed(count);
  new Worker(queue.name, async (job) => consumed.see(job.data.body), { connection, concurrency: 1 });
  await consumed.done;
  report(produced, consumed);
}
run();
