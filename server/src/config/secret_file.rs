//! Secrets that are given as a setting or as the file that holds them.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};

/// Gives a secret from its setting, else from the file that `{name}_FILE` names; `None` where neither is set.
///
/// Spaces and line ends around it are cut off: editors and `echo` add them.
pub fn read(name: &str, value: Option<&SecretString>, file: Option<&Path>) -> anyhow::Result<Option<SecretString>> {
    let text = match (value, file) {
        (Some(_), Some(_)) => bail!("{name} and {name}_FILE are both set: unset one of them"),
        (Some(value), None) => value.expose_secret().trim().to_owned(),
        (None, Some(path)) => {
            let text = fs::read_to_string(path);
            let text = text.with_context(|| format!("{name}_FILE: {} can't be read", path.display()))?;
            let text = text.trim().to_owned();
            if text.is_empty() {
                bail!("{name}_FILE: {} is empty", path.display());
            }
            text
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(SecretString::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_secret_comes_from_its_setting_or_its_file_but_not_from_both() {
        let folder = std::env::temp_dir().join(format!("scrip-secret-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("key");
        fs::write(&file, " sk_test_1\n").expect("a file");
        let text = |read: Option<SecretString>| read.map(|secret| secret.expose_secret().to_owned());
        let of = |value: Option<&SecretString>, file: Option<&Path>| read("KEY", value, file);
        assert_eq!(text(of(None, None).expect("nothing")), None);
        assert_eq!(text(of(Some(&secret("a")), None).expect("a value")).as_deref(), Some("a"));
        assert_eq!(text(of(None, Some(&file)).expect("a file")).as_deref(), Some("sk_test_1"));
        let both = of(Some(&secret("a")), Some(&file)).expect_err("both").to_string();
        assert!(both.contains("KEY and KEY_FILE"), "{both}");
        fs::write(&file, "\n").expect("a file");
        let empty = of(None, Some(&file)).expect_err("empty").to_string();
        assert!(empty.contains("KEY_FILE") && empty.contains("is empty"), "{empty}");
        fs::remove_dir_all(&folder).expect("removed");
        assert!(of(None, Some(&file)).is_err());
    }
}
