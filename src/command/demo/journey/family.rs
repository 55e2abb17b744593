//! A family of four, from the agency's desk to a home, and to work sixty days later: one of them is sixteen, one wants
//! to be known to nobody else, no language is shared, and somebody dangerous answers the telephone.
use std::{
    io::{self, Write},
    time::Duration,
};

use chrono::{Days, TimeDelta};
use serde_json::{Value, json};

use super::{Failure, JourneyError, Walk, Who, line, print};
use crate::domain::business_days::toronto_date;

/// Whom a step is about.
struct Family {
    mother: Value,
    grandmother: Value,
    sixteen: Value,
    child: Value,
    /// What is wanted later.
    work: Value,
}

const CLAIMANT: (&str, &str) = ("claimantRegister", "ClaimantRegisterInput");
const CONSENT: (&str, &str) = ("consentRecord", "ConsentRecordInput");
const REFERRAL: (&str, &str) = ("referralCreate", "ReferralCreateInput");
const MESSAGE: (&str, &str) = ("messageSend", "MessageSendInput");
const APPOINTMENT: (&str, &str) = ("appointmentSave", "AppointmentSaveInput");

/// What an organization sees of the people of a referral.
const PEOPLE: &str = "query($id: ID!) { referral(id: $id) { status priority language interpreterNeeded partySize summary
    claimant { identity { fullName } identityAccess contact { points { value } } contactVia { name } municipality }
    alsoFor { ageBand identity { fullName } } } }";

impl Walk {
    pub(super) async fn family(mut self) -> Result<(), Failure> {
        let family = self.registers_a_family().await?;
        self.family_consents(&family).await?;
        let sent = self.refers_a_family(&family).await?;
        let answered = self.asks_the_agency(&sent).await?;
        let started = self.reaches_the_family(&answered).await?;
        let visited = self.shows_the_place(&started).await?;
        self.finds_a_home(&family, &visited).await?;
        self.needs_work(&family).await?;
        let status = self.goes_to_work(&family, &sent).await?;
        writeln!(io::stdout(), "\n{}", status.as_str().unwrap_or_default())?;
        if status == "COMPLETED" {
            Ok(())
        } else {
            Err(JourneyError::NotCompleted(status).into())
        }
    }

    async fn registers_one(
        &self,
        (given_name, born, age_band): (&str, &str, &str),
        household_of: Option<&Value>,
    ) -> Result<Value, Failure> {
        // The mother may work, once she has a home.
        let permit = toronto_date(self.now()).checked_add_days(Days::new(400));
        let status = json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": permit.map(|day| day.to_string()) });
        let input = json!({
            "claimStatus": household_of.is_none().then_some(status), "municipality": "Toronto", "locationProtected": true, "language": "tir", "officialLanguage": "EN",
            "interpreterNeeded": true, "ageBand": age_band, "householdOf": household_of,
            "identity": { "givenName": given_name, "familyName": "Specimen-Family", "birthDate": born },
            "contact": { "permission": "VIA_AGENCY_ONLY", "points": [{ "kind": "PHONE", "value": "+1 555 0177",
                "safety": "UNSAFE", "shared": true, "mayLeaveMessage": false, "note": "Somebody dangerous answers it." }] },
        });
        let done = self
            .done(Who::Agency, CLAIMANT, input, "claimant { id }")
            .await?;
        Ok(done["claimant"]["id"].clone())
    }

