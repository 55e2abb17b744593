//! Whatever happens, in whatever order: the stored grants are what a recomputation says, and a party sees of a person what
//! an independent reading of relations and wishes says. And what went wrong in a database is found, named and mended.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::{
    opaque::NodeType,
    store::grant::verify::{Difference, Fault},
};
use entity::{AccessGroup, OrganizationId};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::common::{
    Engine, Fresh,
    app::TestApp,
    journey::{because, outcome},
    on_both_databases,
};

/// Three organizations that may come to know of the person; each has a service.
const OTHERS: [&str; 3] = ["provider", "other-provider", "far-provider"];
const CATEGORIES: [&str; 2] = ["EMPLOYMENT", "HOUSING"];

/// One thing that happens.
#[derive(Clone, Debug)]
enum Doing {
    Consent {
        sibling: bool,
        to: usize,
        category: usize,
        identity: bool,
        days: Option<i64>,
        refused: bool,
    },
    WithdrawConsent(usize),
    Exclude {
        sibling: bool,
        from: usize,
    },
    EndExclusion(usize),
    Send {
        to: usize,
        category: usize,
        together: bool,
    },
    SendOpenly {
        category: usize,
        together: bool,
    },
    Work {
        which: usize,
        step: Step,
    },
    Wait(i64),
}

/// What is done with a referral.
#[derive(Clone, Debug)]
enum Step {
    Claim { by: usize },
    Accept,
    Decline,
    Complete,
    Cancel,
    Void,
    Reroute { to: usize },
    Resubmit { to: usize },
    Split { to: usize, category: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let other = 0..OTHERS.len();
    prop_oneof![
        1 => other.clone().prop_map(|by| Step::Claim { by }),
        6 => Just(Step::Accept),
        1 => Just(Step::Decline),
        4 => Just(Step::Complete),
        1 => Just(Step::Cancel),
        1 => Just(Step::Void),
        1 => other.clone().prop_map(|to| Step::Reroute { to }),
        1 => other.clone().prop_map(|to| Step::Resubmit { to }),
        1 => (other, 0..CATEGORIES.len()).prop_map(|(to, category)| Step::Split { to, category }),
    ]
}

fn doing() -> impl Strategy<Value = Doing> {
    let (other, category, some) = (0..OTHERS.len(), 0..CATEGORIES.len(), 0..4_usize);
    let days = proptest::option::of(1..40_i64);
    let refused = proptest::bool::weighted(0.2);
    prop_oneof![
        4 => (any::<bool>(), 0..5_usize, category.clone(), any::<bool>(), days, refused).prop_map(
            |(sibling, to, category, identity, days, refused)| Doing::Consent { sibling, to, category, identity, days, refused }
        ),
        1 => some.clone().prop_map(Doing::WithdrawConsent),
        2 => (any::<bool>(), other.clone()).prop_map(|(sibling, from)| Doing::Exclude { sibling, from }),
        1 => some.clone().prop_map(Doing::EndExclusion),
        4 => (other, category.clone(), any::<bool>()).prop_map(|(to, category, together)| Doing::Send { to, category, together }),
        1 => (category, any::<bool>()).prop_map(|(category, together)| Doing::SendOpenly { category, together }),
        12 => (some, step()).prop_map(|(which, step)| Doing::Work { which, step }),
        2 => (1..60_i64).prop_map(Doing::Wait),
    ]
}

/// Two claimants of the agency, and what the test itself knows to have happened.
struct History<'a> {
    app: &'a TestApp,
    claimant: Value,
    /// Who is in some of the claimant's referrals also.
    sibling: Value,
    consents: Vec<Value>,
    exclusions: Vec<Value>,
    referrals: Vec<Value>,
    /// Those of them that are for both.
    together: BTreeSet<String>,
    /// When each referral was completed.
    completed: BTreeMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
}

impl<'a> History<'a> {
    /// Somebody who has consented to a good deal.
    async fn begin(app: &'a TestApp) -> Self {
        let mut history = Self {
            app,
            claimant: app.as_agency().registers("Testa").await,
            sibling: app.as_agency().registers("Testb").await,
            together: BTreeSet::new(),
            consents: Vec::new(),
            exclusions: Vec::new(),
            referrals: Vec::new(),
            completed: BTreeMap::new(),
            now: crate::common::app::monday(),
        };
        for category in 0..CATEGORIES.len() {
            let given = Doing::Consent {
                sibling: false,
                to: 3,
                category,
                identity: category == 0,
                days: None,
                refused: false,
            };
            history.go(&given).await;
        }
        history
    }

