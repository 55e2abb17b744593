//! The columns of a row, one after the other. What sea-orm makes of a row looks each column up by its name and writes an
//! error for each NULL that it then throws away: of a page of referrals that is a fifth of what the server does.
use entity::{claimant, referral};
use sea_orm::{
    DbErr, EntityTrait, IdenStatic, Iterable, QueryResult, RuntimeErr, TryGetable,
    sqlx::{self, Row, ValueRef},
};

/// A row of which the next column is read next.
pub(super) struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    /// A row that begins with all columns of `E`, as every statement that selects the entity gives it.
    pub(super) fn of<E: EntityTrait>(row: &'r QueryResult) -> Self {
        let begins = || {
            let columns = E::Column::iter();
            let mut names = row.column_names().into_iter();
            columns
                .into_iter()
                .all(|column| names.next().as_deref() == Some(column.as_str()))
        };
        debug_assert!(
            begins(),
            "columns of {:?}: {:?}",
            E::default(),
            row.column_names()
        );
        Self { row, next: 0 }
    }

    /// A column that always holds something.
    pub(super) fn needed<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let at = self.next;
        self.next += 1;
        self.row.try_get_by_index(at)
    }

    /// A column that may hold nothing.
    pub(super) fn optional<T: TryGetable>(&mut self) -> Result<Option<T>, DbErr> {
        if self.is_null().map_err(failed)? {
            self.next += 1;
            return Ok(None);
        }
        self.needed().map(Some)
    }

    fn is_null(&self) -> Result<bool, sqlx::Error> {
        if let Some(row) = self.row.try_as_pg_row() {
            return Ok(row.try_get_raw(self.next)?.is_null());
        }
        match self.row.try_as_sqlite_row() {
            Some(row) => Ok(row.try_get_raw(self.next)?.is_null()),
            None => Err(sqlx::Error::ColumnIndexOutOfBounds {
                index: self.next,
                len: 0,
            }),
        }
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// Every column of a referral, in the order of the entity.
pub(super) fn referral(columns: &mut Columns<'_>) -> Result<referral::Model, DbErr> {
    Ok(referral::Model {
        id: columns.needed()?,
        reference: columns.needed()?,
        status: columns.needed()?,
        sub_status: columns.optional()?,
        sub_status_before: columns.optional()?,
        status_reason: columns.optional()?,
        decided_by: columns.optional()?,
        priority: columns.needed()?,
        category: columns.needed()?,
        summary: columns.optional()?,
        source_id: columns.needed()?,
        owner_id: columns.optional()?,
        owner_access: columns.needed()?,
        owner_since: columns.optional()?,
        claimant_id: columns.optional()?,
        linked_at: columns.optional()?,
        registering_organization_id: columns.optional()?,
        need_id: columns.optional()?,
        service_id: columns.optional()?,
        region_id: columns.optional()?,
        language: columns.optional()?,
        interpreter_needed: columns.optional()?,
        age_band: columns.optional()?,
        party_size: columns.optional()?,
        assignee: columns.optional()?,
        part_of_id: columns.optional()?,
        replaces_id: columns.optional()?,
        due_at: columns.optional()?,
        review_at: columns.optional()?,
        created_at: columns.needed()?,
        created_month: columns.needed()?,
        updated_at: columns.needed()?,
        sent_at: columns.optional()?,
        answered_at: columns.optional()?,
        contacted_at: columns.optional()?,
        closed_at: columns.optional()?,
        version: columns.needed()?,
        text_master_key: columns.optional()?,
        text_key: columns.optional()?,
        told_due_at: columns.optional()?,
        told_review_at: columns.optional()?,
    })
}

/// Every column of the open part of a claimant, in the order of the entity.
pub(super) fn claimant(columns: &mut Columns<'_>) -> Result<claimant::Model, DbErr> {
    Ok(claimant::Model {
        id: columns.needed()?,
        registering_organization_id: columns.needed()?,
        region_id: columns.optional()?,
        municipality: columns.optional()?,
        location_protected: columns.needed()?,
        language: columns.optional()?,
        official_language: columns.optional()?,
        interpreter_needed: columns.needed()?,
        age_band: columns.optional()?,
        created_at: columns.needed()?,
        updated_at: columns.needed()?,
        version: columns.needed()?,
        record_version: columns.needed()?,
        held_at: columns.optional()?,
        erasure_requested_at: columns.optional()?,
        erased_at: columns.optional()?,
    })
}
