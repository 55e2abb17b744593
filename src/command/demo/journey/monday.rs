//! A Monday at the provider's intake desk: sixty requests wait, and by the evening each has an answer, a place on a
//! waiting list, or a question of the desk that its sender is to answer.
use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Failure, JourneyError, Walk, Who, line};

const BULK: (&str, &str) = ("referralBulkAct", "ReferralBulkActInput");
const QUESTION: &str =
    "Has the person been helped with this before? / La personne a-t-elle déjà été aidée ?";
const RESULTS: &str = "results { referral { id version } userErrors { code message } }";

/// One row of the inbox.
#[derive(Clone)]
struct Row {
    id: Value,
    version: Value,
    reference: String,
}

impl Walk {
    pub(super) async fn monday(mut self) -> Result<(), Failure> {
        let began = self.now();
        self.counts(
            "comes in and looks at the tabs of its inbox",
            "arrive et regarde les onglets de sa boîte de réception",
        )
        .await?;
        let rows = self.what_waits().await?;
        let [accepted, declined, waitlisted, asked] = parts(&rows);
        let accepted = self.accepts(accepted).await?;
        self.declines(declined).await?;
        self.waitlists(waitlisted).await?;
        self.asks_of(asked).await?;
        self.shares_out(&accepted).await?;
        self.counts("looks at the tabs again", "regarde de nouveau les onglets")
            .await?;
        self.what_is_gone(declined).await?;
        self.what_the_agency_knows(began).await
    }

    async fn counts(&mut self, english: &str, french: &str) -> Result<(), Failure> {
        self.say(Who::Provider, english, french)?;
        let ask = "{ inboxSummary { waiting overdue mine unassigned waitlisted followUpDue } }";
        self.look(Who::Provider, ask, json!({})).await?;
        Ok(())
    }

