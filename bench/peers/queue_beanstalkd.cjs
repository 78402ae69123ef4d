// node queue_beanstalkd.cjs PORT COUNT PRODUCERS CONSUME: a connection a producer, one message in flight on each.
const net = require('net');
const { produce, Consumed, report } = require('./queue_run.cjs');

// Sends one command and resolves with its answer's line and, for RESERVED, its body.
class Connection {
  constructor(port) {
    this.buffer = Buffer.alloc(0);
    this.socket = net.connect(port, '127.0.0.1').setNoDelay(true);
    this.socket.on('data', (data) => {
      this.buffer = Buffer.concat([this.buffer, data]);
      this.deliver();
    });
  }

  send(command) {
    this.socket.write(command);
    return new Promise((resolve) => (this.waiting = resolve));
  }

  deliver() {
    const end = this.buffer.indexOf('\r\n');
    if (end < 0) return;
    const line = this.buffer.toString('latin1', 0, end);
    const [word, id, bytes] = line.split(' ');
    const length = word === 'RESERVED' ? Number(bytes) + 2 : 0;
    if (this.buffer.length < end + 2 + length) return;
    const body = this.buffer.toString('utf8', end + 2, end + 2 + Math.max(length - 2, 0));
    this.buffer = this.buffer.subarray(end + 2 + length);
    this.waiting({ word, id, body });
  }
}

async function expect(word, answer) {
  const got = await answer;
  if (got.word !== word) throw new Error(`${got.word} instead of ${word}`);
  return got;
}

async function run() {
  const [port, count, producers, consume] = process.argv.slice(2).map(Number);
  const connections = Array.from({ length: producers }, () => new Connection(port));
  const produced = await produce(count, producers, (body, producer) =>
    expect('INSERTED', connections[producer].send(`put 0 0 60 ${Buffer.byteLength(body)}\r\n${body}\r\n`)),
  );
  if (!consume) return report(produced);
  const consumed = new Consumed(count);
  const consumer = new Connection(port);
  while (consumed.seen < count) {
    const job = await expect('RESERVED', consumer.send('reserve\r\n'));
    consumed.see(job.body);
    await expect('DELETED', consumer.send(`delete ${job.id}\r\n`));
  }
  report(produced, consumed);
}
run();
