import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  fields,
  list,
  text,
  type Fields,
  type Json,
  type Resource,
} from '../lib/report/assembly.js';
import { assembly } from './support.js';
import { root } from './synth/run.js';

const prod = assembly('prod');
const of = (type: string): Resource[] =>
  prod.ofType(type).filter((r) => r.stack.startsWith('Events'));

// CloudFormation's short forms (!Ref, !Sub) are tags to YAML; their value is all that is needed here.
const file = readFileSync(path.join(root, '..', 'sam', 'template.yaml'), 'utf8');
const sam = parse(file, { logLevel: 'silent' }) as Fields;
const resources = fields(sam.Resources);
const ofSam = (type: string): Fields[] =>
  Object.values(resources)
    .map(fields)
    .filter((r) => r.Type === type);
const properties = (name: string): Fields => fields(fields(resources[name]).Properties);

test('the routes are POST /events and GET /events/{userId}, in both templates', () => {
  const methods = of('AWS::ApiGateway::Method')
    .filter((r) => r.properties.HttpMethod !== 'OPTIONS')
    .map((r) => {
      const at = prod.target(r.properties.ResourceId, r.stack);
      return `${text(r.properties.HttpMethod)} ${text(at?.properties.PathPart)}`;
    });
  assert.deepEqual(methods.sort(), ['GET {userId}', 'POST events']);
  const routes = Object.values(fields(properties('EventsFunction').Events))
    .map((e) => fields(fields(e).Properties))
    .map((p) => `${text(p.Method).toUpperCase()} ${text(p.Path)}`);
  assert.deepEqual(routes.sort(), ['GET /events/{userId}', 'POST /events']);
});

test('metadata is in SQL Server, details in a table by eventId, in both', () => {
  const [index] = of('AWS::RDS::DBInstance');
  assert.match(text(index?.properties.Engine), /^sqlserver-/);
  assert.equal(index?.properties.StorageEncrypted, true);
  assert.equal(index.properties.PubliclyAccessible, false);
  assert.equal(index.properties.EngineVersion, properties('Index').EngineVersion);
  const [table] = of('AWS::DynamoDB::GlobalTable');
  assert.equal(list(table?.properties.Replicas).length, 2);
});

test('the table of details is what the adapter needs, in both', () => {
  const needed = JSON.parse(
    readFileSync(path.join(root, '..', 'deploy', 'event_details_table.json'), 'utf8'),
  ) as Fields;
  const [table] = of('AWS::DynamoDB::GlobalTable');
  for (const made of [table?.properties, properties('Details')]) {
    for (const part of ['KeySchema', 'GlobalSecondaryIndexes', 'BillingMode'])
      assert.deepEqual(made?.[part], needed[part], part);
    const attributes = (value: Json | undefined): string[] =>
      list(value ?? [])
        .map((a) => JSON.stringify(fields(a)))
        .sort();
    assert.deepEqual(
      attributes(made?.AttributeDefinitions),
      attributes(needed.AttributeDefinitions),
    );
    const ttl = { AttributeName: 'expiresAt', Enabled: true };
    assert.deepEqual(made?.TimeToLiveSpecification, ttl);
  }
});

test('both give the function the same settings and the same rights', () => {
  const [fn] = of('AWS::Lambda::Function');
  const settings = (value: Json): string[] => Object.keys(fields(value)).sort();
  assert.deepEqual(
    settings(fields(properties('EventsFunction').Environment).Variables),
    settings(fields(fn?.properties.Environment).Variables),
  );
  const [policy] = list(properties('EventsRole').Policies).map(fields);
  const inSam = list(fields(policy?.PolicyDocument).Statement).flatMap((s) =>
    list(fields(s).Action),
  );
  const inCdk = of('AWS::IAM::Policy')
    .filter((r) => r.path.includes('/Events/Role'))
    .flatMap((r) => list(fields(r.properties.PolicyDocument).Statement))
    .flatMap((s) => list(fields(s).Action));
  assert.deepEqual([...inSam].sort(), [...inCdk].sort());
});

test('the SAM function is the C++ binary, built by a makefile', () => {
  const globals = fields(fields(sam.Globals).Function);
  assert.equal(globals.Runtime, 'provided.al2023');
  assert.equal(globals.Handler, 'bootstrap');
  assert.equal(fields(fields(resources.EventsFunction).Metadata).BuildMethod, 'makefile');
  const makefile = readFileSync(path.join(root, '..', 'sam', 'Makefile'), 'utf8');
  assert.match(makefile, /^build-EventsFunction:/m);
});

test('neither network has a way to the internet', () => {
  for (const type of ['AWS::EC2::InternetGateway', 'AWS::EC2::NatGateway', 'AWS::EC2::Route']) {
    assert.deepEqual(of(type), [], type);
    assert.deepEqual(ofSam(type), [], type);
  }
});
