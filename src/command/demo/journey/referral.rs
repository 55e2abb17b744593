//! One referral from registration to outcome: each step, and what each of the three callers sees.
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Failure, JourneyError, Walk, Who};

/// What each caller asks to see what has become of the referral.
const SEEN: &str = "query($id: ID!) { referral(id: $id) { status statusReason claimantAccess claimant { identityAccess identity { fullName } contactAccess contactVia { name } } outcomes { kind date } availableActions } }";

impl Walk {
    async fn everybody_looks(&mut self, referral: &Value) -> Result<Value, Failure> {
        let mut status = Value::Null;
        for (who, english, french) in [
            (
                Who::Provider,
                "what the provider sees now",
                "ce que voit maintenant le fournisseur",
            ),
            (
                Who::Ministry,
                "what the ministry sees now",
                "ce que voit maintenant le ministère",
            ),
            (
                Who::Agency,
                "what the agency sees now",
                "ce que voit maintenant l'organisme",
            ),
        ] {
            self.say(who, english, french)?;
            let data = self.ask(who, SEEN, json!({ "id": referral })).await?;
            status = data["referral"]["status"].clone();
        }
        Ok(status)
    }

    pub(super) async fn referral(mut self) -> Result<(), Failure> {
        let claimant = self.registers().await?;
        let sent = self.sends(&claimant).await?;
        self.everybody_looks(&sent["id"]).await?;
        self.works(&sent).await?;
        let status = self.everybody_looks(&sent["id"]).await?;
        self.say(
            Who::Ministry,
            "the ministry counts, and learns nothing of anybody",
            "le ministère compte, sans rien apprendre de personne",
        )?;
        self.ask(
            Who::Ministry,
            "{ referralReport(input: { period: { from: \"2020-01-01\", to: \"2029-12-31\" }, groupBy: [STATUS] }) { rows { keys { label } count } total } }",
            json!({}),
        )
        .await?;
        writeln!(io::stdout(), "\n{}", status.as_str().unwrap_or_default())?;
        if status == "COMPLETED" {
            Ok(())
        } else {
            Err(JourneyError::NotCompleted(status).into())
        }
    }

    async fn registers(&mut self) -> Result<Value, Failure> {
        self.say(
            Who::Agency,
            "registers a claimant",
            "inscrit une personne demandant l'asile",
        )?;
        let registered = self
            .act(
                Who::Agency,
                ("claimantRegister", "ClaimantRegisterInput"),
                json!({
                    "language": "spa", "interpreterNeeded": true, "ageBand": "FROM_25_TO_54",
                    "identity": { "givenName": "Testa", "familyName": "Specimen-Journey" },
                    "contact": { "permission": "VIA_AGENCY_ONLY", "points": [
                        { "kind": "PHONE", "value": "+1 555 0100", "safety": "SAFE" } ] },
                }),
                "claimant { id identity { fullName } }",
            )
            .await?;
        let claimant = registered["claimant"]["id"].clone();
        self.say(Who::Agency, "records a need", "consigne un besoin")?;
        let need = json!({ "claimantId": claimant, "category": "EMPLOYMENT" });
        let selection = "claimant { needs { category status priority } }";
        self.act(
            Who::Agency,
            ("needRecord", "NeedRecordInput"),
            need,
            selection,
        )
        .await?;
        self.say(
            Who::Agency,
            "records the claimant's consent: employment, identity, to employment services",
            "consigne le consentement : emploi, identité, aux services d'emploi",
        )?;
        let consent = json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": ["IDENTITY"],
            "recipientKinds": ["EMPLOYMENT_SERVICE"], "method": "VERBAL", "interpreter": "PROFESSIONAL",
        });
        let selection = "consent { status purposes fieldGroups recipientKinds }";
        self.act(
            Who::Agency,
            ("consentRecord", "ConsentRecordInput"),
            consent,
            selection,
        )
        .await?;
        Ok(claimant)
    }

    async fn sends(&mut self, claimant: &Value) -> Result<Value, Failure> {
        self.say(
            Who::Provider,
            "is asked for its own services",
            "est interrogé sur ses propres services",
        )?;
        let found = self
            .ask(
                Who::Provider,
                "{ viewer { organization { id name } } }",
                json!({}),
            )
            .await?;
        let organization = &found["viewer"]["organization"]["id"];
        self.say(
            Who::Agency,
            "finds the provider's employment service",
            "trouve le service d'emploi du fournisseur",
        )?;
        let found = self
            .ask(
                Who::Agency,
                "query($organization: ID!) { services(filter: { organizationId: $organization, category: [EMPLOYMENT], status: [ACTIVE] }, first: 1) { edges { node { id name organization { name } capacity { status } } } } }",
                json!({ "organization": organization }),
            )
            .await?;
        let service = &found["services"]["edges"][0]["node"]["id"];
        self.say(
            Who::Agency,
            "sends a referral to it",
            "y envoie un aiguillage",
        )?;
        let sent = self
            .act(
                Who::Agency,
                ("referralCreate", "ReferralCreateInput"),
                json!({
                    "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": service, "send": true,
                    "summary": "Cooked for ten years; looks for work in a kitchen.",
                }),
                "referral { id reference status version dueAt availableActions }",
            )
            .await?;
        Ok(sent["referral"].clone())
    }

    async fn works(&mut self, sent: &Value) -> Result<(), Failure> {
        let mut version = sent["version"].clone();
        for (mutation, english, french) in [
            (
                "referralAccept",
                "accepts it: what consent allows unseals",
                "l'accepte : ce que permet le consentement s'ouvre",
            ),
            (
                "referralStart",
                "makes the first contact, through the agency",
                "établit le premier contact, par l'organisme",
            ),
        ] {
            self.say(Who::Provider, english, french)?;
            let done = self
                .act(
                    Who::Provider,
                    (mutation, "ReferralActionInput"),
                    json!({ "id": sent["id"], "expectedVersion": version }),
                    "referral { status version claimant { identity { fullName } contactVia { name } } }",
                )
                .await?;
            version = done["referral"]["version"].clone();
        }
        self.say(
            Who::Provider,
            "completes it with an outcome",
            "le termine avec un résultat",
        )?;
        self.act(
            Who::Provider,
            ("referralComplete", "ReferralCompleteInput"),
            json!({
                "id": sent["id"], "expectedVersion": version,
                "outcomes": [{ "kind": "EMPLOYED_FULL_TIME", "date": self.today() }],
            }),
            "referral { status outcomes { kind date } }",
        )
        .await?;
        Ok(())
    }
}
