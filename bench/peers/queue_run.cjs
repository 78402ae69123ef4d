// One run of a queue: N messages of 300 bytes from P producers that each wait for their acknowledgement, then one
// consumer that takes them in order and acknowledges one by one. Prints rates and how often the order was broken
// (judged with one producer only: with more, the numbers are given before the race).
const now = () => Number(process.hrtime.bigint()) / 1e9;

const bodyOf = (n) =>
  JSON.stringify({ n, title: 'Prepare the photos', pad: 'x'.repeat(250 - String(n).length) });

async function produce(count, producers, send) {
  let next = 0;
  const latencies = [];
  const began = now();
  const one = async (producer) => {
    for (let n = next++; n < count; n = next++) {
      const at = now();
      await send(bodyOf(n), producer);
      latencies.push((now() - at) * 1e3);
    }
  };
  await Promise.all(Array.from({ length: producers }, (_, producer) => one(producer)));
  const seconds = now() - began;
  latencies.sort((a, b) => a - b);
  return {
    per_s: count / seconds,
    p50_ms: latencies[count >> 1],
    p99_ms: latencies[Math.floor(count * 0.99)],
  };
}

class Consumed {
  constructor(count) {
    Object.assign(this, { count, seen: 0, last: -1, misordered: 0 });
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  see(body) {
    if (this.seen === 0) this.began = now();
    const { n } = JSON.parse(body);
    if (n < this.last) this.misordered++;
    this.last = n;
    if (++this.seen === this.count) {
      this.per_s = this.count / (now() - this.began);
      this.finish();
    }
  }
}

function report(produced, consumed) {
  console.log(
    JSON.stringify({
      ...produced,
      consumed_per_s: consumed ? consumed.per_s : null,
      misordered: consumed ? consumed.misordered : null,
    }),
  );
  process.exit(0);
}

module.exports = { produce, Consumed, report };