    fn person(&self, sibling: bool) -> &Value {
        if sibling {
            &self.sibling
        } else {
            &self.claimant
        }
    }

    fn organization(&self, which: usize) -> Value {
        let world = &self.app.world;
        let id: OrganizationId = [world.provider, world.other_provider, world.far_provider][which];
        self.app.public_id(NodeType::Organization, id)
    }

    fn service(&self, which: usize) -> Value {
        [
            self.app.service(),
            self.app.other_service(),
            self.app.northern_service(),
        ][which]
            .clone()
    }

    fn pick(of: &[Value], which: usize) -> Option<Value> {
        (!of.is_empty()).then(|| of[which % of.len()].clone())
    }

    /// Does something if it can be done; the object that came of it.
    async fn attempt(
        &self,
        who: &str,
        mutation: &str,
        object: &str,
        input: Value,
    ) -> Option<Value> {
        let selection = format!("{object} {{ id }}");
        let answer = self
            .app
            .client(who)
            .mutate(mutation, input, &selection)
            .await;
        let payload = &answer.data()[mutation];
        (payload["userErrors"] == json!([])).then(|| payload[object]["id"].clone())
    }

    /// Does something with a referral as whoever owns it, or as the agency.
    async fn act(
        &self,
        mutation: &str,
        which: usize,
        by_owner: bool,
        more: Value,
    ) -> Option<Value> {
        let id = Self::pick(&self.referrals, which)?;
        let seen = self
            .app
            .as_agency()
            .sees_id(&id, "version owner { name }")
            .await;
        let owner = seen["owner"]["name"]
            .as_str()
            .and_then(|name| name.strip_prefix("Test "));
        let who = if by_owner { owner? } else { "agency" };
        let mut input = json!({ "id": id, "expectedVersion": seen["version"] });
        input.as_object_mut()?.extend(more.as_object()?.clone());
        self.attempt(who, mutation, "referral", input)
            .await
            .map(|_| id)
    }

    async fn go(&mut self, doing: &Doing) {
        match doing {
            Doing::Consent {
                sibling,
                to,
                category,
                identity,
                days,
                refused,
            } => {
                let groups = if *identity {
                    json!(["IDENTITY"])
                } else {
                    json!([])
                };
                let mut input = json!({ "claimantId": self.person(*sibling), "purposes": [CATEGORIES[*category]], "fieldGroups": groups,
                    "method": "VERBAL", "refused": refused,
                    "expiresAt": days.map(|days| (self.now + TimeDelta::days(days)).to_rfc3339()) });
                match to {
                    3 => input["anyParty"] = json!(true),
                    4 => input["recipientKinds"] = json!(["EMPLOYMENT_SERVICE"]),
                    to => input["recipientIds"] = json!([self.organization(*to)]),
                }
                self.consents.extend(
                    self.attempt("agency", "consentRecord", "consent", input)
                        .await,
                );
            }
            Doing::WithdrawConsent(which) => {
                if let Some(id) = Self::pick(&self.consents, *which) {
                    self.attempt("agency", "consentWithdraw", "consent", json!({ "id": id }))
                        .await;
                }
            }
            Doing::Exclude { sibling, from } => {
                let input = json!({ "claimantId": self.person(*sibling), "organizationId": self.organization(*from) });
                self.exclusions.extend(
                    self.attempt("agency", "exclusionRecord", "exclusion", input)
                        .await,
                );
            }
            Doing::EndExclusion(which) => {
                if let Some(id) = Self::pick(&self.exclusions, *which) {
                    self.attempt("agency", "exclusionEnd", "exclusion", json!({ "id": id }))
                        .await;
                }
            }
            Doing::Send {
                to,
                category,
                together,
            } => self.send(Some(*to), *category, *together).await,
            Doing::SendOpenly { category, together } => {
                self.send(None, *category, *together).await;
            }
            Doing::Wait(days) => {
                self.now += TimeDelta::days(*days);
                self.app.clock.set(self.now);
            }
            Doing::Work { which, step } => self.work(*which, step).await,
        }
        // Nothing happens twice at one moment.
        self.now += TimeDelta::seconds(1);
        self.app.clock.set(self.now);
    }

