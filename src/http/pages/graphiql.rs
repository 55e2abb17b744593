//! GraphiQL, out of the binary: a page that holds a token loads nothing from another host. It owns the files and the
//! policy they are served under; it must not know routes, tokens or the schema.
//!
//! The page lives at `/graphiql`, without a closing slash: its references are relative, so that it also works below a
//! path of a reverse proxy. It asks `graphql`, `graphql/stream` and, if there is one, `graphiql/demo.json`.

use super::Asset;

/// The page itself.
pub const PAGE_PATH: &str = "/graphiql";

/// What the browser may do on this page: talk to this gateway, and nothing else. There are no inline scripts, and no
/// code is made from text. Styles are the exception: the dialogs and menus of GraphiQL put `style` elements into the
/// page while they are open, and have no way to give them a nonce that a fixed policy could name.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Everything the page consists of. `tools/graphiql/README.md` tells where the files come from.
pub const ASSETS: &[Asset] = &[
    Asset {
        path: PAGE_PATH,
        content_type: "text/html; charset=utf-8",
        bytes: include_bytes!("graphiql/index.html"),
    },
    Asset {
        path: "/graphiql/start.js",
        content_type: SCRIPT,
        bytes: include_bytes!("graphiql/start.js"),
    },
    Asset {
        path: "/graphiql/page.css",
        content_type: STYLE,
        bytes: include_bytes!("graphiql/page.css"),
    },
    Asset {
        path: "/graphiql/graphiql.min.js",
        content_type: SCRIPT,
        bytes: include_bytes!("graphiql/graphiql.min.js"),
    },
    Asset {
        path: "/graphiql/graphiql.min.css",
        content_type: STYLE,
        bytes: include_bytes!("graphiql/graphiql.min.css"),
    },
    Asset {
        path: "/graphiql/react.min.js",
        content_type: SCRIPT,
        bytes: include_bytes!("graphiql/react.min.js"),
    },
    Asset {
        path: "/graphiql/react-dom.min.js",
        content_type: SCRIPT,
        bytes: include_bytes!("graphiql/react-dom.min.js"),
    },
    Asset {
        path: "/graphiql/LICENSES.txt",
        content_type: "text/plain; charset=utf-8",
        bytes: include_bytes!("graphiql/LICENSES.txt"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> &'static str {
        let page = ASSETS
            .iter()
            .find(|asset| asset.path == PAGE_PATH)
            .expect("the page");
        std::str::from_utf8(page.bytes).expect("the page is UTF-8")
    }

    /// What stands between an attribute's name and the closing quote, each time it occurs in the page.
    fn attribute(name: &str) -> Vec<&'static str> {
        let opening = format!(" {name}=\"");
        page()
            .split(opening.as_str())
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn every_script_and_style_that_the_page_names_is_served() {
        let named: Vec<&str> = attribute("src")
            .into_iter()
            .chain(
                attribute("href")
                    .into_iter()
                    .filter(|target| target.ends_with(".css")),
            )
            .collect();
        assert_eq!(named.len(), 6);
        for target in named {
            let path = format!("/{target}");
            assert!(
                ASSETS.iter().any(|asset| asset.path == path),
                "{path} is not served"
            );
        }
    }

    #[test]
    fn the_page_refers_to_no_other_host_and_holds_no_script_of_its_own() {
        for target in attribute("src").into_iter().chain(attribute("href")) {
            assert!(!target.contains("//"), "{target}");
        }
        for script in page().split("<script").skip(1) {
            assert!(
                script.starts_with(" src="),
                "an inline script breaks the policy"
            );
        }
        assert!(
            !page().contains(" on"),
            "an inline handler breaks the policy"
        );
    }

    #[test]
    fn every_text_of_the_page_is_there_in_both_languages() {
        let script = include_str!("graphiql/start.js");
        let keys = |language: &str| -> Vec<&str> {
            let opening = format!("\n    {language}: {{\n");
            let (_, rest) = script
                .split_once(opening.as_str())
                .expect("the language has texts");
            let (texts, _) = rest.split_once("\n    },").expect("the texts end");
            texts
                .lines()
                .filter_map(|line| line.trim().split_once(": "))
                .map(|(key, _)| key)
                .collect()
        };
        assert!(keys("en").len() > 10);
        assert_eq!(keys("en"), keys("fr"));
    }
}
