//! From where a browser asks, and the cookie by which its machine is known at the next sign-in.
//!
//! The cookie opens nothing: it only says that somebody has signed in here before, so that what strangers try elsewhere
//! does not make that person wait.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::response::Response;
use wallet::identity::{DEVICE_DAYS, Visit, kept_user_agent};

use crate::auth::AuthSession;
use crate::auth::session::token;
use crate::client_ip::peer;
use crate::state::AppState;

/// The longest value of the cookie that is looked at.
const TOKEN_MAX: usize = 100;

/// The longest page that is kept from signing up to the proof.
const NEXT_MAX: usize = 500;
/// Where the page is kept that somebody wanted to see who signs up; encoded, since it is somebody's text.
const NEXT_COOKIE: &str = "scrip-next";

/// Names the cookie. Browsers take the prefix for a promise: Secure, this host only, all paths.
const fn name(production: bool) -> &'static str {
    if production { "__Host-scrip-device" } else { "scrip-device" }
}

/// Finds the address of the caller's machine, also behind trusted proxies.
#[must_use]
pub fn peer_of(extensions: &Extensions, headers: &HeaderMap, state: &AppState) -> Option<IpAddr> {
    let ConnectInfo(connected) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer(connected.ip(), headers, &state.settings.web.trusted_proxies))
}

/// Tells from where a browser asks.
#[must_use]
pub fn visit(extensions: &Extensions, headers: &HeaderMap, state: &AppState, session: &AuthSession) -> Visit {
    let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    Visit {
        from: peer_of(extensions, headers, state),
        device: cookie(headers, name(state.settings.production())),
        user_agent: kept_user_agent(&String::from_utf8_lossy(agent)),
        session: session.session.id().map(|id| token(&id)),
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    cookie_at_most(headers, name, TOKEN_MAX)
}

fn cookie_at_most(headers: &HeaderMap, name: &str, most: usize) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned());
    found.filter(|value| !value.is_empty() && value.len() <= most)
}

/// Keeps the secret of a machine in its browser.
pub fn set_cookie(answer: &mut Response, device: &str, state: &AppState) {
    let production = state.settings.production();
    let age = DEVICE_DAYS.saturating_mul(24 * 60 * 60);
    let secure = if production { "; Secure" } else { "" };
    let text = format!("{}={device}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", name(production));
    add(answer, &text);
}

/// Cookies that an answer brings beside its session's.
#[derive(Clone, Default)]
struct Cookies(Vec<HeaderValue>);

fn add(answer: &mut Response, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        answer.extensions_mut().get_or_insert_default::<Cookies>().0.push(value);
    }
}

/// Writes these cookies into the answer, behind its session's: who reads one cookie only reads that.
pub async fn write_cookies(mut answer: Response) -> Response {
    if let Some(Cookies(values)) = answer.extensions_mut().remove::<Cookies>() {
        for value in values {
            answer.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    answer
}

/// Keeps in the browser which page a person wanted to see, for the day in which the address can be proven.
pub fn set_next(answer: &mut Response, page: &str) {
    let value: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
    if value.len() <= NEXT_MAX {
        set_next_cookie(answer, &value, 24 * 60 * 60);
    }
}

/// Forgets that page.
pub fn clear_next(answer: &mut Response) {
    set_next_cookie(answer, "", 0);
}

fn set_next_cookie(answer: &mut Response, value: &str, age: u32) {
    let text = format!("{NEXT_COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax");
    add(answer, &text);
}

/// Gives that page, where one is kept; whether it is one of our own is for the caller to see.
#[must_use]
pub fn next_page_of(headers: &HeaderMap) -> Option<String> {
    let value = cookie_at_most(headers, NEXT_COOKIE, NEXT_MAX)?;
    let pair = format!("next={value}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, page)| page.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_nonsense_is_not() {
        let found = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(text));
            cookie(&headers, "scrip-device")
        };
        assert_eq!(found("theme=dark; scrip-device=abc; scrip=x").as_deref(), Some("abc"));
        for text in ["", "scrip-device", "scrip-device=", "scrip-devices=a", "xscrip-device=a"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
