//! Journeys of made-up people, walked over HTTP with tokens of the demo: each step is told in both languages, with what
//! its caller sees. This is the stepping that all of them share; each journey is a module of its own.
use std::{
    io::{self, Write},
    net::SocketAddr,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{DemoJourney, Failure};
use crate::clock::{Clock, ClockHandle};

mod family;
mod monday;
mod outline;
mod referral;

/// Why a journey ended early.
#[derive(Debug, thiserror::Error)]
enum JourneyError {
    #[error("step {step} was not answered as it should be: {answer}")]
    Refused { step: usize, answer: Value },
    #[error("the journey ended with {0} and not with COMPLETED")]
    NotCompleted(Value),
    #[error("step {0} waited in vain for what the feed should tell")]
    Untold(usize),
}

/// What a journey is walked with: where the gateway answers, tokens for it, and its time, which a journey can move.
pub(super) struct Scene {
    pub(super) address: SocketAddr,
    pub(super) agency: String,
    pub(super) provider: String,
    pub(super) housing: String,
    pub(super) ministry: String,
    pub(super) clock: Clock,
    pub(super) hands: ClockHandle,
}

/// Walks a journey and prints it.
pub(super) async fn walk(name: DemoJourney, scene: Scene) -> Result<(), Failure> {
    let walk = Walk::new(scene);
    match name {
        DemoJourney::Referral => walk.referral().await,
        DemoJourney::Family => walk.family().await,
        DemoJourney::Monday => walk.monday().await,
    }
}

struct Walk {
    endpoint: String,
    client: reqwest::Client,
    scene: Scene,
    step: usize,
}

/// Who speaks in a step.
#[derive(Clone, Copy)]
enum Who {
    Agency,
    Provider,
    Housing,
    Ministry,
}

impl Who {
    const fn label(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Provider => "provider",
            Self::Housing => "housing service",
            Self::Ministry => "ministry",
        }
    }
}

impl Walk {
    fn new(scene: Scene) -> Self {
        Self {
            endpoint: format!("http://{}/graphql", scene.address),
            client: reqwest::Client::new(),
            scene,
            step: 0,
        }
    }

    fn say(&mut self, who: Who, english: &str, french: &str) -> Result<(), Failure> {
        self.headed(who.label(), english, french)
    }

    fn headed(&mut self, who: &str, english: &str, french: &str) -> Result<(), Failure> {
        self.step += 1;
        let step = self.step;
        // Each step takes its time.
        self.scene.hands.advance(TimeDelta::minutes(1));
        writeln!(io::stdout(), "\n{step}. [{who}] {english}\n   {french}")?;
        Ok(())
    }

    /// Lets time pass.
    fn later(&mut self, by: TimeDelta, english: &str, french: &str) -> Result<(), Failure> {
        self.scene.hands.advance(by);
        self.headed("time", english, french)
    }

    fn now(&self) -> DateTime<Utc> {
        self.scene.clock.now()
    }

    /// The day that it is in Toronto.
    fn today(&self) -> String {
        crate::domain::business_days::toronto_date(self.now()).to_string()
    }

    /// Asks as somebody; the whole answer.
    async fn answer(&self, who: Who, query: &str, variables: Value) -> Result<Value, Failure> {
        let token = match who {
            Who::Agency => &self.scene.agency,
            Who::Provider => &self.scene.provider,
            Who::Housing => &self.scene.housing,
            Who::Ministry => &self.scene.ministry,
        };
        Ok(self
            .client
            .post(&self.endpoint)
            .bearer_auth(token)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await?
            .json()
            .await?)
    }

    /// Asks as somebody; the data of an answer in which nothing was refused.
    async fn call(&self, who: Who, query: &str, variables: Value) -> Result<Value, Failure> {
        let answer = self.answer(who, query, variables).await?;
        let mended = answer["data"].as_object().is_none_or(|fields| {
            fields
                .values()
                .all(|payload| payload["userErrors"].as_array().is_none_or(Vec::is_empty))
        });
        if answer.get("errors").is_some() || !mended {
            let step = self.step;
            return Err(JourneyError::Refused { step, answer }.into());
        }
        Ok(answer["data"].clone())
    }

    /// Asks as somebody, prints the answer as it came, and returns the data.
    async fn ask(&self, who: Who, query: &str, variables: Value) -> Result<Value, Failure> {
        let data = self.call(who, query, variables).await?;
        let text = serde_json::to_string_pretty(&data)?;
        for line in text.lines() {
            writeln!(io::stdout(), "   {line}")?;
        }
        Ok(data)
    }

    /// A mutation with one input, printed as it came; the payload.
    async fn act(
        &self,
        who: Who,
        (mutation, input_type): (&str, &str),
        input: Value,
        selection: &str,
    ) -> Result<Value, Failure> {
        let query = document((mutation, input_type), selection);
        let data = self.ask(who, &query, json!({ "input": input })).await?;
        Ok(data[mutation].clone())
    }

    /// A mutation with one input, of which nothing is printed; the payload.
    async fn done(
        &self,
        who: Who,
        (mutation, input_type): (&str, &str),
        input: Value,
        selection: &str,
    ) -> Result<Value, Failure> {
        let query = document((mutation, input_type), selection);
        let data = self.call(who, &query, json!({ "input": input })).await?;
        Ok(data[mutation].clone())
    }

    /// A mutation with one input, and in few words what it left; the payload.
    async fn does(
        &self,
        who: Who,
        mutation: (&str, &str),
        input: Value,
        selection: &str,
    ) -> Result<Value, Failure> {
        let payload = self.done(who, mutation, input, selection).await?;
        print(&payload)?;
        Ok(payload)
    }

    /// A mutation that is to be refused, and how it is.
    async fn may_not(
        &self,
        who: Who,
        (mutation, input_type): (&str, &str),
        input: Value,
    ) -> Result<(), Failure> {
        let query = document((mutation, input_type), "");
        let answer = self.answer(who, &query, json!({ "input": input })).await?;
        let refusal = &answer["data"][mutation]["userErrors"][0];
        let (Some(code), Some(message)) = (refusal["code"].as_str(), refusal["message"].as_str())
        else {
            let step = self.step;
            return Err(JourneyError::Refused { step, answer }.into());
        };
        line(&format!("refused: {code}: {message}"))
    }

    /// What somebody sees, in few words; the data.
    async fn look(&self, who: Who, query: &str, variables: Value) -> Result<Value, Failure> {
        let data = self.call(who, query, variables).await?;
        print(&data)?;
        Ok(data)
    }
}

fn document((mutation, input_type): (&str, &str), selection: &str) -> String {
    format!(
        "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection} userErrors {{ code message }} }} }}"
    )
}

/// Prints an answer in few words.
fn print(value: &Value) -> Result<(), Failure> {
    for text in outline::lines(value) {
        line(&text)?;
    }
    Ok(())
}

/// Prints one line under a step.
fn line(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "   {text}")?;
    Ok(())
}
