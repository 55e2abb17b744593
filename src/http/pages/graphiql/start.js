// The page around GraphiQL: language, token, examples, and the way a request is sent. All state lies in this tab's
// session: on a shared computer nothing is left behind when the tab is closed.
(() => {
  "use strict";

  const TEXTS = {
    en: {
      title: "Claimant Gateway – GraphQL explorer",
      explorer: "GraphQL explorer",
      token: "Access token",
      demo: "Demo tokens",
      samples: "Reload the examples",
      englishOnly: "",
      agency: "Settlement agency",
      provider: "Provider",
      ministry: "Ministry",
      noToken: "No token: the gateway will refuse most requests. The token is kept in this tab only.",
      ownToken: "Requests carry the token above. It is kept in this tab only.",
      demoToken: (name) => `Requests are sent as: ${name}.`,
      unreachable: "The gateway could not be reached.",
      unreadable: (status) => `The gateway gave an answer that is not JSON (HTTP ${status}).`,
    },
    fr: {
      title: "Claimant Gateway – explorateur GraphQL",
      explorer: "Explorateur GraphQL",
      token: "Jeton d’accès",
      demo: "Jetons de démonstration",
      samples: "Recharger les exemples",
      englishOnly: "L’éditeur ci-dessous n’existe qu’en anglais ; les réponses de l’API suivent la langue choisie.",
      agency: "Organisme d’établissement",
      provider: "Fournisseur",
      ministry: "Ministère",
      noToken: "Aucun jeton : la passerelle refusera la plupart des requêtes. Le jeton reste dans cet onglet seulement.",
      ownToken: "Les requêtes portent le jeton ci-dessus. Il reste dans cet onglet seulement.",
      demoToken: (name) => `Requêtes envoyées en tant que : ${name}.`,
      unreachable: "La passerelle est injoignable.",
      unreadable: (status) => `La passerelle a donné une réponse qui n’est pas du JSON (HTTP ${status}).`,
    },
  };

  // Shown where the gateway has no examples of its own at graphiql/demo.json.
  const EXAMPLES = [
    {
      title_en: "Who am I?",
      title_fr: "Qui suis-je?",
      query: `query WhoAmI {
  viewer {
    role
    language
    scopes
    organization { name kind region { code name } }
  }
}`,
    },
    {
      title_en: "Referrals that wait for my organization",
      title_fr: "Aiguillages qui attendent mon organisation",
      query: `query Inbox {
  referrals(box: INBOX, filter: { phase: [WAITING] }, first: 10) {
    edges {
      node {
        id
        reference
        status
        category
        priority
        dueAt
        overdue
        region { name }
        source { name }
        claimantAccess
        availableActions
        version
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
    },
    {
      title_en: "Referrals that my organization sent",
      title_fr: "Aiguillages envoyés par mon organisation",
      query: `query Outbox {
  referrals(box: OUTBOX, orderBy: { field: UPDATED_AT, direction: DESC }, first: 10) {
    edges { node { reference status statusReason category owner { name } updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}`,
    },
    {
      title_en: "Services that have room",
      title_fr: "Services qui ont de la place",
      query: `query ServicesWithCapacity {
  services(filter: { hasCapacity: true }, first: 10) {
    edges {
      node {
        name
        categories
        languages
        offeredInFrench
        organization { name }
        capacity { status available unit updatedAt stale }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
    },
    {
      title_en: "What changes, as it happens",
      title_fr: "Ce qui change, en direct",
      query: `subscription Changes {
  changes {
    cursor
    at
    kind
    fromStatus
    toStatus
    subject { id ... on Referral { reference status } }
  }
}`,
    },
  ];

  const session = window.sessionStorage;
  const TOKEN_KEY = "claimant-gateway:token";
  const LANGUAGE_KEY = "claimant-gateway:language";

  const element = (id) => document.getElementById(id);
  const state = {
    language: session.getItem(LANGUAGE_KEY) ?? (navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en"),
    token: session.getItem(TOKEN_KEY) ?? "",
    demo: { tokens: {}, operations: EXAMPLES },
    generation: 0,
  };
  const texts = () => TEXTS[state.language];

  // ---- Requests ----

  const failure = (message) => ({ errors: [{ message }] });

  // GraphiQL's own reading of the document lags behind a change of tab by a moment, and so does the operation's name
  // that it gives; hence our own.
  function readOperation({ query, operationName }) {
    let operations = [];
    try {
      operations = GraphiQL.GraphQL.parse(query).definitions.filter(({ kind }) => kind === "OperationDefinition");
    } catch {
      // The gateway says better what is wrong with it.
    }
    const named = operations.find(({ name }) => name?.value === operationName);
    return {
      isSubscription: (named ?? operations[0])?.operation === "subscription",
      operationName: named || operations.length !== 1 ? operationName : operations[0].name?.value,
    };
  }

  function send(address, accept, parameters, ownHeaders, signal) {
    const headers = new Headers({
      Accept: accept,
      "Accept-Language": state.language,
      "Content-Type": "application/json",
    });
    if (state.token) headers.set("Authorization", `Bearer ${state.token}`);
    // What is typed in GraphiQL's own header editor wins.
    for (const [name, value] of Object.entries(ownHeaders ?? {})) headers.set(name, String(value));
    return fetch(address, { method: "POST", headers, body: JSON.stringify(parameters), signal, credentials: "omit" });
  }

  async function readAnswer(response) {
    try {
      return await response.json();
    } catch {
      return failure(texts().unreadable(response.status));
    }
  }

  async function ask(parameters, ownHeaders) {
    let response;
    try {
      const accept = "application/graphql-response+json, application/json;q=0.9";
      response = await send("graphql", accept, parameters, ownHeaders);
    } catch {
      return failure(texts().unreachable);
    }
    return readAnswer(response);
  }

  // GraphQL over server-sent events, in distinct connections mode.
  async function* events(parameters, ownHeaders, signal) {
    let response;
    try {
      response = await send("graphql/stream", "text/event-stream", parameters, ownHeaders, signal);
    } catch {
      if (!signal.aborted) yield failure(texts().unreachable);
      return;
    }
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield await readAnswer(response);
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let pending = "";
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const blocks = (pending + value.replace(/\r/g, "")).split("\n\n");
        pending = blocks.pop();
        for (const block of blocks) {
          const field = (name) =>
            block
              .split("\n")
              .filter((line) => line.startsWith(`${name}:`))
              .map((line) => line.slice(name.length + 1).replace(/^ /, ""))
              .join("\n");
          if (field("event") === "complete") return;
          if (field("event") === "next") yield JSON.parse(field("data"));
        }
      }
    } catch {
      if (!signal.aborted) yield failure(texts().unreachable);
    }
  }

  function subscribe(parameters, ownHeaders) {
    const controller = new AbortController();
    const iterator = events(parameters, ownHeaders, controller.signal);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => iterator.next(),
      // Ends the request first: the generator may be waiting for an event that never comes.
      return: () => {
        controller.abort();
        return iterator.return();
      },
    };
  }

  // GraphiQL reads the schema anew when it is given another function.
  const newFetcher = () => (parameters, options) => {
    const { isSubscription, operationName } = readOperation(parameters);
    return (isSubscription ? subscribe : ask)({ ...parameters, operationName }, options?.headers);
  };
  let fetcher = newFetcher();

  // ---- The page ----

  const root = ReactDOM.createRoot(element("graphiql"));

  function render() {
    root.render(
      React.createElement(GraphiQL, {
        key: state.generation,
        fetcher,
        storage: session,
        shouldPersistHeaders: false,
        defaultEditorToolsVisibility: false,
        defaultTabs: state.demo.operations.map(({ title_en, title_fr, query, variables }) => ({
          query: `# ${title_en}\n# ${title_fr}\n${query}`,
          variables: variables ? JSON.stringify(variables, null, 2) : null,
        })),
      }),
    );
  }

  function demoName(key) {
    return texts()[key] ?? key;
  }

  function showTexts() {
    document.documentElement.lang = state.language;
    document.title = texts().title;
    for (const place of document.querySelectorAll("[data-text]")) place.textContent = texts()[place.dataset.text];
    element("english-only").hidden = !texts().englishOnly;
    for (const button of document.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === state.language));
    }
    let chosen = null;
    for (const button of document.querySelectorAll("[data-demo]")) {
      const name = button.dataset.demo;
      const pressed = state.token !== "" && state.demo.tokens[name] === state.token;
      if (pressed) chosen = name;
      button.textContent = demoName(name);
      button.setAttribute("aria-pressed", String(pressed));
    }
    const { noToken, ownToken, demoToken } = texts();
    element("status").textContent = chosen ? demoToken(demoName(chosen)) : state.token ? ownToken : noToken;
  }

  function setToken(token) {
    state.token = token.trim().replace(/^Bearer\s+/i, "");
    if (state.token) session.setItem(TOKEN_KEY, state.token);
    else session.removeItem(TOKEN_KEY);
    element("token").value = state.token;
    fetcher = newFetcher();
    showTexts();
    render();
  }

  function setLanguage(language) {
    state.language = language;
    session.setItem(LANGUAGE_KEY, language);
    fetcher = newFetcher();
    showTexts();
    render();
  }

  function reloadExamples() {
    // GraphiQL keeps its own keys under this name; the token and the language stay.
    for (const key of Object.keys(session)) if (key.startsWith("graphiql:")) session.removeItem(key);
    state.generation += 1;
    render();
  }

  function showDemoTokens() {
    const names = Object.keys(state.demo.tokens);
    for (const name of names) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "choice";
      button.dataset.demo = name;
      button.addEventListener("click", () => setToken(state.demo.tokens[name]));
      element("demo").append(button);
    }
    element("demo").hidden = names.length === 0;
    // A demo answers at once. Where its tokens changed, one that was kept from before is of no use.
    if (names.length > 0 && !Object.values(state.demo.tokens).includes(state.token)) {
      state.token = state.demo.tokens[names[0]];
      session.setItem(TOKEN_KEY, state.token);
    }
  }

  async function readDemo() {
    try {
      const response = await fetch("graphiql/demo.json", { credentials: "omit" });
      if (!response.ok) return;
      const { tokens, operations } = await response.json();
      state.demo = { tokens: tokens ?? {}, operations: operations?.length ? operations : EXAMPLES };
    } catch {
      // There is no demo here, which is the rule.
    }
  }

  async function start() {
    await readDemo();
    showDemoTokens();
    element("token").value = state.token;
    for (const button of document.querySelectorAll("[data-language]")) {
      button.addEventListener("click", () => setLanguage(button.dataset.language));
    }
    element("token").addEventListener("change", (event) => setToken(event.target.value));
    // Enter in the field changes its value and is done; nothing is ever submitted.
    element("token-form").addEventListener("submit", (event) => event.preventDefault());
    element("samples").addEventListener("click", reloadExamples);
    showTexts();
    render();
  }

  start();
})();