    async fn work(&mut self, which: usize, step: &Step) {
        let (mutation, by_owner, more) = match step {
            Step::Claim { by } => return self.claim(which, *by).await,
            Step::Split { to, category } => return self.split(which, *to, *category).await,
            Step::Resubmit { to } => return self.resubmit(which, *to).await,
            Step::Accept => ("referralAccept", true, json!({})),
            Step::Decline => ("referralDecline", true, because("NOT_ELIGIBLE")),
            Step::Complete => ("referralComplete", true, outcome("HOUSED")),
            Step::Cancel => ("referralCancel", false, because("OTHER")),
            Step::Void => ("referralVoid", false, because("OTHER")),
            Step::Reroute { to } => {
                let more = json!({ "serviceId": self.service(*to), "reason": "WRONG_SERVICE" });
                ("referralReroute", false, more)
            }
        };
        let done = self.act(mutation, which, by_owner, more).await;
        if let (Some(id), Step::Complete) = (done, step) {
            self.completed.insert(id.to_string(), self.now);
        }
    }

    async fn claim(&self, which: usize, by: usize) {
        if let Some(id) = Self::pick(&self.referrals, which) {
            let seen = self.app.as_agency().sees_id(&id, "version").await;
            let input = json!({ "id": id, "expectedVersion": seen["version"] });
            self.attempt(OTHERS[by], "referralClaim", "referral", input)
                .await;
        }
    }

    async fn resubmit(&mut self, which: usize, to: usize) {
        let Some(old) = Self::pick(&self.referrals, which) else {
            return;
        };
        let input =
            json!({ "id": old, "serviceId": self.service(to), "acknowledgeDuplicate": true });
        let new = self
            .attempt("agency", "referralResubmit", "referral", input)
            .await;
        if let Some(new) = new {
            if self.together.contains(&old.to_string()) {
                self.together.insert(new.to_string());
            }
            self.referrals.push(new);
        }
    }

    async fn send(&mut self, to: Option<usize>, category: usize, together: bool) {
        let input = json!({ "claimantId": self.claimant, "category": CATEGORIES[category], "send": true,
            "alsoForClaimantIds": together.then_some([&self.sibling]),
            "serviceId": to.map(|to| self.service(to)), "acknowledgeDuplicate": true });
        let sent = self
            .attempt("agency", "referralCreate", "referral", input)
            .await;
        self.together
            .extend(sent.iter().filter(|_| together).map(Value::to_string));
        self.referrals.extend(sent);
    }

    async fn split(&mut self, which: usize, to: usize, category: usize) {
        let Some(id) = Self::pick(&self.referrals, which) else {
            return;
        };
        let seen = self
            .app
            .as_agency()
            .sees_id(&id, "version owner { name }")
            .await;
        let Some(owner) = seen["owner"]["name"]
            .as_str()
            .and_then(|name| name.strip_prefix("Test "))
        else {
            return;
        };
        let input = json!({ "id": id, "expectedVersion": seen["version"], "category": CATEGORIES[category], "serviceId": self.service(to) });
        self.referrals.extend(
            self.attempt(owner, "referralSplit", "referral", input)
                .await,
        );
    }

    /// What an organization should see of a person: nothing, or whether the identity. Of the sibling nothing at all is
    /// seen but by the sibling's own consent.
    fn expected(
        &self,
        name: &str,
        sibling: bool,
        person: &Value,
        referrals: &[Value],
    ) -> Option<bool> {
        let excluded = person["exclusions"].as_array().expect("exclusions").iter();
        let called = format!("Test {name}");
        if excluded
            .clone()
            .any(|each| each["endedAt"].is_null() && each["organization"]["name"] == *called)
        {
            return None;
        }
        let consents = person["consents"].as_array().expect("consents");
        let about = |consent: &Value, category: &Value| {
            let named = consent["recipients"]
                .as_array()
                .expect("recipients")
                .iter()
                .any(|each| each["name"] == *called);
            let kind = consent["recipientKinds"] == json!(["EMPLOYMENT_SERVICE"])
                && name != "other-provider";
            consent["purposes"][0] == *category && (named || kind || consent["anyParty"] == true)
        };
        let open = |category: &Value, whatever: bool| {
            let refusals = consents
                .iter()
                .filter(|each| each["status"] == "REFUSED" && about(each, category));
            let last = refusals.filter_map(|each| each["givenAt"].as_str()).max();
            consents.iter().any(|each| {
                each["status"] == "ACTIVE"
                    && (whatever || each["fieldGroups"] == json!(["IDENTITY"]))
                    && about(each, category)
                    && each["givenAt"].as_str() > last
            })
        };
        let lasting = |referral: &Value| {
            let completed = self.completed.get(&referral["id"].to_string());
            completed.is_none_or(|at| self.now < *at + TimeDelta::days(90))
        };
        let mut expected = None;
        for referral in referrals.iter().filter(|referral| lasting(referral)) {
            let taken_on = matches!(referral["status"].as_str(), Some("ACCEPTED" | "COMPLETED"));
            if !taken_on && referral["status"] != "REQUESTED" {
                continue;
            }
            let owns = referral["owner"]["name"] == *called;
            if owns || referral["source"]["name"] == *called {
                let category = &referral["category"];
                if sibling && !(self.is_together(referral) && open(category, true)) {
                    continue;
                }
                let identity = owns && taken_on && open(category, false);
                expected = Some(expected.unwrap_or(false) || identity);
            }
        }
        expected
    }

