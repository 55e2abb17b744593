// Takes GraphiQL and React from the npm packages that package-lock.json names, into the folder that the gateway embeds.
// With --check it writes nothing and fails when a committed file is not what the packages give.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const target = join(here, "..", "..", "src", "http", "pages", "graphiql");
const read = (...path) => readFileSync(join(packages, ...path), "utf8");

// A map is not shipped, and a browser would ask for it.
const withoutSourceMap = (script) => script.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");

// The fonts are most of the style sheet. The fonts of the reader's machine do as well, and then no page of ours needs
// font-src.
const withoutFonts = (style) => style.replace(/@font-face\s*\{[^}]*\}\s*/g, "");

const files = {
  "react.min.js": withoutSourceMap(read("react", "umd", "react.production.min.js")),
  "react-dom.min.js": withoutSourceMap(read("react-dom", "umd", "react-dom.production.min.js")),
  "graphiql.min.js": withoutSourceMap(read("graphiql", "graphiql.min.js")),
  "graphiql.min.css": withoutFonts(read("graphiql", "graphiql.min.css")),
  "LICENSES.txt": licenses(),
};

// GraphiQL's build holds parts of many packages: its source map tells which.
function licenses() {
  const { sources } = JSON.parse(read("graphiql", "graphiql.min.js.map"));
  const names = new Set(["graphiql", "react", "react-dom", "scheduler"]);
  for (const source of sources) {
    const installed = [...source.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].at(-1);
    const sibling = source.match(/^(?:\.\.\/)+(graphiql-[a-z-]+|codemirror-graphql|graphql-language-service)\//);
    if (installed) names.add(installed[1]);
    else if (sibling) names.add(sibling[1].replace(/^graphiql-/, "@graphiql/"));
  }
  const sections = [...names].sort().map((name) => {
    const { license } = JSON.parse(read(name, "package.json"));
    const file = readdirSync(join(packages, name)).find((entry) => /^licen[sc]e/i.test(entry));
    const text = file ? read(name, file).replace(/\r\n/g, "\n").trim() : `Published under the licence: ${license}`;
    return `${name} (${license})\n\n${text}\n`;
  });
  return `The licences of what is in the .js and .css files of this folder.\n\n${sections.join(`\n${"-".repeat(80)}\n\n`)}`;
}

let stale = 0;
for (const [name, content] of Object.entries(files)) {
  const path = join(target, name);
  const same = existsSync(path) && readFileSync(path, "utf8") === content;
  if (process.argv.includes("--check")) {
    if (!same) console.error(`${name} is not what the packages give`);
    stale += same ? 0 : 1;
  } else {
    writeFileSync(path, content);
    console.log(`${name}: ${Buffer.byteLength(content)} bytes`);
  }
}
process.exitCode = stale ? 1 : 0;
