//! Real connections on the loopback interface.
use super::*;

/// Starts the front on a port of its own; `stop` ends it.
async fn start(
    extra: Router,
) -> (
    String,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<std::io::Result<()>>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let front = router(Arc::new(toy()), Settings::default(), PAGES, extra);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let served = tokio::spawn(serve(listener, front, ServeSettings::default(), shutdown));
    (address, stop, served)
}

#[tokio::test]
async fn what_is_under_way_is_finished_when_the_process_is_told_to_stop() {
    let (entered, has_entered) = oneshot::channel::<()>();
    let (release, released) = oneshot::channel::<()>();
    let once = Arc::new(tokio::sync::Mutex::new(Some((entered, released))));
    let slow = Router::new().route(
        "/slow",
        get(async move || {
            if let Some((entered, released)) = once.lock().await.take() {
                entered.send(()).unwrap();
                released.await.unwrap();
            }
            "finished"
        }),
    );
    let (address, stop, served) = start(slow).await;
    let request = tokio::spawn(async move {
        reqwest::get(format!("{address}/slow"))
            .await
            .unwrap()
            .text()
            .await
    });
    has_entered.await.unwrap();
    stop.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!(request.await.unwrap().unwrap(), "finished");
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_sends_no_head_is_closed() {
    use tokio::io::AsyncReadExt;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = ServeSettings {
        header_seconds: 0,
        ..ServeSettings::default()
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, front(), settings, async {
        let _ = stopped.await;
    }));
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut nothing = Vec::new();
    // Ends only because the server closes the connection.
    silent.read_to_end(&mut nothing).await.unwrap();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
