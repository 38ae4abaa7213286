//! The changelog of prices as feeds: RSS 2.0 and Atom, in English and Russian (`?lang=ru`).
//!
//! An entry's id is its permalink, and its words stay the same from the announcement on: a reader shows it once. Only a
//! change of what is announced updates it. Feeds answer 304 to who has the newest one.

use std::fmt::Write;

use app::components::pricing::change::{change_line, dates_text, summary_text};
use app::i18n::{I18nLocaleTrait as _, Locale, td_string};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use wallet::tariff::Announcement;

use crate::http::html_page::escape;
use crate::state::AppState;

/// Versions of a feed.
const ENTRIES: u16 = 50;
/// How long a reader may keep a feed without asking.
const KEEP: &str = "public, max-age=300";

/// Gives the routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/changelog.atom", get(atom)).route("/changelog.rss", get(rss))
}

/// Which language.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    lang: Option<String>,
}

/// What both formats say.
struct Feed {
    locale: Locale,
    product: String,
    /// What the plans are called, by code.
    plans: Vec<(String, String)>,
    public_url: String,
    announcements: Vec<Announcement>,
    updated: Option<DateTime<Utc>>,
}

async fn atom(state: State<AppState>, wanted: Query<Wanted>, headers: HeaderMap) -> Response {
    answer(state, wanted, &headers, "application/atom+xml; charset=utf-8", Feed::atom).await
}

async fn rss(state: State<AppState>, wanted: Query<Wanted>, headers: HeaderMap) -> Response {
    answer(state, wanted, &headers, "application/rss+xml; charset=utf-8", Feed::rss).await
}

async fn answer(
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
    headers: &HeaderMap,
    kind: &'static str,
    write: fn(&Feed) -> String,
) -> Response {
    let feed = match Feed::read(&state, wanted.lang.as_deref()).await {
        Ok(feed) => feed,
        Err(error) => {
            tracing::error!(%error, "the feed of price changes can't be read");
            return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.").into_response();
        }
    };
    let (body, updated) = (write(&feed), feed.updated);
    let tag: String = Sha256::digest(body.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    // Weak: compression changes the bytes, not the news.
    let tag = format!("W/\"{tag}\"");
    let is_known = is_known(headers, &tag, updated);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    for (name, value) in [(header::ETAG, Some(tag)), (header::LAST_MODIFIED, updated.map(http_date))] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            answer.insert(name, value);
        }
    }
    response
}

/// Says whether the reader has this very feed. A tag decides alone where there is one.
fn is_known(headers: &HeaderMap, tag: &str, updated: Option<DateTime<Utc>>) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        return tags.split(',').any(|known| bare(known) == bare(tag) || known.trim() == "*");
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    match (since, updated) {
        (Some(since), Some(updated)) => updated.timestamp() <= since.timestamp(),
        _ => false,
    }
}

/// Writes a time as HTTP and RSS do: `Sat, 21 Nov 2026 10:00:00 GMT`.
fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Writes text for XML: what XML can't hold is left out.
fn xml(text: &str) -> String {
    let holds = |letter: &char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    escape(&text.chars().filter(holds).collect::<String>())
}

impl Feed {
    async fn read(state: &AppState, lang: Option<&str>) -> Result<Self, wallet::error::Error> {
        let changelog = state.wallet.tariffs().changelog(None, ENTRIES).await?;
        let (product, plans) = match state.wallet.catalog().view().await {
            Ok(view) => (view.settings.name.clone(), view.plan_names()),
            Err(_) => ("Scrip".to_owned(), Vec::new()),
        };
        Ok(Self {
            locale: lang.and_then(|lang| lang.parse().ok()).unwrap_or_default(),
            product,
            plans,
            public_url: state.app.public_url.clone(),
            announcements: changelog.announcements,
            updated: changelog.changed_at,
        })
    }

    fn title(&self) -> String {
        format!("{}: {}", self.product, td_string!(self.locale, changelog.title))
    }

