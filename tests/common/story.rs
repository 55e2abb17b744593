//! A claimant with something in every group of facts, and a referral, brought through the API to where a test begins.
//! Every text holds the story's label, so that it is found wherever it turns up.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use entity::{OrganizationId, ServiceId};
use serde_json::{Value, json};

use super::app::{Client, TestApp};

/// What a claimant consents to.
#[derive(Clone, Copy)]
pub struct Plot {
    pub label: &'static str,
    pub field_groups: &'static [&'static str],
    pub permission: &'static str,
    pub location_protected: bool,
    pub consent_expires_at: Option<&'static str>,
    /// Fifteen years old on the first of June 2026, sixteen on the fifteenth; a guardian consents.
    pub child: bool,
}

impl Plot {
    /// Consents to everything that a party could see.
    pub const fn open(label: &'static str) -> Self {
        Self {
            label,
            field_groups: &["IDENTITY", "CONTACT"],
            permission: "ANY",
            location_protected: false,
            consent_expires_at: None,
            child: false,
        }
    }
}

/// The ids of a story, as the API gives them. The agency registered the claimant.
pub struct Story {
    pub label: &'static str,
    pub claimant: Value,
    pub need: Value,
    pub consent: Value,
    /// Who is of the claimant's household, and referred with the claimant.
    pub kin: Vec<Value>,
    /// Null before there is one.
    pub referral: Value,
    pub version: i64,
}

/// The public id of a service.
pub fn service(app: &TestApp, id: ServiceId) -> Value {
    app.store.keys().id(NodeType::Service, id).into()
}

impl Story {
    /// The agency registers a claimant who needs work.
    pub async fn begin(app: &TestApp, plot: Plot) -> Self {
        let (agency, label) = (app.as_agency(), plot.label);
        let region = app.store.keys().id(NodeType::Region, app.world.central);
        let input = json!({
            "regionId": region, "municipality": format!("Town{label}"), "language": "spa",
            "officialLanguage": "FR", "interpreterNeeded": true,
            "ageBand": if plot.child { "FROM_12_TO_15" } else { "FROM_25_TO_54" },
            "locationProtected": plot.location_protected,
            "identity": { "givenName": format!("Given{label}"), "familyName": format!("Family{label}"),
                "preferredName": format!("Called{label}"),
                "birthDate": if plot.child { "2010-06-15" } else { "1990-04-01" }, "birthDatePrecision": "DAY", "gender": format!("Gender{label}") },
            "contact": { "permission": plot.permission, "points": [
                { "kind": "PHONE", "value": format!("Safe{label}"), "safety": "SAFE", "note": format!("Aside{label}") },
                { "kind": "EMAIL", "value": format!("Unsafe{label}"), "safety": "UNSAFE" } ] },
            "claimStatus": { "stage": "REFERRED_TO_IRB", "since": "2026-03-02", "rpcdExpiresOn": "2028-03-02",
                "workPermitExpiresOn": "2029-01-01", "sinSeries9": true, "sinExpiresOn": "2029-01-01", "ifhpProof": true },
            "identifiers": [{ "kind": "AGENCY_ID", "value": format!("Number{label}-7788"), "expiresOn": "2030-01-01" }],
        });
        let claimant = agency
            .done("claimantRegister", input, "claimant { id }")
            .await["claimant"]["id"]
            .clone();
        let trade = json!({ "claimantId": claimant, "title": format!("Trade{label}"), "nocCode": "72310", "years": 7,
            "country": format!("Country{label}"), "level": format!("Level{label}"), "regulator": format!("Regulator{label}") });
        agency
            .done("qualificationSave", trade, "claimant { id }")
            .await;
        let english = json!({ "claimantId": claimant, "language": "eng", "listening": 6, "speaking": 5,
            "reading": 4, "writing": 3, "assessedOn": "2026-05-01" });
        agency
            .done("languageAbilitySave", english, "claimant { id }")
            .await;
        let need =
            json!({ "claimantId": claimant, "category": "EMPLOYMENT", "wantedFrom": "2027-01-04" });
        let need = agency
            .done("needRecord", need, "claimant { needs { id } }")
            .await["claimant"]["needs"][0]["id"]
            .clone();
        let consent = json!({ "claimantId": claimant, "purposes": ["EMPLOYMENT", "HOUSING"], "anyParty": true,
            "recipientIds": [app.public_id(NodeType::Organization, app.world.provider)],
            "recipientKinds": ["EMPLOYMENT_SERVICE"],
            "fieldGroups": plot.field_groups, "method": "VERBAL", "language": "spa",
            "givenBy": if plot.child { "GUARDIAN" } else { "SELF" }, "expiresAt": plot.consent_expires_at });
        let consent = agency
            .done("consentRecord", consent, "consent { id }")
            .await["consent"]["id"]
            .clone();
        Self {
            label,
            claimant,
            need,
            consent,
            kin: Vec::new(),
            referral: Value::Null,
            version: 0,
        }
    }

