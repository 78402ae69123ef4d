// node s3rver.cjs PORT FOLDER
const S3rver = require('s3rver');

const [port, directory] = process.argv.slice(2);
new S3rver({
  port: Number(port),
  address: '127.0.0.1',
  silent: true,
  directory,
  configureBuckets: [{ name: 'media' }],
}).run();
