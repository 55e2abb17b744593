//! `bench explain`: asks a gateway in this process for every list that the API offers and for what is asked most, catches
//! the statements that it runs, and has the database explain each. A sequential scan of a big table, or a sort of more
//! than a page, fails.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Body, http::Request};
use claimant_gateway::{auth::demo::DemoIssuer, clock::Clock, gateway, opaque::NodeType};
use http_body_util::BodyExt;
use sea_orm::Statement;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    Failure,
    load::directory::MINISTRY,
    locks::{ROLE, make_role},
    place::{Place, token},
    sql::connect,
};

mod asked;
mod plan;

use asked::{Asked, By, Known};
use plan::{Explainer, Judged};

/// The statements that were run, in their order.
type Caught = Arc<Mutex<Vec<Statement>>>;

/// A gateway in this process, whose statements are caught.
struct Watched {
    router: Router,
    caught: Caught,
    tokens: BTreeMap<By, String>,
}

/// Explains everything.
///
/// # Errors
/// When a statement is not served by an index, or something fails.
pub async fn run(place: &Place, row_security: bool) -> Result<(), Failure> {
    let known = Explainer::open(place).await?.known(place).await?;
    if !row_security {
        return explain(place, &known).await;
    }
    make_role(&connect(place.url()).await?).await?;
    let laid = place.with_row_security(true).open_database().await;
    let explained = match laid {
        Ok(_) => {
            let served = place.as_role(ROLE, true);
            explain(&served, &known).await
        }
        Err(failure) => Err(failure),
    };
    place.with_row_security(false).open_database().await?;
    explained
}

async fn explain(place: &Place, known: &Known) -> Result<(), Failure> {
    let explainer = Explainer::open(place).await?;
    let issuer = place.issuer()?;
    let watched = Watched::open(place, &issuer, known).await?;
    let mut seen = BTreeMap::<String, &'static str>::new();
    let (mut faults, mut explained) = (Vec::new(), 0);
    for asked in asked::all(known) {
        let mut viewer = None;
        for statement in watched.statements(&asked).await? {
            if plan::names_viewer(&statement) {
                viewer = Some(statement);
                continue;
            }
            if !plan::is_explainable(&statement.sql) || seen.contains_key(&statement.sql) {
                continue;
            }
            seen.insert(statement.sql.clone(), asked.name);
            explained += 1;
            let judged = explainer.explain(&statement, viewer.as_ref()).await?;
            println!("{:40} {}", asked.name, judged.told);
            if !asked.scans && !place.has_row_security() {
                note(&mut faults, &asked, &statement, judged);
            }
        }
    }
    println!(
        "{explained} statements explained, {} at fault",
        faults.len()
    );
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Text(faults.join("\n\n")))
    }
}

fn note(faults: &mut Vec<String>, asked: &Asked, statement: &Statement, judged: Judged) {
    let text = |fault: String| format!("{}: {fault}\n  {statement}", asked.name);
    faults.extend(judged.faults.into_iter().map(text));
}

impl Watched {
    async fn open(place: &Place, issuer: &DemoIssuer, known: &Known) -> Result<Self, Failure> {
        let mut database = place.open_as_it_is().await?;
        let caught = Caught::default();
        let catching = caught.clone();
        database.observe_whole_statements(move |statement| {
            let mut caught = catching.lock().unwrap_or_else(PoisonError::into_inner);
            caught.push(statement.clone());
        });
        let store = place.store(database);
        let config = place.config()?;
        let clock = Clock::system();
        let router = gateway::router(&config, &store, &clock, Some(issuer), Router::new())
            .map_err(|error| Failure::Text(error.to_string()))?;
        let tokens = [
            (By::Provider, known.provider.1.as_str()),
            (By::Agency, known.agency.1.as_str()),
            (By::Ministry, MINISTRY),
        ];
        let tokens = tokens
            .into_iter()
            .map(|(by, code)| Ok((by, token(issuer, code)?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Self {
            router,
            caught,
            tokens,
        })
    }

    /// The statements by which a request is answered.
    async fn statements(&self, asked: &Asked) -> Result<Vec<Statement>, Failure> {
        // The first time the directory is read as well, which is then remembered.
        let mut caught = self.answered(asked).await?;
        if !asked.writes {
            caught.extend(self.answered(asked).await?);
        }
        Ok(caught)
    }

    async fn answered(&self, asked: &Asked) -> Result<Vec<Statement>, Failure> {
        let bearer = self.tokens.get(&asked.by).cloned().unwrap_or_default();
        let body = json!({ "query": asked.query, "variables": asked.variables }).to_string();
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {bearer}"))
            .body(Body::from(body))
            .map_err(|error| Failure::Text(error.to_string()))?;
        let answer = match self.router.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let body = answer.into_body().collect().await;
        let body = body
            .map_err(|error| Failure::Text(error.to_string()))?
            .to_bytes();
        let answer: Value = serde_json::from_slice(&body)?;
        if answer.get("errors").is_some() || answer.to_string().contains("\"userErrors\":[{") {
            return Err(Failure::Text(format!("{}: {answer}", asked.name)));
        }
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *caught))
    }
}

/// The public id of a row.
fn public(place: &Place, node: NodeType, id: Uuid) -> String {
    place.keys().id(node, id)
}