    async fn registers_a_family(&mut self) -> Result<Family, Failure> {
        self.say(
            Who::Agency,
            "registers four people in one sitting; a telephone is shared with somebody dangerous, so it is marked UNSAFE",
            "inscrit quatre personnes d'un coup; le téléphone est partagé avec quelqu'un de dangereux, il est donc marqué UNSAFE",
        )?;
        let today = toronto_date(self.now());
        let born = |years: i32, days: u64| {
            let date = chrono::Datelike::with_year(&today, chrono::Datelike::year(&today) - years);
            let date = date.unwrap_or(today).checked_sub_days(Days::new(days));
            date.unwrap_or(today).to_string()
        };
        let mother = self
            .registers_one(("Testa", &born(34, 90), "FROM_25_TO_54"), None)
            .await?;
        let with = Some(&mother);
        let grandmother = self
            .registers_one(("Proba", &born(58, 90), "FROM_55_TO_64"), with)
            .await?;
        let sixteen = self
            .registers_one(("Sampla", &born(16, 90), "FROM_16_TO_17"), with)
            .await?;
        let child = self
            .registers_one(("Essai", &born(6, 90), "UNDER_12"), with)
            .await?;
        let known = "query($id: ID!) { claimant(id: $id) { identity { fullName } language interpreterNeeded
            contact { permission points { kind safety shared mayLeaveMessage } } household { identity { fullName birthDate } } } }";
        self.look(Who::Agency, known, json!({ "id": mother }))
            .await?;
        self.say(
            Who::Agency,
            "records what the mother needs: a home today, and work in sixty days",
            "consigne les besoins de la mère : un logement aujourd'hui, et un emploi dans soixante jours",
        )?;
        let later = today.checked_add_days(Days::new(60)).unwrap_or(today);
        let need = ("needRecord", "NeedRecordInput");
        let home = json!({ "claimantId": mother, "category": "HOUSING", "priority": 1 });
        self.done(Who::Agency, need, home, "claimant { id }")
            .await?;
        let work = json!({ "claimantId": mother, "category": "EMPLOYMENT", "wantedFrom": later.to_string() });
        let selection = "claimant { needs { id category priority status wantedFrom } }";
        let needs = self.does(Who::Agency, need, work, selection).await?;
        let needs = needs["claimant"]["needs"].as_array().cloned();
        let mut needs = needs.into_iter().flatten();
        let work = needs.find(|need| need["category"] == "EMPLOYMENT");
        Ok(Family {
            mother,
            grandmother,
            sixteen,
            child,
            work: work.unwrap_or_default()["id"].clone(),
        })
    }

    async fn family_consents(&mut self, family: &Family) -> Result<(), Failure> {
        let consent = |of: &Value, groups: Value, by: &str| {
            let authority = (by == "GUARDIAN").then_some("Parent");
            json!({ "claimantId": of, "purposes": ["HOUSING"], "fieldGroups": groups, "recipientKinds": ["HOUSING"],
                "method": "VERBAL", "language": "tir", "interpreter": "PROFESSIONAL", "givenBy": by, "authority": authority })
        };
        self.say(
            Who::Agency,
            "records the mother's consent, through a professional interpreter: housing and work may know who she is",
            "consigne le consentement de la mère, avec un interprète professionnel : logement et emploi peuvent savoir qui elle est",
        )?;
        let mut hers = consent(&family.mother, json!(["IDENTITY", "CONTACT"]), "SELF");
        hers["purposes"] = json!(["HOUSING", "EMPLOYMENT"]);
        hers["recipientKinds"] = json!(["HOUSING", "EMPLOYMENT_SERVICE"]);
        let selection = "consent { status purposes fieldGroups recipientKinds interpreter }";
        self.does(Who::Agency, CONSENT, hers, selection).await?;
        self.say(
            Who::Agency,
            "her word does not count for the one of sixteen",
            "sa parole ne vaut pas pour l'enfant de seize ans",
        )?;
        let by_mother = consent(&family.sixteen, json!([]), "GUARDIAN");
        self.may_not(Who::Agency, CONSENT, by_mother).await?;
        self.say(
            Who::Agency,
            "who is sixteen agrees to be known of, but not by name; for the child the mother agrees",
            "à seize ans, on accepte d'être connu, mais sans être nommé; pour l'enfant, la mère accepte",
        )?;
        let selection = "consent { status givenBy fieldGroups }";
        let own = consent(&family.sixteen, json!([]), "SELF");
        self.does(Who::Agency, CONSENT, own, selection).await?;
        let childs = consent(&family.child, json!(["IDENTITY"]), "GUARDIAN");
        self.does(Who::Agency, CONSENT, childs, selection).await?;
        self.say(
            Who::Agency,
            "the grandmother refuses: nobody else is to know of her",
            "la grand-mère refuse : personne d'autre ne doit savoir qu'elle existe",
        )?;
        let mut refusal = consent(&family.grandmother, json!([]), "SELF");
        refusal["refused"] = true.into();
        self.does(Who::Agency, CONSENT, refusal, "consent { status givenBy }")
            .await?;
        Ok(())
    }

    async fn refers_a_family(&mut self, family: &Family) -> Result<Value, Failure> {
        self.say(
            Who::Agency,
            "finds a housing service, and refers all four at once, urgently",
            "trouve un service de logement et y aiguille les quatre personnes d'un coup, en urgence",
        )?;
        let service = self.service_of(Who::Housing, "HOUSING").await?;
        let input = json!({
            "claimantId": family.mother, "alsoForClaimantIds": [family.grandmother, family.sixteen, family.child],
            "category": "HOUSING", "serviceId": service, "priority": "URGENT", "partySize": 4, "send": true,
            "summary": "Four people without a place for tonight.",
        });
        let selection = "referral { id version reference status priority dueAt service { name organization { name } } }";
        let sent = self.does(Who::Agency, REFERRAL, input, selection).await?;
        self.say(
            Who::Housing,
            "sees what it must know to answer: no name, no telephone, and nothing of the grandmother",
            "voit ce qu'il faut pour répondre : ni nom, ni téléphone, et rien de la grand-mère",
        )?;
        let id = json!({ "id": sent["referral"]["id"] });
        self.look(Who::Housing, PEOPLE, id).await?;
        Ok(sent["referral"].clone())
    }

    /// The first active service of somebody's organization for a need.
    async fn service_of(&self, who: Who, category: &str) -> Result<Value, Failure> {
        let asked = self
            .call(who, "{ viewer { organization { id } } }", json!({}))
            .await?;
        let organization = &asked["viewer"]["organization"]["id"];
        let find = "query($organization: ID!, $category: [NeedCategory!]) { services(filter: { organizationId: $organization,
            category: $category, status: [ACTIVE] }, first: 1) { edges { node { id name organization { name } } } } }";
        let asked = json!({ "organization": organization, "category": [category] });
        let found = self.call(Who::Agency, find, asked).await?;
        let service = &found["services"]["edges"][0]["node"];
        print(&json!({ "service": service }))?;
        Ok(service["id"].clone())
    }

    /// The next step of a referral; what it leaves.
    async fn steps(
        &self,
        who: Who,
        mutation: (&str, &str),
        referral: &Value,
        mut more: Value,
    ) -> Result<Value, Failure> {
        more["id"] = referral["id"].clone();
        more["expectedVersion"] = referral["version"].clone();
        let selection = "referral { id version status outcomes { kind date followUpOn } }";
        let done = self.done(who, mutation, more, selection).await?;
        Ok(done["referral"].clone())
    }

    async fn asks_the_agency(&mut self, sent: &Value) -> Result<Value, Failure> {
        let says = |body: &str| json!({ "referralId": sent["id"], "body": body });
        let written = "referral { id version subStatus messages(last: 1) { edges { node { from { name } body } } } }";
        self.say(
            Who::Housing,
            "cannot tell yet whether its place will do, and asks",
            "ne sait pas encore si son logement convient, et le demande",
        )?;
        let wait = ("referralSetSubStatus", "ReferralSubStatusInput");
        let waits = json!({ "subStatus": "NEEDS_INFORMATION" });
        self.steps(Who::Housing, wait, sent, waits).await?;
        let question = says("Are stairs a difficulty for anybody?");
        self.does(Who::Housing, MESSAGE, question, written).await?;
        self.say(
            Who::Agency,
            "answers; a text that names somebody of the family is refused, and one that does not goes",
            "répond; un texte qui nomme quelqu'un de la famille est refusé, un autre passe",
        )?;
        self.may_not(Who::Agency, MESSAGE, says("Proba cannot climb them."))
            .await?;
        let answer = says("For one of them; a lift would do.");
        let answered = self.does(Who::Agency, MESSAGE, answer, written).await?;
        Ok(answered["referral"].clone())
    }

    async fn shows_the_place(&mut self, started: &Value) -> Result<Value, Failure> {
        let starts_at = (self.now() + TimeDelta::hours(20)).to_rfc3339();
        let visit = |status: &str, id: &Value| json!({ "referralId": started["id"], "id": id, "status": status, "startsAt": starts_at });
        let left = "referral { id version subStatus appointments { id status startsAt } }";
        self.say(
            Who::Housing,
            "proposes that the family come and see the place tomorrow",
            "propose à la famille de venir voir le logement demain",
        )?;
        let proposed = visit("PROPOSED", &Value::Null);
        let proposed = self.does(Who::Housing, APPOINTMENT, proposed, left).await?;
        let id = &proposed["referral"]["appointments"][0]["id"];
        self.say(
            Who::Agency,
            "speaks with the mother, through the interpreter, and confirms; the gateway itself sends her nothing",
            "parle à la mère, avec l'interprète, et confirme; la passerelle elle-même ne lui envoie rien",
        )?;
        self.does(Who::Agency, APPOINTMENT, visit("BOOKED", id), left)
            .await?;
        self.later(TimeDelta::days(1), "a day passes", "un jour passe")?;
        self.say(Who::Housing, "they came", "la famille est venue")?;
        let kept = visit("FULFILLED", id);
        let kept = self.does(Who::Housing, APPOINTMENT, kept, left).await?;
        Ok(kept["referral"].clone())
    }

    async fn reaches_the_family(&mut self, sent: &Value) -> Result<Value, Failure> {
        let action = |name| (name, "ReferralActionInput");
        self.say(
            Who::Housing,
            "accepts: each person opens as far as that person's own consent goes; the telephone stays sealed",
            "accepte : chaque personne s'ouvre selon son propre consentement; le téléphone reste scellé",
        )?;
        let accepted = self
            .steps(Who::Housing, action("referralAccept"), sent, json!({}))
            .await?;
        let id = json!({ "id": sent["id"] });
        self.look(Who::Housing, PEOPLE, id).await?;
        self.say(
            Who::Housing,
            "may not telephone: it reaches the family through the agency, and that is the first contact",
            "ne peut pas téléphoner : il joint la famille par l'organisme, et c'est le premier contact",
        )?;
        let started = self
            .steps(Who::Housing, action("referralStart"), &accepted, json!({}))
            .await?;
        print(&json!({ "status": started["status"] }))?;
        Ok(started)
    }

    async fn finds_a_home(&mut self, family: &Family, started: &Value) -> Result<(), Failure> {
        self.say(
            Who::Housing,
            "completes: the family is housed; it will ask again in a month",
            "termine : la famille est logée; il redemandera des nouvelles dans un mois",
        )?;
        let month = toronto_date(self.now()).checked_add_days(Days::new(30));
        let housed = |of: &Value| json!({ "kind": "HOUSED", "date": self.today(), "claimantId": of, "followUpOn": month });
        let outcomes = json!({ "outcomes": [housed(&family.mother), { "kind": "HOUSED", "date": self.today(), "claimantId": family.sixteen }] });
        let complete = ("referralComplete", "ReferralCompleteInput");
        let done = self
            .steps(Who::Housing, complete, started, outcomes)
            .await?;
        print(&done)?;
        self.say(
            Who::Agency,
            "sees it without a telephone call: the home is found, and work stays open for later",
            "le voit sans un coup de fil : le logement est trouvé, et l'emploi reste ouvert pour plus tard",
        )?;
        let needs =
            "query($id: ID!) { claimant(id: $id) { needs { category status wantedFrom } } }";
        let mother = json!({ "id": family.mother });
        self.look(Who::Agency, needs, mother).await?;
        Ok(())
    }

    /// The need comes due by the clock, and the agency's feed tells it.
    async fn needs_work(&mut self, family: &Family) -> Result<(), Failure> {
        let feed = "query($after: Cursor) { changes(after: $after, first: 100) { edges { cursor node { at kind subjectId
            subject { ... on Need { category wantedFrom } } } } } }";
        self.later(
            TimeDelta::days(60),
            "sixty days pass",
            "soixante jours passent",
        )?;
        self.say(
            Who::Agency,
            "reads in its feed that the mother wants work now",
            "lit dans son fil que la mère souhaite maintenant un emploi",
        )?;
        let mut after = Value::Null;
        // Everything of the demo comes due in these sixty days, and is told in order.
        for _ in 0..600 {
            let page = self
                .call(Who::Agency, feed, json!({ "after": after }))
                .await?;
            let edges = page["changes"]["edges"].as_array().cloned();
            let edges = edges.unwrap_or_default();
            let due = edges.iter().map(|edge| &edge["node"]);
            let mut due = due.filter(|entry| entry["kind"] == "NEED_DUE");
            if let Some(entry) = due.find(|entry| entry["subjectId"] == family.work) {
                let told = json!({ "at": entry["at"], "kind": entry["kind"], "subject": entry["subject"] });
                return print(&told);
            }
            match edges.last() {
                Some(last) => after = last["cursor"].clone(),
                None => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        Err(JourneyError::Untold(self.step).into())
    }

    async fn goes_to_work(&mut self, family: &Family, home: &Value) -> Result<Value, Failure> {
        let action = ("referralAccept", "ReferralActionInput");
        self.say(
            Who::Agency,
            "refers the mother alone to an employment service, for the need that has come due",
            "aiguille la mère seule vers un service d'emploi, pour le besoin venu à échéance",
        )?;
        let service = self.service_of(Who::Provider, "EMPLOYMENT").await?;
        let input = json!({ "claimantId": family.mother, "category": "EMPLOYMENT", "needId": family.work, "serviceId": service,
            "summary": "Cooked for ten years; looks for work in a kitchen.", "send": true });
        let selection = "referral { id version reference status need { status } }";
        let sent = self.does(Who::Agency, REFERRAL, input, selection).await?;
        let sent = &sent["referral"];
        self.say(
            Who::Provider,
            "accepts, and learns nothing of the home or the family",
            "accepte, sans rien apprendre du logement ni de la famille",
        )?;
        let accepted = self.steps(Who::Provider, action, sent, json!({})).await?;
        let seen = "query($id: ID!, $home: ID!) { referral(id: $id) { status alsoFor { id } claimant { identity { fullName }
            household { id } contactVia { name } referrals { edges { node { reference category } } } } }
            theHousingReferral: referral(id: $home) { status } }";
        let both = json!({ "id": sent["id"], "home": home["id"] });
        self.look(Who::Provider, seen, both).await?;
        self.say(
            Who::Provider,
            "completes: she works",
            "termine : elle travaille",
        )?;
        let outcomes =
            json!({ "outcomes": [{ "kind": "EMPLOYED_PART_TIME", "date": self.today() }] });
        let complete = ("referralComplete", "ReferralCompleteInput");
        let done = self
            .steps(Who::Provider, complete, &accepted, outcomes)
            .await?;
        print(&done)?;
        self.say(
            Who::Ministry,
            "is told of no claimant at all",
            "n'est mis au courant d'aucune personne",
        )?;
        let claimant = "query($id: ID!) { claimant(id: $id) { id } }";
        let mother = json!({ "id": family.mother });
        let refused = self.answer(Who::Ministry, claimant, mother).await?;
        let code = &refused["errors"][0]["extensions"]["code"];
        line(&format!("refused: {}", code.as_str().unwrap_or_default()))?;
        Ok(done["status"].clone())
    }
}
