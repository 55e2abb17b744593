// A real OpenID provider on this machine, for the test in ../openid.rs. It issues JWT access tokens to one client, each
// algorithm under a resource of its own, and lives no longer than its standard input.
//
//   stdout, one JSON object a line: {"issuer": …} when it is ready, {"turned": true} after it has new keys
//   stdin, one word a line:         "turn" makes new keys and forgets the old ones
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createInterface } from "node:readline";

import Provider from "oidc-provider";

// The library prints its notices to stdout, which is for answers here.
console.info = console.error;

const AUDIENCE = "claimant-gateway";
const RESOURCE = "https://gateway.example/";
const KINDS = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};
const SCOPES = "claimant:read referral:read referral:write";

function keys() {
  return Object.entries(KINDS).map(([alg, generate]) => ({
    ...generate().privateKey.export({ format: "jwk" }),
    alg,
    use: "sig",
    kid: randomUUID(),
  }));
}

function provider(issuer) {
  return new Provider(issuer, {
    jwks: { keys: keys() },
    cookies: { keys: [randomUUID()] },
    scopes: SCOPES.split(" "),
    clients: [
      {
        client_id: "demo-client",
        client_secret: "demo-client-secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    ttl: { ClientCredentials: 600 },
    extraTokenClaims: () => ({ organization: "demo-agency" }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (context, resource) => ({
          scope: SCOPES,
          audience: AUDIENCE,
          accessTokenTTL: 600,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: resource.slice(RESOURCE.length) } },
        }),
      },
    },
  });
}

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  answer = provider(issuer).callback();
  console.log(JSON.stringify({ issuer }));

  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "turn") {
      answer = provider(issuer).callback();
      console.log(JSON.stringify({ turned: true }));
    }
  });
  lines.on("close", () => process.exit(0));
});
