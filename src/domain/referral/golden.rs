//! The whole finite table as text that a person can review: every status, action, relation and combination of facts,
//! compared with `tests/golden/transitions.txt`. Set UPDATE_GOLDEN=1 to write the file anew, and read the difference.
use std::{fmt::Write, fs};

use entity::ReferralStatus;

use super::{Action, Effect, Facts, Next, Refusal, Relation, next};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/transitions.txt");

const HEADER: &str = "\
# What may be done with a referral, by whom, and what follows. Generated from domain::referral::next.
# One line for each status and action. A relation that a line does not name is refused: WRONG_RELATION where the line
# names another, WRONG_STATUS where it names nobody (-). In brackets stands what a result hangs on: whether there is an
# owner, whether a claimant is named, whether a child is open, whether a newer referral replaces this one, whether its
# source has nothing to do with the claimant any more. What is not told makes no difference. NONE in the first column: the
# referral does not exist yet.
";

/// The words for each fact of the guards, where it does not hold and where it does.
const WORDS: [[&str; 2]; 5] = [
    ["no owner", "owner"],
    ["named", "anonymous"],
    ["no open child", "open child"],
    ["not replaced", "replaced"],
    ["not estranged", "estranged"],
];

pub(super) fn statuses() -> impl Iterator<Item = Option<ReferralStatus>> {
    [None]
        .into_iter()
        .chain(ReferralStatus::ALL.iter().copied().map(Some))
}

/// The facts of a combination, one bit for each word.
pub(super) const fn facts(status: Option<ReferralStatus>, bits: usize) -> Facts {
    Facts {
        status,
        has_owner: bits & 1 != 0,
        anonymous: bits & 2 != 0,
        open_children: bits & 4 != 0,
        replaced: bits & 8 != 0,
        estranged: bits & 16 != 0,
    }
}

pub(super) const COMBINATIONS: usize = 1 << WORDS.len();

fn word(answer: Result<Next, Refusal>) -> String {
    match answer {
        Ok(Next { status, effect }) => match effect {
            Effect::Transition => format!("-> {status}"),
            Effect::OwnerTaken => format!("{status}, owner taken"),
            Effect::TargetChanged => format!("{status}, target changed"),
            Effect::RequestToSource => format!("{status}, request to the source"),
            Effect::ChildCreated => format!("{status}, child created"),
            Effect::ReplacementCreated => format!("{status}, replacement created"),
            Effect::Discarded => "discarded".to_owned(),
            Effect::Unchanged => format!("{status}, same"),
        },
        Err(refusal) => match refusal {
            Refusal::WrongStatus => "WRONG_STATUS",
            Refusal::WrongRelation => "WRONG_RELATION",
            Refusal::NoOwner => "NO_OWNER",
            Refusal::AlreadyOwned => "ALREADY_OWNED",
            Refusal::OpenChildren => "OPEN_CHILDREN",
            Refusal::AlreadyReplaced => "ALREADY_REPLACED",
            Refusal::NotAnonymous => "NOT_ANONYMOUS",
            Refusal::Anonymous => "ANONYMOUS",
            Refusal::Estranged => "ESTRANGED",
        }
        .to_owned(),
    }
}

fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Source => "source",
        Relation::Owner => "owner",
        Relation::Registering => "registering",
        Relation::EligibleProvider => "eligible provider",
        Relation::Ministry => "ministry",
        Relation::System => "system",
        Relation::None => "none",
    }
}

fn action_word(action: Action) -> String {
    match action {
        Action::Create => "(create)".to_owned(),
        Action::Api(action) => action.to_string(),
        Action::Expire => "(expire)".to_owned(),
        Action::Withdraw => "(withdraw)".to_owned(),
        Action::Close => "(close)".to_owned(),
        Action::Discard => "(discard)".to_owned(),
    }
}

/// What one relation gets, with the facts on which it hangs. A fact is told only where it makes a difference, given the
/// facts told before it.
fn results(answer: &dyn Fn(usize) -> String, told: &str, fact: usize, bits: usize) -> String {
    let rest = |bits: usize| (0..COMBINATIONS >> fact).map(move |high| answer(bits | high << fact));
    let first = answer(bits);
    if rest(bits).all(|other| other == first) {
        return format!("{told}{first}");
    }
    let holds = bits | 1 << fact;
    let differs = (0..COMBINATIONS >> (fact + 1))
        .map(|high| high << (fact + 1))
        .any(|high| answer(bits | high) != answer(holds | high));
    if !differs {
        return results(answer, told, fact + 1, bits);
    }
    let case = |word: usize, bits: usize| {
        results(
            answer,
            &format!("{told}[{}] ", WORDS[fact][word]),
            fact + 1,
            bits,
        )
    };
    format!("{}; {}", case(0, bits), case(1, holds))
}

fn table() -> String {
    let mut text = HEADER.to_owned();
    for status in statuses() {
        text.push('\n');
        for action in Action::all() {
            let lines: Vec<(Relation, String)> = Relation::ALL
                .iter()
                .map(|by| {
                    (
                        *by,
                        results(
                            &|bits| word(next(&facts(status, bits), action, *by)),
                            "",
                            0,
                            0,
                        ),
                    )
                })
                .collect();
            let unlisted = if lines.iter().all(|(_, line)| line == "WRONG_STATUS") {
                "WRONG_STATUS"
            } else {
                "WRONG_RELATION"
            };
            let named: Vec<String> = lines
                .into_iter()
                .filter(|(_, line)| line != unlisted)
                .map(|(by, line)| format!("{}: {line}", relation_word(by)))
                .collect();
            let status = status.map_or("NONE", ReferralStatus::as_str);
            let named = if named.is_empty() {
                "-".to_owned()
            } else {
                named.join(" | ")
            };
            writeln!(text, "{status:<17}{:<16}{named}", action_word(action))
                .expect("a String takes every text");
        }
    }
    text
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whether to write the golden anew is no configuration of the gateway"
)]
fn the_whole_table_is_the_reviewed_one() {
    let table = table();
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(PATH, &table).expect("the golden can be written");
    }
    let reviewed = fs::read_to_string(PATH).expect("the golden is there");
    for (line, (is, was)) in table.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {PATH}", line + 1);
    }
    assert_eq!(table, reviewed, "the golden has lines too many or too few");
}
