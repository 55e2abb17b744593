//! Pages and what they load, embedded in the program. A page may run only its own scripts and talk only to its own
//! origin. What the pages are is not decided here.
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

pub mod graphiql;

/// One embedded file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Where it is served, from the root of the gateway.
    pub path: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

/// Routes that serve embedded files.
pub fn routes<S: Clone + Send + Sync + 'static>(assets: &'static [Asset]) -> Router<S> {
    assets.iter().fold(Router::new(), |router, asset| {
        router.route(asset.path, get(async move || serve(asset)))
    })
}

fn serve(asset: &'static Asset) -> Response {
    let mut response = ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(graphiql::CONTENT_SECURITY_POLICY),
    );
    // A page names its assets, so it has to be fresh; its assets change with the program only.
    if !asset.content_type.starts_with("text/html") {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        );
    }
    response
}
