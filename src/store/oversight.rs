//! What the ministry reads of single referrals is itself a thing that happened: it is journalled before it is shown.
use entity::{JournalKind, SubjectType, referral};
use sea_orm::{TransactionOptions, TransactionTrait};

use super::{Session, Unit, journal::Entry};
use crate::{error::Result, viewer::Viewer};

impl Session {
    /// Writes one entry for each row that the ministry is about to see. If they cannot be written, nothing is shown.
    pub(super) async fn journal_oversight(&self, rows: &[referral::Model]) -> Result<()> {
        match self.viewer() {
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => return Ok(()),
            Viewer::Ministry { .. } if rows.is_empty() => return Ok(()),
            Viewer::Ministry { .. } => {}
        }
        let transaction = self
            .store
            .database
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        let organization = self.viewer().organization();
        let mut unit = Unit {
            session: self,
            transaction,
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
        unit.transaction.commit().await?;
        Ok(())
    }
}
