//! Pages and what they load, embedded in the program. A page may run only its own scripts and talk only to its own
//! origin. What the pages are is not decided here.
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// One embedded file: its absolute path (`/graphiql`, `/graphiql/main.js`), its content type, its bytes.
pub type Asset = (&'static str, &'static str, &'static [u8]);

/// `style-src` allows inline styles because editors in pages place their lines and cursors with them; scripts have no
/// such licence.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Routes that serve embedded files.
pub fn routes<S: Clone + Send + Sync + 'static>(assets: &'static [Asset]) -> Router<S> {
    assets.iter().fold(Router::new(), |router, asset| {
        let (path, content_type, bytes) = *asset;
        router.route(path, get(async move || serve(content_type, bytes)))
    })
}

fn serve(content_type: &'static str, bytes: &'static [u8]) -> Response {
    let mut response = ([(header::CONTENT_TYPE, content_type)], bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    // A page names its assets, so it has to be fresh; its assets change with the program only.
    if !content_type.starts_with("text/html") {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        );
    }
    response
}