    fn link(&self, one: &Announcement) -> String {
        format!("{}/changelog/{}", self.public_url, one.version)
    }

    /// An entry's text as HTML: its dates, then a line for each change.
    fn content(&self, one: &Announcement) -> String {
        let mut html = format!("<p>{}</p><ul>", escape(&dates_text(self.locale, one)));
        for change in &one.changes {
            let _ = write!(html, "<li>{}</li>", escape(&change_line(self.locale, change, &self.plans)));
        }
        html.push_str("</ul>");
        html
    }

    fn atom(&self) -> String {
        let iso = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let url = xml(&self.public_url);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{lang}\">\
             <title>{title}</title><id>{url}/changelog</id><updated>{updated}</updated>\
             <author><name>{author}</name></author><link rel=\"alternate\" type=\"text/html\" href=\"{url}/changelog\"/>\
             <link rel=\"self\" type=\"application/atom+xml\" href=\"{url}/changelog.atom{query}\"/>",
            lang = self.locale.as_str(),
            title = xml(&self.title()),
            updated = iso(self.updated.unwrap_or(DateTime::UNIX_EPOCH)),
            author = xml(&self.product),
            query = if self.locale == Locale::ru { "?lang=ru" } else { "" },
        );
        for one in &self.announcements {
            let (link, at, changed_at) = (xml(&self.link(one)), iso(one.announced_at), iso(one.changed_at));
            let _ = write!(
                text,
                "<entry><title>{title}</title><id>{link}</id><link rel=\"alternate\" type=\"text/html\" href=\"{link}\"/>\
                 <published>{at}</published><updated>{changed_at}</updated><content type=\"html\">{content}</content></entry>",
                title = xml(&summary_text(self.locale, one)),
                content = xml(&self.content(one)),
            );
        }
        text.push_str("</feed>\n");
        text
    }

    fn rss(&self) -> String {
        let url = xml(&self.public_url);
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\
             <channel><title>{title}</title><link>{url}/changelog</link><description>{note}</description>\
             <language>{lang}</language><ttl>60</ttl>\
             <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{url}/changelog.rss{query}\"/>",
            title = xml(&self.title()),
            note = xml(td_string!(self.locale, changelog.note)),
            lang = self.locale.as_str(),
            query = if self.locale == Locale::ru { "?lang=ru" } else { "" },
        );
        if let Some(updated) = self.updated {
            let _ = write!(text, "<lastBuildDate>{}</lastBuildDate>", http_date(updated));
        }
        for one in &self.announcements {
            let link = xml(&self.link(one));
            let _ = write!(
                text,
                "<item><title>{title}</title><link>{link}</link><guid isPermaLink=\"true\">{link}</guid>\
                 <pubDate>{at}</pubDate><description>{content}</description></item>",
                title = xml(&summary_text(self.locale, one)),
                at = http_date(one.announced_at),
                content = xml(&self.content(one)),
            );
        }
        text.push_str("</channel></rss>\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_holds_only_what_it_can() {
        assert_eq!(xml("a<b>&\u{0}\u{8}\u{fffe}\"é\n"), "a&lt;b&gt;&amp;&quot;é\n");
    }

    #[test]
    fn a_reader_with_the_newest_gets_nothing() {
        let updated: DateTime<Utc> = "2026-11-21T10:00:00.5Z".parse().expect("a time");
        let asked = |name, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).expect("a value"));
            is_known(&headers, "W/\"abc\"", Some(updated))
        };
        assert!(asked(header::IF_NONE_MATCH, "W/\"abc\"") && asked(header::IF_NONE_MATCH, "\"x\", \"abc\""));
        assert!(!asked(header::IF_NONE_MATCH, "\"abd\""));
        assert!(asked(header::IF_MODIFIED_SINCE, &http_date(updated)));
        assert!(!asked(header::IF_MODIFIED_SINCE, "Sat, 21 Nov 2026 09:59:59 GMT"));
        assert!(!asked(header::IF_MODIFIED_SINCE, "yesterday"));
    }
}
