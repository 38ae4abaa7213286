//! `/admin/audit`: who did what and when, with the state before and after.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde_json::Value;
use wallet::identity::{AuditPage as Page, AuditRow};
use wallet::money::Credits;

use crate::components::ui::panel::{EmptyState, PagedTable};
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::audit::audit_log;
use crate::i18n::*;
use crate::text::audit_labels::action_words;
use crate::text::date_time::{When, WhenStyle};

/// The page of the audit log.
#[component]
pub fn AuditPage() -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let before = Memo::new(move |_| address.with(|map| map.get_str("before").unwrap_or_default().to_owned()));
    let page = Resource::new_blocking(move || before.get(), audit_log);
    view! {
        <DataPage
            active=Nav::Audit
            title=move || t_string!(i18n, audit.title)
            note=move || t_string!(i18n, audit.note)
            wide=true
            data=page
            let:page
        >
            <AuditTable page=page />
        </DataPage>
    }
}

/// The rows, or that there is none yet.
#[component]
fn AuditTable(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let rows = page.rows.into_iter().map(|row| view! { <Row row=row /> }.into_any()).collect();
    view! {
        <PagedTable
            name=move || t_string!(i18n, audit.title)
            head=view! {
                <th scope="col">{t!(i18n, audit.when)}</th>
                <th scope="col" class="hidden sm:table-cell">{t!(i18n, audit.who)}</th>
                <th scope="col">{t!(i18n, audit.what)}</th>
                <th scope="col">{t!(i18n, audit.before)}</th>
                <th scope="col">{t!(i18n, audit.after)}</th>
            }
            rows=rows
            older={page.next.map(|next| format!("/admin/audit?before={next}"))}
            empty=view! {
                <EmptyState title=move || t_string!(i18n, audit.none) note=move || t_string!(i18n, audit.none_note) />
            }
        />
    }
}

/// One row.
#[component]
fn Row(row: AuditRow) -> impl IntoView {
    let i18n = use_i18n();
    let action = row.action.clone();
    let who = row.actor.name().to_owned();
    let (before, after) = different(&row.before, &row.after);
    view! {
        <tr class="hot align-top">
            <td class="num text-muted sm:whitespace-nowrap !align-top">
                <When at=row.at style=WhenStyle::DateTime />
                <span class="sm:hidden block text-base-content">{who.clone()}</span>
            </td>
            <td class="!align-top hidden sm:table-cell">{who}</td>
            <td class="!align-top">
                <span class="font-medium block">{move || action_words(i18n.get_locale(), &action)}</span>
                <span class="text-sm text-muted break-words">{row.subject}</span>
                <span class="text-xs text-muted font-mono block">{row.action}</span>
            </td>
            <td class="!align-top"><State lines=before /></td>
            <td class="!align-top"><State lines=after /></td>
        </tr>
    }
}

/// A state as lines `name value`; short ones at once, long ones behind a click.
#[component]
fn State(lines: Vec<String>) -> impl IntoView {
    let i18n = use_i18n();
    if lines.is_empty() {
        return view! { <span class="text-muted">"—"</span> }.into_any();
    }
    let is_long = lines.len() > 12;
    let text = lines.join("\n");
    let block =
        view! { <pre class="text-xs leading-5 font-mono whitespace-pre-wrap break-words max-w-[32ch]">{text}</pre> };
    if is_long {
        view! {
            <details>
                <summary class="link-q cursor-pointer text-sm">{t!(i18n, audit.show)}</summary>
                {block}
            </details>
        }
        .into_any()
    } else {
        block.into_any()
    }
}

/// Keeps what differs between two states, and the line that names what it is about.
fn different(before: &Value, after: &Value) -> (Vec<String>, Vec<String>) {
    let (before, after) = (lines_of(before), lines_of(after));
    let is_name = |line: &String| line.starts_with("operation ");
    let without = |lines: &[String], others: &[String]| {
        lines.iter().filter(|line| is_name(line) || !others.contains(line)).cloned().collect()
    };
    (without(&before, &after), without(&after, &before))
}

/// Says whether a path of a tariff's rule names a price.
fn is_price(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    path.starts_with("rule.")
        && (["credits", "price", "base", "minimum", "cells"].contains(&last)
            || ["rule.min", "rule.max"].contains(&path))
}

/// Flattens a JSON value into lines that a person can read.
fn lines_of(value: &Value) -> Vec<String> {
    fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, lines);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (place, item) in items.iter().enumerate() {
                    walk(&format!("{path}.{place}"), item, lines);
                }
            }
            Value::Null => {}
            // Prices are kept in millionths.
            Value::Number(micros) if is_price(path) => {
                let price = Credits::from_micros(micros.as_i64().unwrap_or_default());
                lines.push(format!("{path} {price}"));
            }
            Value::Array(prices) if is_price(path) => {
                let price = |price: &Value| Credits::from_micros(price.as_i64().unwrap_or_default()).to_string();
                lines.push(format!("{path} {}", prices.iter().map(price).collect::<Vec<_>>().join(", ")));
            }
            Value::String(text) => lines.push(format!("{path} {text}")),
            other => lines.push(format!("{path} {other}")),
        }
    }
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    lines.iter().map(|line| line.trim().to_owned()).collect()
}
