// PostGraphile on the bench's database, set as for production, with no lock at all: whoever asks sees every row and every
// plain column. DATABASE_URL says where, PORT on which port of the loopback address, WORKERS how many processes.
import cluster from "node:cluster";
import { createServer } from "node:http";

process.env.NODE_ENV = "production";
process.env.GRAPHILE_ENV = "production";

const workers = Number(process.env.WORKERS ?? 2);

async function serve() {
  const { postgraphile } = await import("postgraphile");
  const { PostGraphileAmberPreset } = await import("postgraphile/presets/amber");
  const { makePgService } = await import("postgraphile/adaptors/pg");
  const { PostGraphileConnectionFilterPreset } = await import("postgraphile-plugin-connection-filter");
  const { grafserv } = await import("postgraphile/grafserv/node");
  const { jsonPgSmartTags } = await import("postgraphile/utils");
  // A referral takes the place of another at most once: by itself it would name both ends of that the same. And it filters
  // and sorts by itself only by what an index begins with.
  const asked = { tags: { behavior: ["+filterBy", "+orderBy"] } };
  const tags = jsonPgSmartTags({
    version: 1,
    config: {
      attribute: {
        "public.referral.owner_access": asked,
        "public.journal_entry.kind": asked,
        "public.journal_entry.private_to_id": asked,
        "public.journal_entry.subject_version": asked,
      },
      constraint: {
        "public.referral.referral_replaces_id_fkey": { tags: { fieldName: "replaces", foreignSingleFieldName: "replacedBy" } },
      },
    },
  });
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
    plugins: [tags],
    pgServices: [
      makePgService({
        connectionString: process.env.DATABASE_URL,
        schemas: ["public", "bench"],
        poolConfig: { max: 8 },
      }),
    ],
    grafserv: { graphiql: false, watch: false, graphqlPath: "/graphql" },
    grafast: { explain: false },
  });
  if (process.env.PRINT_SCHEMA) {
    const { printSchema } = await import("postgraphile/graphql");
    const { schema } = await instance.getSchemaResult();
    console.log(printSchema(schema));
    process.exit(0);
  }
  const server = createServer();
  server.keepAliveTimeout = 60_000;
  await instance.createServ(grafserv).addTo(server);
  server.listen(Number(process.env.PORT ?? 7103), "127.0.0.1");
}

if (cluster.isPrimary && workers > 1 && !process.env.PRINT_SCHEMA) {
  for (let worker = 0; worker < workers; worker += 1) cluster.fork();
  cluster.on("exit", () => process.exit(1));
} else {
  await serve();
}
