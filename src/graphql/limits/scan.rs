//! One linear pass over a text before any parser sees it. Parsers recurse: async-graphql's overflows the stack on a
//! value that is nested deep enough, and nothing catches that. So the brackets are counted here, where nothing recurses.
//! This module knows the lexical grammar (GraphQL, September 2025, section 2.1; RFC 8259) and nothing of meaning.
use async_graphql::Pos;

use super::refusal::{Code, Limit, Refusal};
use super::settings::Limits;
use super::text;

/// Counts characters, tokens and the nesting of brackets; refuses what is over a limit or leaves a string open.
///
/// # Errors
/// `LIMIT_EXCEEDED` with the limit's name, or `GRAPHQL_PARSE_FAILED` for a string that does not end.
pub fn scan(text: &str, limits: &Limits) -> Result<(), Refusal> {
    // A character takes at least one byte, so that most texts need no count.
    if text.len() > limits.characters {
        Refusal::unless_within(Limit::Characters, limits.characters, text.chars().count())?;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut tokens = 0_usize;
    let mut open = 0_usize;
    let mut deepest = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b' ' | b',' | b'\t' | b'\n' | b'\r' => at + 1,
            // The byte order mark is ignored like white space.
            0xEF if bytes[at..].starts_with(&[0xEF, 0xBB, 0xBF]) => at + 3,
            b'#' => end_of_line(bytes, at),
            _ => {
                tokens += 1;
                match byte {
                    b'{' | b'[' | b'(' => {
                        open += 1;
                        deepest = deepest.max(open);
                        at + 1
                    }
                    b'}' | b']' | b')' => {
                        open = open.saturating_sub(1);
                        at + 1
                    }
                    b'"' => end_of_string(bytes, at).ok_or_else(|| {
                        Refusal::new(Code::GraphqlParseFailed, text::STRING_OPEN)
                            .at(position(text, at))
                    })?,
                    b'.' if bytes[at..].starts_with(b"...") => at + 3,
                    b'-' | b'0'..=b'9' => end_of_number(bytes, at),
                    b'_' | b'a'..=b'z' | b'A'..=b'Z' => end_of_name(bytes, at),
                    _ => at + 1,
                }
            }
        };
    }
    Refusal::unless_within(Limit::Nesting, limits.nesting, deepest)?;
    Refusal::unless_within(Limit::Tokens, limits.tokens, tokens)
}

/// Refuses a JSON text whose brackets nest deeper than `deepest_allowed`. Whether it is JSON at all is for the parser.
///
/// # Errors
/// `LIMIT_EXCEEDED` with the limit `variablesNesting`.
pub fn scan_json(text: &[u8], deepest_allowed: usize) -> Result<(), Refusal> {
    Refusal::unless_within(Limit::VariablesNesting, deepest_allowed, depth(text))
}

/// [`scan_json`] for a whole body, in which the variables stand one level down.
///
/// # Errors
/// As [`scan_json`].
pub fn scan_json_body(text: &[u8], deepest_allowed: usize) -> Result<(), Refusal> {
    let depth = depth(text).saturating_sub(1);
    Refusal::unless_within(Limit::VariablesNesting, deepest_allowed, depth)
}

fn depth(text: &[u8]) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0_usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
        .map_or(bytes.len(), |length| from + length)
}

fn end_of_name(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
        .map_or(bytes.len(), |length| from + length)
}

fn end_of_number(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        let follows = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => true,
            b'.' => bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
            b'+' | b'-' => matches!(bytes[at - 1], b'e' | b'E'),
            _ => false,
        };
        if !follows {
            break;
        }
        at += 1;
    }
    at
}

/// The index after the string that begins at `from`, or none when it does not end. An open string has to be refused
/// here: where a block string does not end, async-graphql's grammar falls back to an empty string and reads on.
fn end_of_string(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes[from..].starts_with(b"\"\"\"") {
        let mut at = from + 3;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"\\\"\"\"") {
                at += 4;
            } else if bytes[at..].starts_with(b"\"\"\"") {
                return Some(at + 3);
            } else {
                at += 1;
            }
        }
        return None;
    }
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn position(text: &str, at: usize) -> Pos {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Pos {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Value;

    use super::*;

    fn limits() -> Limits {
        Limits {
            characters: 40,
            tokens: 8,
            nesting: 3,
            ..Limits::default()
        }
    }

    fn passed(limit: &str, value: u64, actual: u64) -> Vec<(&'static str, Value)> {
        vec![
            ("limit", Value::from(limit)),
            ("value", Value::from(value)),
            ("actual", Value::from(actual)),
        ]
    }

    #[test]
    fn a_document_at_every_limit_passes() {
        assert_eq!(
            scan(
                "{a(b:[1])}",
                &Limits {
                    tokens: 10,
                    ..limits()
                }
            ),
            Ok(())
        );
        assert_eq!(
            scan(
                &"é".repeat(8),
                &Limits {
                    characters: 8,
                    tokens: 16,
                    ..limits()
                }
            ),
            Ok(())
        );
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let refusal = scan(&"é".repeat(41), &limits()).unwrap_err();
        assert_eq!(refusal.extensions, passed("characters", 40, 41));
    }

    #[test]
    fn tokens_are_counted_as_the_grammar_counts_them() {
        // The number and the three dots are one token each.
        let refusal = scan("{a(b:-1.5e+3)...F}", &limits()).unwrap_err();
        assert_eq!(refusal.extensions, passed("tokens", 8, 10));
    }

    #[test]
    fn commas_comments_and_white_space_are_no_tokens() {
        assert_eq!(
            scan("\u{feff}{ a,,, # [[[[[[ \"\"\"\r b }", &limits()),
            Ok(())
        );
    }

    #[test]
    fn every_kind_of_bracket_nests() {
        let refusal = scan("{a(b:[{c", &limits()).unwrap_err();
        assert_eq!(refusal.extensions, passed("nesting", 3, 4));
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(scan(r#"{a(b:"[[[[\"[[")}"#, &limits()), Ok(()));
        assert_eq!(
            scan("{a(b:\"\"\"[[[\\\"\"\"[[[ \"\"\")}", &limits()),
            Ok(())
        );
    }

    #[test]
    fn a_string_that_does_not_end_hides_nothing() {
        for text in [
            "{a(b:\"[[\n",
            "{a(b:\"\"\"\" [[[[[[[",
            "{a(b:\"",
            "{a(b:\"\\",
        ] {
            assert_eq!(
                scan(text, &limits()),
                Err(Refusal::new(Code::GraphqlParseFailed, text::STRING_OPEN)
                    .at(Pos { line: 1, column: 6 })),
                "{text}"
            );
        }
    }

    #[test]
    fn json_is_bounded_in_depth_outside_its_strings() {
        assert_eq!(scan_json(br#"{"a":[{"b":"[[[[\"[["}]}"#, 3), Ok(()));
        let refusal = scan_json(br#"{"a":[{"b":[]}]}"#, 3).unwrap_err();
        assert_eq!(refusal.extensions, passed("variablesNesting", 3, 4));
    }
}
