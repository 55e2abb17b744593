//! GraphiQL in a real browser (Debian's Chromium, driven by Node beside this file): it loads nothing from another host,
//! keeps its policy, writes no error, can be worked by keyboard, in both languages, and answers under every token.
use std::{env, path::Path};

use axum::{Router, http::header, routing::get};
use serde_json::json;

use super::{node, served};
use crate::common::{Engine, Fresh, app::TestApp};

const WHAT: &str = "GraphiQL in a browser";

fn browser_is_installed() -> bool {
    let named = env::var_os("CHROMIUM");
    let on_path = env::var_os("PATH").into_iter().flat_map(|path| {
        env::split_paths(&path)
            .flat_map(|folder| {
                ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
            })
            .collect::<Vec<_>>()
    });
    named.is_some_and(|path| Path::new(&path).is_file())
        || on_path.into_iter().any(|path| path.is_file())
}

/// What a demo tells the page: tokens by name, and examples.
fn demo(app: &TestApp) -> String {
    let query = "{ viewer { role organization { name } } }";
    json!({
        "tokens": {
            "agency": app.as_agency().token(),
            "provider": app.as_provider().token(),
            "ministry": app.as_ministry().token(),
        },
        "operations": [
            { "title_en": "Who is asking", "title_fr": "Qui demande", "query": query },
            { "title_en": "Codes", "title_fr": "Codes", "query": "{ codes(set: ACCESS) { value label } }" },
        ],
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_can_be_worked_in_a_browser() {
    let Some(folder) = node::folder("graphiql", "playwright-core", WHAT) else {
        return;
    };
    if !browser_is_installed() {
        node::missing(WHAT, "to install one: apt-get install chromium");
        return;
    }
    let app = TestApp::fresh(Engine::Sqlite)
        .await
        .expect("SQLite is built in");
    let demo = demo(&app);
    let with_demo = Router::new().route(
        "/graphiql/demo.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], demo)),
    );
    for router in [app.router(), with_demo.fallback_service(app.router())] {
        served::run_against(router, &folder, "check.mjs", |address| vec![address]).await;
    }
}
