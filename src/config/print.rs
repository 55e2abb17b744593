//! Prints the configuration in force as TOML, with who set each value. What comes out can be read in again, but for the
//! secrets, which are not in it.
use std::fmt::Write;

use super::Loaded;

impl Loaded {
    /// The configuration in force, as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let sections = toml::Table::try_from(&self.config)?;
        let mut text = String::new();
        for (section, settings) in &sections {
            if !text.is_empty() {
                text.push('\n');
            }
            // Writing into a String cannot fail.
            let _ = writeln!(text, "[{section}]");
            for (name, value) in settings.as_table().into_iter().flatten() {
                let set_by = self.figment.find_metadata(&format!("{section}.{name}"));
                let from = set_by.map_or("default", |metadata| &metadata.name);
                let _ = writeln!(text, "{name} = {value} # {from}");
            }
        }
        Ok(text)
    }
}
