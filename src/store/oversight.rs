//! What the ministry reads of single referrals is itself a thing that happened: it is journalled before it is shown. It
//! carries no fact of a person, and of times the day: what happens to all referrals of one person happens in one moment.
use chrono::{DateTime, Utc};
use entity::{JournalKind, ReferralStatus, SubjectType, referral};

use super::{Session, Unit, journal::Entry, referral::Seen, work::Work};
use crate::{
    domain::{
        business_days::{toronto_date, toronto_midnight},
        referral::Relation,
    },
    error::Result,
    viewer::Viewer,
};

/// The first moment of its day in Toronto.
pub(super) fn day_of(at: DateTime<Utc>) -> DateTime<Utc> {
    toronto_midnight(toronto_date(at))
}

/// Takes out of a referral what the ministry is not told beyond what no outsider is.
pub(super) fn withhold(row: &mut referral::Model) {
    row.status_reason = None;
    row.decided_by = None;
    row.language = None;
    row.interpreter_needed = None;
    row.age_band = None;
    row.party_size = None;
    row.created_at = day_of(row.created_at);
    row.updated_at = day_of(row.updated_at);
    row.due_at = row.due_at.map(day_of);
    row.review_at = row.review_at.map(day_of);
}

impl Seen {
    /// Whether it still waits for an answer that was due; to the ministry, on a day before this.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        let now = if self.relations.contains(&Relation::Ministry) {
            day_of(now)
        } else {
            now
        };
        self.referral.status == ReferralStatus::Requested
            && self.referral.due_at.is_some_and(|due| due < now)
    }
}

impl Session {
    /// A moment of a referral, as the caller is told it, and may ask for it.
    pub(super) fn moment(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self.viewer() {
            Viewer::Ministry { .. } => day_of(at),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => at,
        }
    }

    /// Writes one entry for each row that the ministry is about to see. If they cannot be written, nothing is shown.
    pub(super) async fn journal_oversight(&self, rows: &[referral::Model]) -> Result<()> {
        match self.viewer() {
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => return Ok(()),
            Viewer::Ministry { .. } if rows.is_empty() => return Ok(()),
            Viewer::Ministry { .. } => {}
        }
        let transaction = self.store.database.begin().await?;
        let organization = self.viewer().organization();
        let mut unit = Unit {
            session: self,
            work: Work::Transaction(transaction),
            erased: false,
            entries: rows
                .iter()
                .map(|row| {
                    Entry::new(
                        JournalKind::OversightRead,
                        SubjectType::Referral,
                        row.id,
                        row.version,
                    )
                    .private_to(organization)
                    // Told, it would be read, and reading it would be journalled.
                    .told_to_nobody()
                })
                .collect(),
        };
        unit.write_entries().await?;
        unit.work.commit().await
    }
}