    fn is_together(&self, referral: &Value) -> bool {
        self.together.contains(&referral["id"].to_string())
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let batch = self
            .app
            .store
            .unscoped_verify_grants(None, false)
            .await
            .expect("grants are compared");
        prop_assert_eq!(batch.differences, []);
        let agency = self.app.as_agency();
        let own = "referrals(first: 100) { edges { node { id status category owner { name } source { name } } } }";
        let seen = agency.sees_claimant(&self.claimant, own).await;
        let edges = seen["referrals"]["edges"].as_array().expect("referrals");
        let referrals: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
        for sibling in [false, true] {
            let person = agency
                .sees_claimant(
                    self.person(sibling),
                    "exclusions { endedAt organization { name } }
                     consents { status purposes fieldGroups anyParty recipientKinds givenAt recipients { name } }",
                )
                .await;
            for name in OTHERS {
                let seen = self
                    .app
                    .client(name)
                    .sees_claimant(self.person(sibling), "identity { fullName } identityAccess")
                    .await;
                let told = (!seen.is_null()).then(|| !seen["identity"].is_null());
                prop_assert_eq!(
                    told,
                    self.expected(name, sibling, &person, &referrals),
                    "{} sees {} of {}",
                    name,
                    seen,
                    person
                );
            }
        }
        Ok(())
    }
}

#[test]
fn random_histories_leave_the_grants_that_they_should() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 32,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&proptest::collection::vec(doing(), 8..32), |steps| {
            runtime.block_on(async {
                let app = TestApp::fresh(Engine::Sqlite)
                    .await
                    .expect("SQLite is always there");
                let mut history = History::begin(&app).await;
                for step in &steps {
                    history.go(step).await;
                    history.check().await?;
                }
                Ok(())
            })
        })
        .expect("every history is as it should be");
}

on_both_databases! {
    async fn what_is_missing_and_what_is_surplus_is_named_and_mended(app: TestApp) {
        let agency = app.as_agency();
        let sent = agency.refers().await;
        let accepted = app.as_provider().does("referralAccept", &sent, Value::Null).await;
        let identity = async || app.as_provider().sees(&accepted, "claimant { id identityAccess }").await["claimant"].clone();
        let claimant = identity().await["id"].as_str().expect("an id").to_owned();
        let database = app.database.connect().await;
        database.execute_unprepared("DELETE FROM access_grant WHERE access_group = 'IDENTITY'").await.expect("SQL");
        database.execute_unprepared("UPDATE access_grant SET access_group = 'CLAIM_STATUS' WHERE access_group = 'OPEN_PART'").await.expect("SQL");
        let difference = |fault, group| Difference {
            fault,
            claimant: claimant.clone(),
            organization: "provider".to_owned(),
            group,
            category: None,
            referral: accepted.id.as_str().expect("an id").to_owned(),
        };
        let mut expected = vec![
            difference(Fault::Missing, AccessGroup::OpenPart),
            difference(Fault::Missing, AccessGroup::Identity),
            difference(Fault::Surplus, AccessGroup::ClaimStatus),
        ];
        expected.sort_by_key(|difference| difference.group);
        for repair in [false, true] {
            let batch = app.store.unscoped_verify_grants(None, repair).await.expect("grants are compared");
            assert_eq!((batch.claimants, &batch.differences), (1, &expected));
        }
        let batch = app.store.unscoped_verify_grants(None, false).await.expect("grants are compared");
        assert_eq!(batch.differences, []);
        assert_eq!(identity().await["identityAccess"], "GRANTED");
    }
}
