//! What kind of machine a browser says that it runs on, in words that people know.

use serde::{Deserialize, Serialize};

/// The most letters of what a browser says of itself that are kept.
pub(crate) const USER_AGENT_MAX: usize = 300;

/// Names by which browsers are known; the first that is found counts, since most claim to be others as well.
const BROWSERS: [(&str, &str); 14] = [
    ("YaBrowser", "Yandex Browser"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "Python"),
    ("okhttp", "OkHttp"),
];

/// Names by which systems are known.
const SYSTEMS: [(&str, &str, bool); 8] = [
    ("iPhone", "iPhone", true),
    ("iPad", "iPad", true),
    ("Android", "Android", true),
    ("CrOS", "ChromeOS", false),
    ("Windows", "Windows", false),
    ("Mac OS X", "macOS", false),
    ("Macintosh", "macOS", false),
    ("Linux", "Linux", false),
];

/// A machine as its browser describes it. Browsers may say anything: it helps people to tell their own ones apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The browser: `Firefox`.
    pub browser: Option<String>,
    /// The system: `Windows`.
    pub system: Option<String>,
    /// Whether it is held in a hand.
    pub is_mobile: bool,
}

impl Device {
    /// Reads what a browser says of itself.
    #[must_use]
    pub(crate) fn of(user_agent: &str) -> Self {
        let browser = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark));
        let system = SYSTEMS.iter().find(|(mark, _, _)| user_agent.contains(mark));
        Self {
            browser: browser.map(|(_, name)| (*name).to_owned()),
            system: system.map(|(_, name, _)| (*name).to_owned()),
            is_mobile: system.is_some_and(|(_, _, is_mobile)| *is_mobile),
        }
    }
}

/// Keeps of what a browser says what can be stored and shown.
#[must_use]
pub fn kept_user_agent(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(USER_AGENT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_that_claim_to_be_others_are_told_apart() {
        let words = |text: &str| {
            let Device { browser, system, is_mobile } = Device::of(text);
            (browser.unwrap_or_default(), system.unwrap_or_default(), is_mobile)
        };
        let named = |browser: &str, system: &str, is_mobile: bool| (browser.to_owned(), system.to_owned(), is_mobile);
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0";
        assert_eq!(words(edge), named("Edge", "Windows", false));
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(words(phone), named("Safari", "iPhone", true));
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
        assert_eq!(words(mac), named("Chrome", "macOS", false));
        let android = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 YaBrowser/24.0 Mobile Safari/537.36";
        assert_eq!(words(android), named("Yandex Browser", "Android", true));
        assert_eq!(
            words("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"),
            named("Firefox", "Linux", false)
        );
        assert_eq!(words("💥"), named("", "", false));
    }

    #[test]
    fn what_is_kept_can_be_stored_and_shown() {
        assert_eq!(kept_user_agent("a\0b\r\nc"), "abc");
        assert_eq!(kept_user_agent(&"x".repeat(10_000)).len(), USER_AGENT_MAX);
    }
}
