// node cluster.cjs COUNT SCRIPT ARGUMENTS...: runs the script in COUNT processes that share its port.
const cluster = require('cluster');
const path = require('path');

const [count, script, ...rest] = process.argv.slice(2);
if (cluster.isPrimary) {
  for (let i = 0; i < Number(count); i++) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit();
  });
} else {
  process.argv.splice(2, process.argv.length, ...rest);
  require(path.resolve(script));
}
