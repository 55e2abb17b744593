// Drives GraphiQL in a real browser against a running gateway:
//
//     node check.mjs http://127.0.0.1:8080
//
// It fails (exit 1) when the page asks another host for anything, breaks its own content security policy, writes an
// error to the console, or does not answer. On a demo it also runs an operation under each demo token. The browser is
// the one installed here; CHROMIUM names another. SCREENSHOT names a file to draw the page into.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) {
  console.error("usage: node check.mjs BASE-URL");
  process.exit(1);
}
const origin = new URL(base).origin;

function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  throw new Error(`none of ${names.join(", ")} is on the PATH`);
}

const failures = [];
function check(what, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds || !detail ? "" : `: ${detail}`}`);
  if (!holds) failures.push(what);
}

const browser = await chromium.launch({
  executablePath: browserPath(),
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const strangers = new Set();
const violations = [];
const complaints = [];
let sentLanguage = null;

async function drive() {
  const context = await browser.newContext({ locale: "en-CA", viewport: { width: 1280, height: 800 } });
  await context.exposeFunction("reportViolation", (text) => violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.reportViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    );
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== "data:" && asked !== origin) strangers.add(request.url());
    if (request.method() === "POST") sentLanguage = request.headers()["accept-language"];
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A browser writes a line for every answer from 400 on. Those are answers; the checks below look at them.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isAnswer) complaints.push(message.text());
  });

  const answer = await page.goto(`${base}/graphiql`);
  check("the page is there", answer.status() === 200, String(answer.status()));
  const policy = answer.headers()["content-security-policy"] ?? "";
  check("its policy lets scripts come from the gateway alone", /script-src 'self'(;|$)/.test(policy), policy);

  const editor = page.locator(".graphiql-query-editor .CodeMirror");
  await editor.waitFor();
  check("examples are open as tabs", (await page.getByRole("tab").count()) > 1);

  await checkLanguages(page);
  await checkKeyboard(page);

  const demo = page.locator("[data-demo]");
  const tokens = await demo.count();
  if (tokens === 0) {
    check("without a token the gateway still answers in the shape of GraphQL", /"(data|errors)"/.test(await run(page)));
  }
  for (let index = 0; index < tokens; index += 1) {
    await demo.nth(index).click();
    const name = await demo.nth(index).textContent();
    check(`the button «${name}» is pressed`, (await demo.nth(index).getAttribute("aria-pressed")) === "true");
    const text = await run(page);
    check(`an operation answers with data as «${name}»`, text.includes('"data"') && !text.includes('"errors"'), text);
  }

  if (tokens > 0) await checkSubscription(page);

  if (tokens > 0) {
    // Without a token the schema is not told by introspection.
    await page.getByLabel("Show Documentation Explorer").click();
    const documentation = page.locator(".graphiql-plugin");
    await documentation.getByText("Query", { exact: true }).first().waitFor();
    check("the documentation shows the schema", true);
  }

  for (const name of ["Open short keys dialog", "Open settings dialog"]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    check(`«${name}» opens, and closes with Escape`, true);
  }

  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  check("nothing is kept beyond the tab", kept === "{}", kept);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
}

// Runs the operation of the first tab, and gives the text of the answer.
async function run(page) {
  await page.getByRole("tab").first().click();
  const answered = page.waitForResponse(
    (response) => response.url().endsWith("/graphql") && !response.request().postData()?.includes("__schema"),
  );
  await page.getByRole("button", { name: /^Execute query/ }).click();
  await answered;
  await page.waitForFunction(() =>
    /"(data|errors)"/.test(document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? ""),
  );
  return page.evaluate(() => document.querySelector(".result-window .CodeMirror").CodeMirror.getValue());
}

// Where the schema has subscriptions and an example is one, it opens a stream, and pressing the button again closes it.
async function checkSubscription(page) {
  const schema = await (await page.request.get(`${base}/schema.graphql`)).text();
  if (!/^type Subscription\b/m.test(schema)) return;
  const { operations } = await (await page.request.get(`${base}/graphiql/demo.json`)).json();
  const index = (operations ?? []).findIndex(({ query }) => /^\s*subscription\b/m.test(query));
  if (index < 0) return;
  await page.getByRole("tab").nth(index).click();
  const opened = page.waitForResponse((response) => response.url().endsWith("/graphql/stream"));
  await page.getByRole("button", { name: /^Execute query/ }).click();
  const stream = await opened;
  const kind = stream.headers()["content-type"] ?? "";
  check("a subscription opens a stream of events", kind.startsWith("text/event-stream"), `${stream.status()} ${kind}`);
  const ended = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/graphql/stream"));
  await page.getByRole("button", { name: /^Stop query/ }).click();
  await ended;
  check("stopping a subscription ends its request", true);
}

async function checkLanguages(page) {
  for (const [language, button, token] of [
    ["fr", "Français", "Jeton d’accès"],
    ["en", "English", "Access token"],
  ]) {
    const asked = page.waitForRequest((request) => request.method() === "POST");
    await page.getByRole("button", { name: button }).click();
    await asked;
    check(`the page says that it is in ${language}`, (await page.getAttribute("html", "lang")) === language);
    check(`the token field has its label in ${language}`, await page.getByLabel(token).isVisible());
    check(`requests ask for ${language}`, sentLanguage === language, String(sentLanguage));
  }
}

// Everything in the bar is reached with the Tab key, in the order of the page.
async function checkKeyboard(page) {
  const expected = await page.locator(".bar button:visible, .bar input:visible").count();
  // A click on plain text is where the next Tab starts from.
  await page.locator(".bar h1").click();
  const reached = new Set();
  for (let presses = 0; presses < expected; presses += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => [...document.querySelectorAll(".bar button, .bar input")].indexOf(document.activeElement)));
  }
  reached.delete(-1);
  check("every control of the bar is reached by keyboard", reached.size === expected, `${reached.size} of ${expected}`);
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("button, input")]
      .filter((control) => control.getClientRects().length > 0)
      .filter((control) => !(control.textContent.trim() || control.ariaLabel || control.title || control.labels?.length))
      .map((control) => control.outerHTML.slice(0, 120)),
  );
  check("every button and field has a name", unnamed.length === 0, unnamed.join("\n"));
}

try {
  await drive();
} catch (error) {
  check("the page can be driven to the end", false, String(error));
} finally {
  await browser.close();
}
// What went wrong until then counts, even where the page could not be driven to the end.
check("no request left for another host", strangers.size === 0, [...strangers].join(" "));
check("the content security policy was kept", violations.length === 0, violations.join("\n"));
check("the console shows no error", complaints.length === 0, complaints.join("\n"));
process.exitCode = failures.length ? 1 : 0;
