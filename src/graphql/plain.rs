//! What of a referral, its claimant and its history is told at once: the same as their resolvers tell, by the same
//! decisions. What is not named here is left to its resolver.
use entity::{Access, FieldGroup};

use super::{
    ahead::Place,
    claimant::Claimant,
    direct::{Later, Plain, Told, Writer},
    journal::{JournalEntry, position_cursor_of},
    referral::Referral,
    scalar::DateTime,
};
use crate::domain::referral as workflow;

impl Plain for Referral {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        let row = &self.0.referral;
        match field {
            "id" => to.id(row.id),
            "reference" => to.text(&row.reference),
            "status" => to.code(row.status.as_str()),
            "phase" => to.code(workflow::phase(row.status).as_str()),
            "subStatus" => to.optional(row.sub_status, |to, code| to.code(code.as_str())),
            "statusReason" => to.optional(row.status_reason, |to, code| to.code(code.as_str())),
            "decidedBy" => to.optional(row.decided_by, |to, code| to.code(code.as_str())),
            "priority" => to.code(row.priority.as_str()),
            "category" => to.code(row.category.as_str()),
            "summary" => self.tell_summary(to),
            "claimant" => self.tell_claimant(to),
            "claimantAccess" => self.tell_claimant_access(to),
            "region" => to.region(row.region_id),
            "language" => to.optional(row.language.as_deref(), Writer::text),
            "interpreterNeeded" => to.optional(row.interpreter_needed, Writer::flag),
            "ageBand" => to.optional(row.age_band, |to, code| to.code(code.as_str())),
            "partySize" => to.optional(row.party_size, Writer::number),
            "service" => to.service(row.service_id),
            "source" => to.organization(Some(row.source_id)),
            "owner" => to.organization(row.owner_id),
            "assignee" => to.optional(row.assignee.as_deref(), Writer::text),
            "history" => self.tell_history(to),
            "availableActions" => {
                let known = to.loaders().ahead().actions(row.id).ok_or(Later)?;
                to.list(known, |to, code| to.code(code.as_str()))
            }
            "dueAt" => to.optional(row.due_at.map(DateTime), Writer::time),
            "reviewAt" => to.optional(row.review_at.map(DateTime), Writer::time),
            "overdue" => to.flag(self.0.is_overdue(to.session().now())),
            "createdAt" => to.time(DateTime(row.created_at)),
            "updatedAt" => to.time(DateTime(row.updated_at)),
            "version" => to.number(row.version),
            _ => Err(Later),
        }
    }

    fn minds_arguments(field: &str) -> bool {
        field == "history"
    }
}

impl Referral {
    fn tell_summary(&self, to: &mut Writer<'_>) -> Told {
        let session = to.session();
        // What does not open is an error, and those are for resolvers.
        let summary = session.summary(&self.0).map_err(|_| Later)?;
        if summary.is_some() {
            let (claimant, referral) = (self.0.referral.claimant_id, self.0.referral.id);
            session.disclose_text(claimant, Some(referral));
        }
        to.optional(summary.as_deref(), Writer::text)
    }

    fn tell_claimant(&self, to: &mut Writer<'_>) -> Told {
        let Some(id) = self.0.referral.claimant_id else {
            return to.null();
        };
        let seen = to.loaders().ahead().claimant(id).ok_or(Later)?;
        to.optional(seen, |to, seen| to.object(&Claimant(seen)))
    }

    fn tell_claimant_access(&self, to: &mut Writer<'_>) -> Told {
        let withheld = match (self.0.claimant_withheld, self.0.referral.claimant_id) {
            (Some(withheld), _) => withheld,
            (None, None) => Access::ConsentRequired,
            (None, Some(id)) => match to.loaders().ahead().claimant(id).ok_or(Later)? {
                Some(_) => Access::Granted,
                None => Access::ConsentRequired,
            },
        };
        to.code(withheld.as_str())
    }

    fn tell_history(&self, to: &mut Writer<'_>) -> Told {
        let place = Place::of(&to.field().ok_or(Later)?.node.name.node);
        let history = to.loaders().ahead().history(self.0.referral.id, place);
        to.object(&*history.ok_or(Later)?)
    }
}

impl Plain for Claimant {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        let (seen, row) = (&self.0, &self.0.claimant);
        let access = |group| seen.access(group).as_str();
        match field {
            "id" => to.id(row.id),
            "region" => to.region(row.region_id),
            "municipality" => to.optional(row.municipality.as_deref(), Writer::text),
            "language" => to.optional(row.language.as_deref(), Writer::text),
            "officialLanguage" => {
                to.optional(row.official_language, |to, code| to.code(code.as_str()))
            }
            "interpreterNeeded" => to.flag(row.interpreter_needed),
            "ageBand" => to.optional(row.age_band, |to, code| to.code(code.as_str())),
            "identity" => self.tell_identity(to),
            "identityAccess" => to.code(access(FieldGroup::Identity)),
            "identifiersAccess" => to.code(access(FieldGroup::Identifiers)),
            "claimStatusAccess" => to.code(access(FieldGroup::ClaimStatus)),
            "workAuthorizationAccess" => to.code(access(FieldGroup::WorkAuthorization)),
            "qualificationsAccess" => to.code(access(FieldGroup::Qualifications)),
            "version" => to.number(row.version),
            _ => Err(Later),
        }
    }
}

impl Claimant {
    fn tell_identity(&self, to: &mut Writer<'_>) -> Told {
        if self.0.access(FieldGroup::Identity) != Access::Granted {
            return to.null();
        }
        let id = self.0.claimant.id;
        let identity = to.loaders().ahead().identity(id).ok_or(Later)?;
        to.optional(identity, |to, opened| {
            let identity = opened.disclose(FieldGroup::Identity);
            to.object(&super::claimant::ClaimantIdentity::from(identity))
        })
    }
}

impl Plain for JournalEntry {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        let entry = &self.0.entry;
        match field {
            "cursor" => to.text(&position_cursor_of(to.session(), self.0.position).0),
            "at" => to.time(DateTime(entry.at)),
            "kind" => to.code(entry.kind.as_str()),
            "organization" => to.organization(entry.organization_id),
            "fromStatus" => to.optional(entry.from_status, |to, code| to.code(code.as_str())),
            "toStatus" => to.optional(entry.to_status, |to, code| to.code(code.as_str())),
            "reason" => to.optional(entry.reason, |to, code| to.code(code.as_str())),
            "version" => to.optional(
                Some(entry.subject_version).filter(|version| *version > 0),
                Writer::number,
            ),
            _ => Err(Later),
        }
    }
}
