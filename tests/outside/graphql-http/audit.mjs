// Runs the audits of the GraphQL over HTTP specification against a gateway:
//   node audit.mjs URL TOKEN
// One line per audit, then a summary as JSON. Ends with 1 when an audit fails or their number is not the known one.
import { serverAudits } from 'graphql-http';

const KNOWN = 61;
const [url, token] = process.argv.slice(2);
if (!url || !token) {
  console.error('usage: node audit.mjs URL TOKEN');
  process.exit(2);
}

const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });

const counts = { ok: 0, warn: 0, notice: 0, error: 0 };
const audits = serverAudits({ url, fetchFn });
for (const { id, name, fn } of audits) {
  const result = await fn();
  counts[result.status] += 1;
  const reason = result.status === 'ok' ? '' : `: ${result.reason}`;
  console.log(`${result.status} ${id} ${name}${reason}`);
}
console.log(JSON.stringify({ audits: audits.length, ...counts }));
process.exit(counts.ok === KNOWN && audits.length === KNOWN ? 0 : 1);