    /// The agency registers two more people of the claimant's household; the first consents to what the claimant does.
    pub async fn with_kin(mut self, app: &TestApp) -> Self {
        for consents in [true, false] {
            let input = json!({ "householdOf": self.claimant, "identity": { "givenName": format!("Kin{}", self.label) } });
            let kin = app
                .as_agency()
                .done("claimantRegister", input, "claimant { id }")
                .await["claimant"]["id"]
                .clone();
            let consent = json!({ "claimantId": kin, "purposes": ["EMPLOYMENT"], "anyParty": true,
                "fieldGroups": ["IDENTITY"], "method": "VERBAL" });
            if consents {
                app.as_agency()
                    .done("consentRecord", consent, "consent { id }")
                    .await;
            }
            self.kin.push(kin);
        }
        self
    }

    /// The agency creates the referral; without a service it is open.
    pub async fn create(&mut self, app: &TestApp, service: Option<Value>, send: bool) {
        let input = json!({ "claimantId": self.claimant, "alsoForClaimantIds": self.kin, "category": "EMPLOYMENT", "serviceId": service,
            "summary": format!("Told{}", self.label), "partySize": 1 + self.kin.len(), "send": send });
        let created = app
            .as_agency()
            .done("referralCreate", input, "referral { id version }")
            .await;
        self.take(&created["referral"]);
    }

    /// A referral of a new claimant, addressed to the provider and sent.
    pub async fn sent(app: &TestApp, plot: Plot) -> Self {
        let mut story = Self::begin(app, plot).await;
        story
            .create(app, Some(service(app, app.world.service)), true)
            .await;
        story
    }

    /// The same, and the provider has accepted it.
    pub async fn accepted(app: &TestApp, plot: Plot) -> Self {
        let mut story = Self::sent(app, plot).await;
        story
            .act(&app.as_provider(), "referralAccept", json!({}))
            .await;
        story
    }

    /// The agency and the owner write to each other, and the owner books an appointment tomorrow.
    pub async fn spoken(self, app: &TestApp, owner: &'static str) -> Self {
        self.spoken_between(app, "agency", owner).await
    }

    /// The same with another source.
    pub async fn spoken_between(
        mut self,
        app: &TestApp,
        source: &'static str,
        owner: &'static str,
    ) -> Self {
        let (source, owner, label) = (app.client(source), app.client(owner), self.label);
        let said = json!({ "referralId": self.referral, "body": format!("Said{label}") });
        source.done("messageSend", said, "referral { id }").await;
        let tomorrow = app.now() + TimeDelta::days(1);
        let booked = json!({ "referralId": self.referral, "status": "BOOKED", "startsAt": tomorrow.to_rfc3339(),
            "endsAt": (tomorrow + TimeDelta::hours(1)).to_rfc3339(), "place": format!("Place{label}"),
            "note": format!("Bring{label}") });
        let left = owner
            .done("appointmentSave", booked, "referral { id version }")
            .await;
        self.take(&left["referral"]);
        self
    }

    /// Somebody does something with the referral, at the version it has.
    pub async fn act(&mut self, client: &Client<'_>, mutation: &str, more: Value) {
        let mut input = json!({ "id": self.referral, "expectedVersion": self.version });
        if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
            input.extend(more);
        }
        let done = client
            .done(mutation, input, "referral { id version }")
            .await;
        self.take(&done["referral"]);
    }

    /// Goes on with the referral that a mutation returned.
    pub fn take(&mut self, referral: &Value) {
        self.referral = referral["id"].clone();
        self.version = referral["version"].as_i64().expect("a version");
    }

    /// The agency records that the consent is withdrawn.
    pub async fn withdraw(&self, app: &TestApp) {
        let input = json!({ "id": self.consent, "note": format!("Withdrawn{}", self.label) });
        app.as_agency()
            .done("consentWithdraw", input, "consent { status }")
            .await;
    }

    /// The agency records, a minute later, that the person never wants to be known to an organization; the id of the
    /// exclusion.
    pub async fn exclude(&self, app: &TestApp, organization: &Value) -> Value {
        app.clock.advance(chrono::TimeDelta::minutes(1));
        let input = json!({ "claimantId": self.claimant, "organizationId": organization,
            "note": format!("Excluded{}", self.label) });
        app.as_agency()
            .done("exclusionRecord", input, "exclusion { id }")
            .await["exclusion"]["id"]
            .clone()
    }
    /// The version of the claimant, as the agency names it in a change.
    async fn claimant_version(&self, app: &TestApp) -> Value {
        let agency = app.as_agency();
        agency.sees_claimant(&self.claimant, "version").await["version"].clone()
    }

    /// The agency hands the file on, with the consent for it.
    pub async fn move_to(&self, app: &TestApp, keeper: OrganizationId) {
        let keeper = app.public_id(NodeType::Organization, keeper);
        let consent = json!({ "anyParty": false, "recipientIds": [keeper], "fieldGroups": ["IDENTITY", "CONTACT"] });
        app.as_agency().consents(&self.claimant, consent).await;
        let version = self.claimant_version(app).await;
        let input = json!({ "id": self.claimant, "expectedVersion": version, "organizationId": keeper,
            "note": format!("Moved{}", self.label) });
        app.as_agency()
            .done("claimantTransfer", input, "claimant { id }")
            .await;
    }

    /// The agency has the person forgotten.
    pub async fn erase(&self, app: &TestApp) {
        let version = self.claimant_version(app).await;
        let input = json!({ "id": self.claimant, "expectedVersion": version });
        app.as_agency()
            .done("claimantErase", input, "claimant { id }")
            .await;
    }
}
