// Presigned PUT URLs by hand, with the signing key kept for the day: the fastest a Node service can sign.
// `node sigv4.cjs` prints a URL for a fixed date, for a check against another signer.
const crypto = require('crypto');

const accessKey = 'BENCHACCESSKEY';
const secretKey = 'not-a-secret';
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

let day = '';
let dayKey;
function keyOf(date) {
  if (day !== date) {
    day = date;
    dayKey = ['us-east-1', 's3', 'aws4_request'].reduce(hmac, hmac('AWS4' + secretKey, date));
  }
  return dayKey;
}

// The content type and length are signed, so that nothing but the granted bytes can be sent.
function presignPut(key, type, size, now = new Date()) {
  const stamp = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = stamp.slice(0, 8);
  const scope = `${date}/us-east-1/s3/aws4_request`;
  const path = '/media/' + key.split('/').map(encode).join('/');
  const query =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    `&X-Amz-Credential=${encode(accessKey + '/' + scope)}&X-Amz-Date=${stamp}&X-Amz-Expires=900` +
    '&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost';
  const canonical =
    `PUT\n${path}\n${query}\ncontent-length:${size}\ncontent-type:${type}\nhost:127.0.0.1:9000\n\n` +
    'content-length;content-type;host\nUNSIGNED-PAYLOAD';
  const hash = crypto.createHash('sha256').update(canonical).digest('hex');
  const signature = hmac(keyOf(date), `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash}`).toString('hex');
  return `http://127.0.0.1:9000${path}?${query}&X-Amz-Signature=${signature}`;
}

module.exports = { presignPut };
if (require.main === module)
  console.log(presignPut('uploads/a b.jpg', 'image/jpeg', 3145728, new Date('2026-01-02T03:04:05Z')));
