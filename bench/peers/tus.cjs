// node tus.cjs PORT FOLDER
const { Server } = require('@tus/server');
const { FileStore } = require('@tus/file-store');

const [port, directory] = process.argv.slice(2);
new Server({ path: '/files', datastore: new FileStore({ directory }) }).listen({
  host: '127.0.0.1',
  port: Number(port),
});
