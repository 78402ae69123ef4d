import assert from 'node:assert/strict';
import { test } from 'node:test';
import prices from '../config/prices.json';
import {
  CostModel,
  priceTable,
  total,
  useAt150,
  useAt450,
  usedPrices,
  type Item,
} from '../lib/report/cost.js';
import { assembly } from './support.js';

const model = new CostModel(assembly('prod'));
const planned = (items: Item[]): number => total(items.filter((item) => item.inBrief));

for (const [name, use, brief] of [
  ['150 tenants', useAt150, 1400],
  ['450 tenants', useAt450, 3000],
] as const)
  test(`${name}: what the brief counted costs at most ${brief} USD, and the rest has a reason`, () => {
    const items = model.uploads(use);
    assert.ok(planned(items) <= brief, String(planned(items)));
    assert.ok(planned(items) >= brief / 2, `${planned(items)}: something is not counted`);
    for (const item of items) {
      assert.ok(item.usd > 0, item.what);
      if (!item.inBrief) assert.ok(item.why.length > 10, item.what);
    }
  });

test('a tenant costs less when there are more of them', () => {
  const each = (use: typeof useAt150): number => total(model.uploads(use)) / use.tenants;
  assert.ok(each(useAt450) < each(useAt150));
});

test('counts come from the templates: a NAT gateway more costs more', () => {
  const more = assembly('prod').altered((templates) => {
    for (const { stack, body } of templates)
      if (stack.startsWith('UploadsNetwork'))
        Object.assign(body.Resources as object, {
          Extra: { Type: 'AWS::EC2::NatGateway', Properties: {} },
        });
  });
  const before = total(model.uploads(useAt150));
  assert.ok(total(new CostModel(more).uploads(useAt150)) > before + 30);
});

test('the second region costs what the first does, and the firewall is its largest line', () => {
  assert.equal(total(model.shop('a')), total(model.shop('b')));
  const [largest] = model.shop('a').sort((x, y) => y.usd - x.usd);
  assert.equal(largest?.what, 'Network firewall');
});

test('every price has a unit, the page of AWS, and what it was compared with, of a day', () => {
  assert.match(prices.checked, /^20\d\d-\d\d-\d\d$/);
  for (const [name, price] of Object.entries(priceTable)) {
    assert.ok(price.usd > 0, name);
    assert.ok(price.per.length > 1, name);
    assert.match(price.list, /^https:\/\/aws\.amazon\.com\/[a-z0-9/-]+\/$/, name);
    assert.ok(price.source.length > 5, name);
    assert.match(price.as_of, /^20\d\d-\d\d-\d\d$/, name);
    assert.ok(price.as_of <= prices.checked, name);
  }
});

test('every price is used', () => {
  for (const use of [useAt150, useAt450]) model.uploads(use);
  for (const site of ['a', 'b'] as const) model.shop(site);
  model.regions();
  model.tasksOf(5000);
  assert.deepEqual(
    Object.keys(priceTable).filter((name) => !usedPrices.has(name)),
    [],
  );
});

test('tasks are paid as FIFO requests, files as standard ones, as their queues are', () => {
  const usd = (items: Item[], what: string): number =>
    items.find((item) => item.what === what)?.usd ?? NaN;
  assert.equal(usd(model.tasksOf(100_000), 'SQS FIFO'), 4.5);
  assert.equal(usd(model.uploads(useAt150), 'SQS'), 0.36);
});
