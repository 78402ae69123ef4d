// Renders /openapi.json as a page: operations by tag, with parameters, bodies and answers.
const element = (name, text, ...children) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
};

// `code` and **strong** inside plain text; nothing else of Markdown is used there.
const prose = (text) => (text ?? '').trim().split(/\n\s*\n/).map((paragraph) => {
  const pieces = paragraph.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((piece) =>
    piece.startsWith('`') ? element('code', piece.slice(1, -1))
      : piece.startsWith('**') ? element('strong', piece.slice(2, -2)) : piece);
  return element('p', '', ...pieces);
});

const table = (heads, rows) => {
  const head = element('tr', '', ...heads.map((h) => element('th', h)));
  const body = rows.map((row) => element('tr', '', ...row.map((cell) => element('td', String(cell ?? '')))));
  return element('table', '', head, ...body);
};

const resolve = (api, node) =>
  node?.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key], api) : node;

const typeOf = (api, schema) => {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.type === 'array') return `array of ${typeOf(api, schema.items)}`;
  return [schema.type].flat().join(' or ') || 'object';
};

const exampleOf = (media) => media?.example ?? Object.values(media?.examples ?? {})[0]?.value;

const bodyOf = (api, title, content) => {
  const parts = [];
  for (const [type, media] of Object.entries(content ?? {})) {
    parts.push(element('p', `${title}: ${type} ${typeOf(api, media.schema)}`));
    const schema = resolve(api, media.schema);
    if (schema?.properties) {
      parts.push(table(['field', 'type', 'meaning'], Object.entries(schema.properties).map(([name, property]) =>
        [name + (schema.required?.includes(name) ? ' *' : ''), typeOf(api, property),
          resolve(api, property)?.description])));
    }
    const example = exampleOf(media);
    if (example !== undefined) parts.push(element('pre', JSON.stringify(example, null, 2)));
  }
  return parts;
};

const operation = (api, path, method, shared, op) => {
  const summary = element('summary', '', element('b', method.toUpperCase()), element('code', path),
    element('span', op.summary));
  const parts = [summary];
  parts.push(...prose(op.description));
  const parameters = [...shared, ...(op.parameters ?? [])].map((p) => resolve(api, p));
  if (parameters.length) {
    parts.push(table(['parameter', 'in', 'type', 'meaning'], parameters.map((p) =>
      [p.name + (p.required ? ' *' : ''), p.in, typeOf(api, p.schema), p.description])));
  }
  parts.push(...bodyOf(api, 'Body', resolve(api, op.requestBody)?.content));
  for (const [status, answer] of Object.entries(op.responses ?? {})) {
    const found = resolve(api, answer);
    parts.push(element('h4', `${status} ${found.description ?? ''}`));
    if (Number(status) < 400) parts.push(...bodyOf(api, 'Answer', found.content));
  }
  return element('details', '', ...parts);
};

const render = (api) => {
  const byTag = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, op] of Object.entries(item)) {
      if (method === 'parameters') continue;
      const tag = op.tags?.[0] ?? 'other';
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push(operation(api, path, method, item.parameters ?? [], op));
    }
  }
  const main = document.getElementById('content');
  main.replaceChildren(...prose(api.info.description));
  for (const [tag, operations] of byTag) main.append(element('h2', tag), ...operations);
};

render(await (await fetch('/openapi.json')).json());
