//! Where in the input a record stood, so that whoever maintains it finds it again. It knows files, lines and JSON
//! pointers (RFC 6901), and nothing of what stands there.
use std::{fmt, sync::Arc};

use entity::Language;

/// A place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file, relative to the path that was read; within an archive, the name of the entry.
    pub file: Arc<str>,
    /// The line on which the record begins, counted from 1: CSV, and JSON with one value per line.
    pub line: Option<u64>,
    /// The JSON pointer of the value within its file or line; the whole value has none.
    pub pointer: Option<String>,
}

impl Place {
    /// A whole file.
    pub fn file(file: &Arc<str>) -> Self {
        Self {
            file: Arc::clone(file),
            line: None,
            pointer: None,
        }
    }

    /// A line of a file.
    pub fn line(file: &Arc<str>, line: u64) -> Self {
        Self {
            file: Arc::clone(file),
            line: Some(line),
            pointer: None,
        }
    }

    /// What stands under a key, or at an index, of the value at this place.
    pub fn under(&self, key: impl fmt::Display) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        let parent = self.pointer.as_deref().unwrap_or_default();
        Self {
            file: Arc::clone(&self.file),
            line: self.line,
            pointer: Some(format!("{parent}/{key}")),
        }
    }

    /// The place in words.
    pub fn text(&self, language: Language) -> String {
        let mut text = self.file.to_string();
        if let Some(line) = self.line {
            text.push_str(match language {
                Language::En => ", line ",
                Language::Fr => ", ligne ",
            });
            text.push_str(&line.to_string());
        }
        if let Some(pointer) = &self.pointer {
            text.push_str(match language {
                Language::En => ", at ",
                Language::Fr => ", à ",
            });
            text.push_str(pointer);
        }
        text
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(Language::En))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_escapes_its_keys_as_a_json_pointer_does() {
        let place = Place::file(&Arc::from("a.json"))
            .under("contents")
            .under(3)
            .under("a/b~c");
        assert_eq!(place.pointer.as_deref(), Some("/contents/3/a~1b~0c"));
    }

    #[test]
    fn a_place_is_told_in_both_languages() {
        let place = Place::line(&Arc::from("services.csv"), 4);
        assert_eq!(place.to_string(), "services.csv, line 4");
        assert_eq!(place.text(Language::Fr), "services.csv, ligne 4");
    }
}
