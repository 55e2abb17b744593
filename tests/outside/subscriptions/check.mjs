// Subscribes with the clients that partners use, and compares what both are told:
//   node check.mjs URL TOKEN
// npm `graphql-ws` over a WebSocket of npm `ws`, npm `graphql-sse` over fetch. Ends with 1 when anything is not as promised.
import assert from 'node:assert/strict';
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import { WebSocket } from 'ws';

const [url, token] = process.argv.slice(2);
if (!url || !token) {
  console.error('usage: node check.mjs URL TOKEN');
  process.exit(2);
}
setTimeout(() => {
  console.error('it took too long');
  process.exit(1);
}, 60_000).unref();

const CHANGES = 'subscription($after: Cursor) { changes(after: $after) { cursor kind } }';
const REGISTER =
  'mutation($input: ClaimantRegisterInput!) { claimantRegister(input: $input) { claimant { id } userErrors { code } } }';

const socketClient = (authorization, more = {}) =>
  createSocketClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    lazy: true,
    retryAttempts: 0,
    ...more,
  });
const streamClient = (authorization) =>
  createStreamClient({ url: `${url}/graphql/stream`, headers: { authorization }, retryAttempts: 0 });

const entryOf = async (iterator) => {
  const { value, done } = await iterator.next();
  assert.equal(done, false);
  assert.equal(value.errors, undefined, JSON.stringify(value.errors));
  return value.data.changes;
};

const bearer = `Bearer ${token}`;
const socket = socketClient(bearer);
const stream = streamClient(bearer);

const register = async (client, givenName) => {
  const variables = { input: { identity: { givenName, familyName: 'Specimen' } } };
  for await (const { data } of client.iterate({ query: REGISTER, variables })) {
    assert.deepEqual(data.claimantRegister.userErrors, []);
    return data.claimantRegister.claimant.id;
  }
};

// Mutations and queries over either.
await register(socket, 'First');
await register(stream, 'Second');
for (const client of [socket, stream]) {
  for await (const { data } of client.iterate({ query: '{ viewer { role } }' })) {
    assert.equal(data.viewer.role, 'SETTLEMENT_AGENCY');
  }
}

// The feed begins somewhere: both are told the same from there, also what happens later.
const first = await (async () => {
  for (;;) {
    const query = '{ changes(first: 1) { edges { cursor } } }';
    for await (const { data } of socket.iterate({ query })) {
      if (data.changes.edges.length > 0) return data.changes.edges[0].cursor;
    }
  }
})();
const variables = { after: first };
const overSocket = socket.iterate({ query: CHANGES, variables });
const overStream = stream.iterate({ query: CHANGES, variables });
const second = await entryOf(overSocket);
assert.equal(second.kind, 'CLAIMANT_REGISTERED');
assert.deepEqual(await entryOf(overStream), second);
await register(socket, 'Third');
const third = await entryOf(overSocket);
assert.notEqual(third.cursor, second.cursor);
assert.deepEqual(await entryOf(overStream), third);

// Whoever goes away goes on after the last cursor.
await overSocket.return();
await overStream.return();
await register(stream, 'Fourth');
for (const client of [socket, stream]) {
  const again = client.iterate({ query: CHANGES, variables: { after: third.cursor } });
  const fourth = await entryOf(again);
  assert.ok(![first, second.cursor, third.cursor].includes(fourth.cursor));
  await again.return();
}

// What is wrong with a request is an error of the operation, and the connection goes on.
await assert.rejects(
  async () => {
    for await (const _ of socket.iterate({ query: CHANGES, variables: { after: 'broken' } }));
  },
  (errors) => errors[0].extensions.code === 'BAD_CURSOR',
);
await assert.rejects(async () => {
  for await (const _ of stream.iterate({ query: '{ broken' }));
}, /400|Bad Request/);

// A token that is no good.
const closed = new Promise((resolve) => {
  const refused = socketClient('Bearer nobody', { on: { closed: resolve } });
  refused.subscribe({ query: CHANGES }, { next() {}, error() {}, complete() {} });
});
const { code, reason } = await closed;
assert.equal(code, 4403);
assert.equal(reason, 'Forbidden');
await assert.rejects(async () => {
  for await (const _ of streamClient('Bearer nobody').iterate({ query: CHANGES }));
}, /401|Unauthorized/);

await socket.dispose();
stream.dispose();
console.log('all as promised');
process.exit(0);
