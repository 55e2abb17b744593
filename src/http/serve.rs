//! Connections: accepted, bounded in number and in the time a head may take, and let finish when the process is told to
//! stop. HTTP/1.1 only, with upgrades: the version sniffing for HTTP/2 without TLS has no time limit, and a proxy that
//! ends TLS speaks HTTP/1.1 to us.
use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
};
use tower::ServiceExt;

use super::settings::ServeSettings;

/// Longest head of a request in bytes; a query of 20,000 characters by GET fits, percent-encoded.
const HEAD_BYTES: usize = 128 * 1024;

/// Tells whoever took a connection over that the process is to stop, and the process that it is done with it. It stands
/// among the extensions of each request.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    begun: watch::Receiver<()>,
    /// Held for as long as there is something to wait for.
    _under_way: mpsc::Sender<()>,
}

impl Stopping {
    /// Done when the process is to stop.
    pub(super) async fn begun(&mut self) {
        while self.begun.changed().await.is_ok() {}
    }
}

/// Serves until `shutdown` is done, then accepts nothing more and gives what is under way the configured grace, those
/// included who took a connection over.
///
/// # Errors
/// The listener has no address, or fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ServeSettings,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_time())
        .max_buf_size(HEAD_BYTES);
    let places = Arc::new(Semaphore::new(settings.connections));
    let (stop, begun) = watch::channel(());
    let (under_way, mut ended) = mpsc::channel(1);
    let stopping = Arc::new(Stopping {
        begun,
        _under_way: under_way,
    });
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accept => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(builder.clone(), stream, router.clone(), stopping.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    // Out of file handles, most likely: others will be closed.
                    tracing::error!(kind = ?error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    drop(stop);
    drop(stopping);
    let finish = async {
        while connections.join_next().await.is_some() {}
        while ended.recv().await.is_some() {}
    };
    if tokio::time::timeout(settings.grace(), finish)
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way when the grace ended");
        connections.abort_all();
    }
    Ok(())
}

/// One connection, until its client or the end of the process closes it.
async fn connection(
    builder: http1::Builder,
    stream: TcpStream,
    router: Router,
    stopping: Arc<Stopping>,
) {
    // Small answers should not wait for more to send; a socket that refuses this still serves.
    let _ = stream.set_nodelay(true);
    let mut told = Stopping::clone(&stopping);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&stopping));
        router.clone().oneshot(request)
    });
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // How a connection ends is its client's business, so that no error of one is told.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = told.begun() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

fn concerns_one_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ]
    .contains(&error.kind())
}
