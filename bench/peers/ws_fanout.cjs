// node ws_fanout.cjs PORT: any HTTP request is told to every WebSocket client, and nothing is stored.
const http = require('http');
const { WebSocketServer } = require('ws');

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const message = Buffer.from(
      JSON.stringify({
        type: 'upload',
        at: new Date().toISOString(),
        upload: {
          id: '0197b7a4-0000-7000-8000-000000000000',
          project_id: 'fanout',
          status: 'PENDING',
          filename: 'photo.jpg',
          size: 1,
        },
      }),
    );
    for (const client of sockets.clients) client.send(message, { binary: false });
    response.writeHead(200, { 'Content-Length': 0 });
    response.end();
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen(Number(process.argv[2]), '127.0.0.1');
