//! Counts of referrals. The ministry's are of whole months and protected by `domain::disclosure_control`, and what it
//! counts by facts of claimants is as of the last midnight. An organization's own are exact.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{ReportMeasure, referral};
use sea_orm::{
    ConnectionTrait, DbBackend, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr},
};

use super::Session;
use crate::{
    domain::disclosure_control::{Part, told},
    error::{BadInput, Error, Result},
    viewer::Viewer,
};

mod question;

pub use question::Question;
use question::{Basis, join};

/// The most rows that a report gives.
const MOST_ROWS: usize = 5_000;

/// The most parts of cells that are put together.
const MOST_PARTS: u64 = 100_000;

/// What a cell is of.
type Keys = Vec<Option<String>>;

/// A cell as it is counted.
type Cell = (Keys, Vec<Part>);

/// One cell: what it is of, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub keys: Keys,
    pub count: i64,
}

/// The cells that are told, and the total, which is protected like a cell. Where there is none,
/// nothing is told: not even of what there would be a cell.
#[derive(Clone, Debug)]
pub struct Report {
    pub as_of: DateTime<Utc>,
    pub rows: Vec<Row>,
    pub suppressed: usize,
    pub total: Option<i64>,
    /// The regions that rows may name: code, English and French name.
    pub regions: BTreeMap<String, (String, String)>,
}

/// The name of one column of the records that are counted.
fn name(kind: &str, place: usize) -> String {
    format!("{kind}_{place}")
}

/// Sixteen of the random bits of a record's UUID (RFC 9562 §5.7), which nobody outside is shown, as its key.
fn record_key(backend: DbBackend) -> SimpleExpr {
    Expr::cust(if backend == DbBackend::Postgres {
        "get_byte(uuid_send(record), 14) * 256 + get_byte(uuid_send(record), 15)"
    } else {
        // SQLite has no function for the number of a byte.
        "4096 * instr('123456789ABCDEF', substr(hex(record), 29, 1)) \
         + 256 * instr('123456789ABCDEF', substr(hex(record), 30, 1)) \
         + 16 * instr('123456789ABCDEF', substr(hex(record), 31, 1)) \
         + instr('123456789ABCDEF', substr(hex(record), 32, 1))"
    })
}

impl Session {
    /// Counts referrals by their creation in a period of days of America/Toronto, both ends included; for the ministry in
    /// the months in which these are.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a period or dimensions that cannot be counted.
    pub async fn referral_report(&self, question: &Question) -> Result<Report> {
        let basis = Basis::of(question, self.viewer(), self.now)?;
        let dimensions = basis.dimensions()?;
        let cells = self.cells(&self.counted(&basis, &dimensions)).await?;
        let whole = self.cells(&self.counted(&basis, &[])).await?;
        let regions = self
            .region_list()
            .await?
            .iter()
            .map(|row| (row.code.clone(), (row.name_en.clone(), row.name_fr.clone())))
            .collect();
        let total = whole.first().and_then(|(_, parts)| self.told(parts));
        let rows: Vec<Row> = cells
            .into_iter()
            .filter_map(|(keys, parts)| {
                let count = self.told(&parts)?;
                Some(Row { keys, count })
            })
            .collect();
        Ok(Report {
            as_of: basis.as_of,
            // An organization's own cells are all told. To the ministry the number of cells would tell of them: two
            // questions, one of which counts a person more, would show whether that person has a cell alone.
            suppressed: 0,
            rows,
            total,
            regions,
        })
    }

    /// Each record once in each part of a cell, and of each part how many records and the sum of their keys. For an
    /// organization a cell has one part.
    fn counted(&self, basis: &Basis<'_>, dimensions: &[SimpleExpr]) -> SelectStatement {
        let question = &basis.question;
        let mut records = basis
            .referrals()
            .expr_as(basis.record(), "record")
            .into_query();
        join(&mut records, &question.group_by);
        let mut counted = Query::select();
        let mut names = vec!["record".to_owned()];
        for (place, dimension) in dimensions.iter().enumerate() {
            let key = name("key", place);
            records.expr_as(dimension.clone(), key.clone());
            names.push(key.clone());
            let key = Expr::col(Alias::new(key));
            counted
                .expr(key.clone())
                .add_group_by([key.clone()])
                .order_by_expr(key, sea_orm::Order::Asc);
        }
        match self.viewer() {
            Viewer::Ministry { .. } => {
                for (place, part) in basis.parts().into_iter().enumerate() {
                    let part_name = name("part", place);
                    records.expr_as(part, part_name.clone());
                    counted.add_group_by([Expr::col(Alias::new(part_name.clone()))]);
                    names.push(part_name);
                }
                // Who is in several months counts in the first of them.
                let month = Expr::col((referral::Entity, referral::Column::CreatedMonth)).min();
                records.expr_as(month, "month");
                records.add_group_by(names.iter().map(|name| Expr::col(Alias::new(name))));
                counted.add_group_by([Expr::col(Alias::new("month"))]);
            }
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                if !matches!(question.measure, ReportMeasure::Referrals) {
                    records.distinct();
                }
            }
        }
        let key = record_key(self.store.database.unscoped.get_database_backend());
        counted
            .expr(Expr::col(Alias::new("record")).count())
            .expr(Func::coalesce([
                key.sum().cast_as("bigint"),
                Expr::value(0_i64),
            ]))
            .from_subquery(records, Alias::new("records"))
            .limit(MOST_PARTS)
            .to_owned()
    }

    /// The cells, each put together from its parts, which come one after another.
    async fn cells(&self, query: &SelectStatement) -> Result<Vec<Cell>> {
        let found = self.store.database.unscoped.query_all(query).await?;
        if found.len() as u64 >= MOST_PARTS {
            return Err(Error::BadInput(BadInput::Dimensions));
        }
        let mut cells: Vec<Cell> = Vec::new();
        for row in found {
            let width = row.column_names().len() - 2;
            let keys = (0..width)
                .map(|place| row.try_get_by_index(place))
                .collect::<std::result::Result<Keys, _>>()?;
            let part = Part {
                count: row.try_get_by_index(width)?,
                key: row.try_get_by_index(width + 1)?,
            };
            match cells.last_mut() {
                Some((last, parts)) if *last == keys => parts.push(part),
                _ => cells.push((keys, vec![part])),
            }
        }
        cells.truncate(MOST_ROWS);
        Ok(cells)
    }

    /// A cell's count, as the caller may be told.
    fn told(&self, parts: &[Part]) -> Option<i64> {
        match self.viewer() {
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                Some(parts.iter().map(|part| part.count).sum())
            }
            Viewer::Ministry { .. } => told(parts),
        }
    }
}
