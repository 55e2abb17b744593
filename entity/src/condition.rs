//! What a rule of eligibility asks, kept in one column as JSON.
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{AgeBand, ClaimStage, RegionId};

/// One condition about one fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(tag = "fact", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EligibilityCondition {
    /// The claim stands at one of these stages.
    Stage { stages: Vec<ClaimStage> },
    /// The person may work, and for so many days to come.
    WorkAuthorization { valid_for_days: i32 },
    /// The person has a social insurance number, and for so many days to come.
    SocialInsurance { valid_for_days: i32 },
    /// The person is of this age, in years; both ends included.
    Age { from: Option<i32>, to: Option<i32> },
    /// The person reaches this level in each skill of the language.
    LanguageLevel { language: String, level: i32 },
    /// The person is of one of these age bands.
    AgeBand { bands: Vec<AgeBand> },
    /// The person lives in one of these regions.
    Region { regions: Vec<RegionId> },
    /// The person speaks one of these languages, ISO 639-3.
    Language { languages: Vec<String> },
}
