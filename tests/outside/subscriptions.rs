//! Subscriptions with the clients that partners use (npm `graphql-ws` and `graphql-sse`, run by Node beside this file):
//! both are told the same, from any cursor.
use super::{node, served};
use crate::common::{Engine, Fresh, app::TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usual_clients_are_told_the_same_over_websocket_and_events() {
    let what = "subscriptions with npm graphql-ws and graphql-sse";
    let Some(folder) = node::folder("subscriptions", "graphql-ws", what) else {
        return;
    };
    let app = TestApp::fresh(Engine::Sqlite)
        .await
        .expect("SQLite is built in");
    let token = app.as_agency().token().to_owned();
    let store = app.store.clone();
    let sequencer = tokio::spawn(async move { store.sequence_until(std::future::pending()).await });
    served::run_against(app.router(), &folder, "check.mjs", |address| {
        vec![address, token]
    })
    .await;
    sequencer.abort();
}