    /// What waits, the urgent and the longest due first; the first of it is printed.
    async fn what_waits(&mut self) -> Result<Vec<Row>, Failure> {
        const SHOWN: usize = 12;
        self.say(
            Who::Provider,
            "reads what waits: the urgent first, and of these what was due first",
            "lit ce qui attend : l'urgent d'abord, et en tête ce qui était dû en premier",
        )?;
        let ask = "{ referrals(box: INBOX, filter: { status: [REQUESTED] }, orderBy: { field: URGENCY, direction: ASC }, first: 100) {
            edges { node { id version reference priority overdue dueAt category language interpreterNeeded source { name } } } } }";
        let data = self.call(Who::Provider, ask, json!({})).await?;
        let edges = data["referrals"]["edges"].as_array().cloned();
        let edges = edges.unwrap_or_default();
        for edge in edges.iter().take(SHOWN) {
            line(&told(&edge["node"]))?;
        }
        line(&format!(
            "… and {} more / et {0} autres",
            edges.len().saturating_sub(SHOWN)
        ))?;
        let rows = edges.iter().map(|edge| &edge["node"]).map(|node| Row {
            id: node["id"].clone(),
            version: node["version"].clone(),
            reference: text(&node["reference"]),
        });
        Ok(rows.collect())
    }

    /// Does one thing to many, for a reason or for somebody; what each is afterwards.
    async fn many(
        &self,
        (action, about): (&str, &str),
        rows: &[Row],
        more: &Value,
    ) -> Result<Vec<Row>, Failure> {
        let items: Vec<Value> = rows
            .iter()
            .map(|row| json!({ "id": row.id, "expectedVersion": row.version }))
            .collect();
        let mut input = json!({ "action": action, "items": items });
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        let done = self.done(Who::Provider, BULK, input, RESULTS).await?;
        let results = done["results"].as_array().cloned().unwrap_or_default();
        let refused = |result: &&Value| result["userErrors"] != json!([]);
        if let Some(answer) = results.iter().find(refused).cloned() {
            let step = self.step;
            return Err(JourneyError::Refused { step, answer }.into());
        }
        let what = format!("{action} {about}");
        let (what, count) = (what.trim_end(), results.len());
        line(&format!("{what}: {count} in one call / d'un coup"))?;
        let after = rows.iter().zip(results).map(|(row, result)| Row {
            version: Some(&result["referral"]["version"])
                .filter(|version| !version.is_null())
                .unwrap_or(&row.version)
                .clone(),
            ..row.clone()
        });
        Ok(after.collect())
    }

    async fn accepts(&mut self, rows: &[Row]) -> Result<Vec<Row>, Failure> {
        self.say(
            Who::Provider,
            "accepts the first forty, in two calls",
            "accepte les quarante premiers, en deux appels",
        )?;
        let mut accepted = Vec::new();
        for part in rows.chunks(20) {
            accepted.extend(self.many(("ACCEPT", ""), part, &json!({})).await?);
        }
        Ok(accepted)
    }

    async fn declines(&mut self, rows: &[Row]) -> Result<(), Failure> {
        self.say(
            Who::Provider,
            "declines twelve, and says why",
            "en refuse douze, en disant pourquoi",
        )?;
        let reasons = ["NOT_ELIGIBLE", "OUT_OF_AREA", "LANGUAGE_UNAVAILABLE"];
        for (part, reason) in rows.chunks(4).zip(reasons) {
            self.many(("DECLINE", reason), part, &json!({ "reason": reason }))
                .await?;
        }
        Ok(())
    }

    async fn waitlists(&mut self, rows: &[Row]) -> Result<(), Failure> {
        self.say(
            Who::Provider,
            "has no place for five yet: it accepts them onto its waiting list, to be looked at again in two weeks",
            "n'a pas encore de place pour cinq : il les met en liste d'attente, à revoir dans deux semaines",
        )?;
        let review = (self.now() + TimeDelta::days(14)).to_rfc3339();
        for row in self.many(("ACCEPT", ""), rows, &json!({})).await? {
            let hold = json!({ "id": row.id, "expectedVersion": row.version, "reason": "AT_CAPACITY", "reviewAt": review });
            let hold_it = ("referralHold", "ReferralReasonInput");
            let selection = "referral { status subStatus reviewAt }";
            let held = self.done(Who::Provider, hold_it, hold, selection).await?;
            let held = &held["referral"];
            let (status, waits_for) = (text(&held["status"]), text(&held["subStatus"]));
            line(&format!(
                "{}  {status}  {waits_for}  {}",
                row.reference,
                day(&held["reviewAt"])
            ))?;
        }
        Ok(())
    }

    async fn asks_of(&mut self, rows: &[Row]) -> Result<(), Failure> {
        self.say(
            Who::Provider,
            "cannot answer three yet, and asks",
            "ne peut pas encore répondre à trois, et pose une question",
        )?;
        line(&format!("“{QUESTION}”"))?;
        for row in rows {
            let wait = json!({ "id": row.id, "expectedVersion": row.version, "subStatus": "NEEDS_INFORMATION" });
            let set = ("referralSetSubStatus", "ReferralSubStatusInput");
            let selection = "referral { status subStatus }";
            let set = self.done(Who::Provider, set, wait, selection).await?;
            let question = json!({ "referralId": row.id, "body": QUESTION });
            let message = ("messageSend", "MessageSendInput");
            self.done(Who::Provider, message, question, "referral { id }")
                .await?;
            let (status, waits_for) = (&set["referral"]["status"], &set["referral"]["subStatus"]);
            line(&format!(
                "{}  {}  {}",
                row.reference,
                text(status),
                text(waits_for)
            ))?;
        }
        Ok(())
    }

    async fn shares_out(&mut self, rows: &[Row]) -> Result<(), Failure> {
        self.say(
            Who::Provider,
            "shares out what it accepted: half to the worker who asks here, half to a colleague",
            "répartit ce qu'il a accepté : une moitié pour soi, l'autre pour une collègue",
        )?;
        let (mine, others) = rows.split_at(rows.len() / 2);
        let own = format!("{}-worker", crate::demo::PROVIDER);
        for (part, worker) in [(mine, own.as_str()), (others, "demo-colleague")] {
            self.many(("ASSIGN", worker), part, &json!({ "assignee": worker }))
                .await?;
        }
        Ok(())
    }

    async fn what_is_gone(&mut self, declined: &[Row]) -> Result<(), Failure> {
        self.say(
            Who::Provider,
            "sees nothing any more of what it declined",
            "ne voit plus rien de ce qu'il a refusé",
        )?;
        let ask = "query($id: ID!) { referral(id: $id) { status } }";
        let id = declined.first().map(|row| row.id.clone());
        self.look(Who::Provider, ask, json!({ "id": id })).await?;
        Ok(())
    }

    async fn what_the_agency_knows(&mut self, began: DateTime<Utc>) -> Result<(), Failure> {
        self.say(
            Who::Agency,
            "sees the same evening what became of those that it had sent there",
            "voit le soir même ce que sont devenus les siens",
        )?;
        let ask = "query($since: DateTime!) { referrals(box: OUTBOX, filter: { updatedSince: $since }, first: 100) {
            edges { node { reference status statusReason subStatus owner { name } assignee } } } }";
        let since = json!({ "since": began.to_rfc3339() });
        let data = self.call(Who::Agency, ask, since).await?;
        let edges = data["referrals"]["edges"].as_array().cloned();
        for edge in edges.unwrap_or_default() {
            let node = &edge["node"];
            let why: Vec<String> = [&node["statusReason"], &node["subStatus"]]
                .into_iter()
                .filter(|code| !code.is_null())
                .map(text)
                .collect();
            line(
                format!(
                    "{}  {:10} {}",
                    text(&node["reference"]),
                    text(&node["status"]),
                    why.join(" ")
                )
                .trim_end(),
            )?;
        }
        writeln!(io::stdout(), "\nCOMPLETED")?;
        Ok(())
    }
}

/// Of sixty: forty, twelve, five, three; of fewer, as far as they go.
fn parts(rows: &[Row]) -> [&[Row]; 4] {
    let mut rest = rows;
    [40, 12, 5, 3].map(|size| {
        let (part, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        part
    })
}

/// A request in one line.
fn told(node: &Value) -> String {
    let late = if node["overdue"] == true {
        "OVERDUE"
    } else {
        ""
    };
    let interpreter = if node["interpreterNeeded"] == true {
        ", interpreter / interprète"
    } else {
        ""
    };
    format!(
        "{}  {:7} {late:7} due/dû {}  {:22} {}{interpreter}  {}",
        text(&node["reference"]),
        text(&node["priority"]),
        day(&node["dueAt"]),
        text(&node["category"]),
        text(&node["language"]),
        text(&node["source"]["name"]),
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The day of a moment, in Toronto.
fn day(moment: &Value) -> String {
    let moment = moment
        .as_str()
        .and_then(|text| text.parse::<DateTime<Utc>>().ok());
    moment.map_or_else(String::new, |at| {
        crate::domain::business_days::toronto_date(at).to_string()
    })
}
