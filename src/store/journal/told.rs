//! At which positions of the journal an organization is told of something: the journal keeps for each name under which it
//! may be told (its own, or that of open referrals of a category in a region) where something stands.
use entity::{ReferralId, journal_audience, journal_entry};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    prelude::Uuid,
    sea_query::{
        Alias, CommonTableExpression, Expr, ExprTrait, Func, JoinType, Query, SelectStatement,
        WithClause,
    },
};

use super::{
    super::{
        Session,
        exclusion::{told_at, untold_to_excluded},
        rows::uuids,
        service::Coverage,
    },
    open_audience,
};
use crate::{error::Result, viewer::Viewer};

/// How many positions more are read than are wanted, of which the organization may turn out to be told nothing: where a
/// page needed a second statement only because of one, the time it takes would tell that somebody is hidden there.
const SPARE: u64 = 32;

/// The positions of the entries about a referral.
fn of_subject(referral: ReferralId) -> SelectStatement {
    journal_entry::Entity::find()
        .select_only()
        .column(journal_entry::Column::Position)
        .filter(journal_entry::Column::SubjectId.eq(referral.0))
        .filter(journal_entry::Column::Position.is_not_null())
        .into_query()
}

impl Session {
    /// The next positions after one at which the caller's organization is told of something, or of one referral.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub(super) async fn told_after(
        &self,
        after: i64,
        size: u64,
        audiences: impl IntoIterator<Item = Uuid>,
        referral: Option<ReferralId>,
    ) -> Result<Vec<i64>> {
        let mut told = journal_audience::Entity::find()
            .select_only()
            .column(journal_audience::Column::Position)
            .distinct()
            .filter(journal_audience::Column::Position.gt(after))
            .filter(untold_to_excluded(self.viewer().organization()))
            .order_by_asc(journal_audience::Column::Position)
            .limit(size);
        if let Some(referral) = referral {
            told =
                told.filter(journal_audience::Column::Position.in_subquery(of_subject(referral)));
        } else if self.backend() == DbBackend::Postgres {
            let audiences: Vec<Uuid> = audiences.into_iter().collect();
            return self.first_told(after, size, &audiences).await;
        }
        Ok(told
            .filter(journal_audience::Column::Audience.is_in(audiences))
            .into_tuple()
            .all(self.reader())
            .await?)
    }

    async fn first_told(&self, after: i64, size: u64, audiences: &[Uuid]) -> Result<Vec<i64>> {
        let (wanted, most) = (usize::try_from(size).unwrap_or(usize::MAX), size + SPARE);
        let (mut told, mut after) = (Vec::new(), after);
        loop {
            let named = self.first_named(after, most, audiences).await?;
            let is_told = named.iter().filter(|(_, is_told)| *is_told);
            told.extend(is_told.map(|(position, _)| *position));
            match named.last() {
                Some((last, _)) if told.len() < wanted && named.len() as u64 == most => {
                    after = *last;
                }
                _ => break,
            }
        }
        told.truncate(wanted);
        Ok(told)
    }

    /// The first positions that stand under any of these names, and whether the organization is told of what is there.
    /// They are among the first ones of each name: a short range of the index in its order. PostgreSQL asked for all at
    /// once would read and sort everything that is left of them; asked first who is hidden, of all that it then drops.
    async fn first_named(
        &self,
        after: i64,
        most: u64,
        audiences: &[Uuid],
    ) -> Result<Vec<(i64, bool)>> {
        use journal_audience::Column;
        let organization = self.viewer().organization();
        let [one, first, named, own] = ["one", "first", "named", "own"].map(Alias::new);
        let of_one = Query::select()
            .columns([Column::Position, Column::Audience])
            .from(journal_audience::Entity)
            .and_where(Column::Position.gt(after))
            .and_where(
                Expr::col(Column::Audience.as_column_ref()).equals((one.clone(), one.clone())),
            )
            .order_by(Column::Position, sea_orm::Order::Asc)
            .limit(most)
            .to_owned();
        let position = (first.clone(), Column::Position);
        let is_own = Expr::col((first.clone(), Column::Audience)).eq(organization.0);
        let of_all = Query::select()
            .column(position.clone())
            .expr_as(Func::cust("BOOL_OR").arg(is_own), own.clone())
            .from_function(
                Func::cust("UNNEST").arg(uuids(audiences.iter().copied())),
                one,
            )
            .join_lateral(JoinType::InnerJoin, of_one, first, Expr::value(true))
            .group_by_col(position.clone())
            .order_by(position, sea_orm::Order::Asc)
            .limit(most)
            .to_owned();
        let position = (named.clone(), Column::Position);
        let is_told = told_at(
            organization,
            position.clone(),
            Expr::col((named.clone(), own)),
        );
        let query = Query::select()
            .column(position.clone())
            .expr(is_told)
            .from(named.clone())
            .order_by(position, sea_orm::Order::Asc)
            .to_owned();
        let of_all = CommonTableExpression::new()
            .query(of_all)
            .table_name(named)
            .to_owned();
        let query = query.with(WithClause::new().cte(of_all).to_owned());
        let rows = self.reader().query_all(&query).await?;
        rows.iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect()
    }

    /// The names under which the caller's organization is told of changes: its own, and those of open referrals
    /// that its active services could take.
    pub(super) async fn audiences(&self) -> Result<Vec<Uuid>> {
        let mut audiences = vec![self.viewer().organization().0];
        match self.viewer() {
            Viewer::Ministry { .. } => {}
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                for Coverage { category, regions } in self.coverage().await? {
                    audiences.push(open_audience(category, None));
                    audiences.extend(
                        regions
                            .into_iter()
                            .map(|region| open_audience(category, Some(region))),
                    );
                }
            }
        }
        audiences.sort_unstable();
        audiences.dedup();
        Ok(audiences)
    }
}
