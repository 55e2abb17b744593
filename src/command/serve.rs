//! `serve`: the API, until it is told to stop.
use axum::Router;
use tokio::net::TcpListener;

use super::{Failure, log, open::open_store};
use crate::{
    auth::demo,
    clock::Clock,
    config::Config,
    gateway,
    http::{self, ServeSettings},
    store::Store,
    work,
};

pub async fn run(config: Config) -> Result<(), Failure> {
    log::start(&config.log);
    // Before anything is opened: a gateway that would let anybody be anybody does not start.
    let issuer = demo::configured(&config)?;
    let store = open_store(&config).await?;
    let listener = TcpListener::bind(config.server.listen.0).await?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let router = gateway::router(
        &config,
        &store,
        &Clock::system(),
        issuer.as_ref(),
        Router::new(),
    )?;
    serve(&config, listener, router, store).await
}

/// Serves until the process is told to stop; then finishes what is under way, and numbers what was committed.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    config: &Config,
    listener: TcpListener,
    router: Router,
    store: Store,
) -> Result<(), Failure> {
    let (stop, stopped) = tokio::sync::watch::channel(());
    // What is sent does not matter: dropped, the work is over.
    let until = |mut stopped: tokio::sync::watch::Receiver<()>| async move {
        while stopped.changed().await.is_ok() {}
    };
    let (keeper, stopped_too) = (store.clone(), stopped.clone());
    let retention = tokio::spawn(async move {
        work::retention::run_until(&keeper, until(stopped_too)).await;
    });
    let (timed, stopped_as_well) = (store.clone(), stopped.clone());
    let deadlines = tokio::spawn(async move {
        work::deadline::run_until(&timed, until(stopped_as_well)).await;
    });
    let (matcher, stopped_too) = (store.clone(), stopped.clone());
    let matching = tokio::spawn(async move {
        work::matching::run_until(&matcher, until(stopped_too)).await;
    });
    let (reader, stopped_too) = (store.clone(), stopped.clone());
    let follower =
        tokio::spawn(async move { reader.follow_directory_until(until(stopped_too)).await });
    let sequencer = tokio::spawn(async move { store.sequence_until(until(stopped)).await });
    let settings = ServeSettings {
        grace_seconds: config.server.shutdown_seconds.get().into(),
        ..ServeSettings::default()
    };
    http::serve(listener, router, settings, told_to_stop()).await?;
    drop(stop);
    retention.await?;
    deadlines.await?;
    matching.await?;
    follower.await?;
    sequencer.await?;
    Ok(())
}

/// Done when the process is interrupted or terminated.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is no way to be told: serve until killed.
    if interrupted.await.is_err() {
        std::future::pending::<()>().await;
    }
}
