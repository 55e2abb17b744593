//! The gateway on a port of its own, for programs that speak to it from outside.
use std::{path::Path, process::Command};

use axum::Router;
use claimant_gateway::http::{ServeSettings, serve};
use tokio::net::TcpListener;

/// Serves a router on the loopback interface while a program of Node runs against it, and demands that the program
/// succeeds. `arguments` is given the address of the gateway.
pub async fn run_against(
    router: Router,
    folder: &Path,
    script: &str,
    arguments: impl FnOnce(String) -> Vec<String>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        // Sent or dropped: either way it is over.
        let _ = stopped.await;
    };
    let served = tokio::spawn(serve(listener, router, ServeSettings::default(), shutdown));
    let mut program = Command::new("node");
    program
        .arg(script)
        .args(arguments(address))
        .current_dir(folder);
    let output = tokio::task::spawn_blocking(move || program.output())
        .await
        .expect("the program is waited for")
        .expect("node runs");
    // A browser may keep a connection open; nobody waits for it.
    drop(stop);
    served.abort();
    assert!(
        output.status.success(),
        "{script}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
