// The AWS SDK for JavaScript, unmodified, against ENDPOINT: its defaults send checksums in trailers.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import * as s3 from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const Bucket = process.env.BUCKET;
const client = new s3.S3Client({
  endpoint: process.env.ENDPOINT,
  region: process.env.AWS_DEFAULT_REGION,
  forcePathStyle: true,
});
const ok = (what) => console.log('  ok:', what);
const bytesOf = async (body) => Buffer.from(await body.transformToByteArray());

await client.send(new s3.PutObjectCommand({ Bucket, Key: 'sdk/k', Body: 'hello', ContentType: 'text/plain' }));
const got = await client.send(new s3.GetObjectCommand({ Bucket, Key: 'sdk/k' }));
assert.equal(await got.Body.transformToString(), 'hello');
assert.ok(got.ChecksumCRC32, 'the default checksum comes back and is validated');
ok('an object with the default checksum');

for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
  try {
    await client.send(new s3.PutObjectCommand({ Bucket, Key: 'sdk/sum', Body: 'sum', ChecksumAlgorithm }));
  } catch (error) {
    // This one needs a package of its own that the SDK does not bring along.
    if (!(ChecksumAlgorithm === 'CRC64NVME' && /crc64/i.test(error.message))) throw error;
  }
}
ok('checksums of every kind');

const stream = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')]);
await client.send(new s3.PutObjectCommand({ Bucket, Key: 'sdk/stream', Body: stream, ContentLength: 140_000 }));
const back = await bytesOf((await client.send(new s3.GetObjectCommand({ Bucket, Key: 'sdk/stream' }))).Body);
assert.equal(back.length, 140_000);
assert.equal(back.toString('latin1', 69_999, 70_001), 'ab');
ok('a stream in chunks with a trailer');

const large = randomBytes(12 * 1024 * 1024 + 5);
await new Upload({ client, params: { Bucket, Key: 'sdk/large', Body: large }, partSize: 5 * 1024 * 1024 }).done();
const whole = await bytesOf((await client.send(new s3.GetObjectCommand({ Bucket, Key: 'sdk/large' }))).Body);
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
assert.equal(digest(whole), digest(large));
ok('a multipart upload');

const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key: 'sdk/aborted' }));
await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key: 'sdk/aborted', UploadId }));
await assert.rejects(client.send(new s3.ListPartsCommand({ Bucket, Key: 'sdk/aborted', UploadId })), {
  name: 'NoSuchUpload',
});
ok('an abort');

const url = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key: 'sdk/signed' }), { expiresIn: 60 });
assert.equal((await fetch(url, { method: 'PUT', body: 'signed' })).status, 200);
const readUrl = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: 'sdk/signed' }));
assert.equal(await (await fetch(readUrl)).text(), 'signed');
ok('presigned URLs');

const post = await createPresignedPost(client, {
  Bucket,
  Key: 'sdk/form',
  Conditions: [['content-length-range', 1, 4]],
});
const send = (text) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
  form.append('file', new Blob([text]), 'a.txt');
  return fetch(post.url, { method: 'POST', body: form });
};
assert.equal((await send('form')).status, 204);
assert.equal((await send('longer')).status, 400);
ok('a browser form');

await assert.rejects(
  client.send(new s3.PutObjectCommand({ Bucket, Key: 'sdk/k', Body: 'again', IfNoneMatch: '*' })),
  { name: 'PreconditionFailed' },
);
const listed = await client.send(new s3.ListObjectsV2Command({ Bucket, Prefix: 'sdk/' }));
const Objects = listed.Contents.map(({ Key }) => ({ Key }));
const removed = await client.send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
assert.equal(removed.Deleted.length, Objects.length);
ok('a condition, a list and many deletions');
