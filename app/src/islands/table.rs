//! The history as a table: rows by day, each with the balance after it.

use std::collections::HashSet;

use chrono::NaiveDate;
use leptos::prelude::*;
use wallet::ledger::EntryView;
use wallet::money::Credits;

use crate::i18n::*;
use crate::islands::entry::{EntryAmount, KindTag, actor_name, entry_detail, entry_title};
use crate::text::amount::{credits_text, signed_text};
use crate::text::date_time::{When, WhenStyle, Zone, day_heading, local_text, use_zone};

/// One line of the table.
#[derive(Clone, PartialEq)]
enum Line {
    /// A day, with the sum of its rows where all of them are here.
    Day(NaiveDate, Option<Credits>),
    /// A ledger row.
    Row(Box<EntryView>),
}

impl Line {
    /// Names the line for the keyed list: a day by its (always new) sum too, so that it is drawn again.
    fn key(&self) -> String {
        match self {
            Self::Day(day, sum) => format!("{day} {:?}", sum.map(Credits::micros)),
            Self::Row(row) => row.seq.to_string(),
        }
    }
}

/// Puts day headings between the rows; a day that goes on on another page gets no sum.
fn lines(zone: &Zone, rows: &[EntryView], has_newer: bool, has_older: bool) -> Vec<Line> {
    let day_of = |row: &EntryView| zone.day(row.created_at);
    let mut cut = HashSet::new();
    if has_newer {
        cut.extend(rows.first().map(day_of));
    }
    if has_older {
        cut.extend(rows.last().map(day_of));
    }
    let mut lines = Vec::with_capacity(rows.len() + 8);
    for group in rows.chunk_by(|a, b| day_of(a) == day_of(b)) {
        if let Some(day) = group.first().map(day_of) {
            let sum = Credits::checked_sum(group.iter().map(|row| row.amount));
            lines.push(Line::Day(day, sum.filter(|_| !cut.contains(&day))));
        }
        lines.extend(group.iter().map(|row| Line::Row(Box::new(row.clone()))));
    }
    lines
}

/// The table of ledger rows.
#[component]
pub fn LedgerTable(
    /// The rows, newest first.
    #[prop(into)]
    rows: Signal<Vec<EntryView>>,
    /// The newest row that came live, for its tint.
    #[prop(into)]
    newest_live: Signal<Option<i64>>,
    /// The row whose receipt is open.
    #[prop(into)]
    selected: Signal<Option<i64>>,
    /// The query of the page, kept in the links to the rows.
    #[prop(into)]
    query: Signal<String>,
    /// The day on which the page was drawn.
    today: NaiveDate,
    /// Whether newer rows are on another page.
    has_newer: bool,
    /// Whether older rows are on another page.
    has_older: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_zone();
    view! {
        <table class="grid-table">
            <caption class="sr-only">{t!(i18n, ledger.caption)}</caption>
            <thead>
                <tr>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, ledger.time)}</th>
                    <th scope="col">{t!(i18n, ledger.operation)}</th>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, ledger.kind)}</th>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, ledger.by)}</th>
                    <th scope="col" class="r">{t!(i18n, ledger.credits)}</th>
                    <th scope="col" class="r hidden sm:table-cell">{t!(i18n, ledger.balance)}</th>
                </tr>
            </thead>
            <tbody>
                <For each=move || rows.with(|rows| lines(&zone, rows, has_newer, has_older)) key=Line::key let:line>
                    {match line {
                        Line::Day(day, sum) => view! { <DayRow day=day sum=sum today=today /> }.into_any(),
                        Line::Row(row) => {
                            view! { <EntryRow row=*row newest_live=newest_live selected=selected query=query /> }
                                .into_any()
                        }
                    }}
                </For>
            </tbody>
        </table>
    }
}

/// A day's heading and sum.
#[component]
fn DayRow(day: NaiveDate, sum: Option<Credits>, today: NaiveDate) -> impl IntoView {
    let i18n = use_i18n();
    let heading = move || day_heading(i18n.get_locale(), day, today);
    view! {
        <tr class="day">
            <th scope="rowgroup" colspan="4" class="!bg-base-200 !py-1.5 !text-base-content hidden sm:table-cell">{heading}</th>
            <th scope="rowgroup" class="!bg-base-200 !py-1.5 !text-base-content sm:hidden">{heading}</th>
            <td class="r">{move || sum.map(|sum| signed_text(i18n.get_locale(), sum))}</td>
            <td class="hidden sm:table-cell"></td>
        </tr>
    }
}

/// One row; its title is the link to its receipt.
#[component]
fn EntryRow(
    row: EntryView,
    newest_live: Signal<Option<i64>>,
    selected: Signal<Option<i64>>,
    query: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let seq = row.seq;
    let class = move || if newest_live.get() == Some(seq) { "hot row-new" } else { "hot" };
    let is_selected = move || (selected.get() == Some(seq)).then_some("true");
    let (title, detail, by, at, after) = (row.clone(), row.clone(), row.clone(), row.created_at, row.settled_after);
    let zone = use_zone();
    view! {
        <tr class=class aria-selected=is_selected data-seq=seq>
            <td class="num text-muted hidden sm:table-cell whitespace-nowrap">
                <When at=at style=WhenStyle::Clock />
            </td>
            <td>
                <a
                    href=move || format!("/wallet/history/{seq}{}", query.get())
                    data-keep-scroll
                    data-focus="#receipt"
                    class="block hover:underline underline-offset-4 font-medium"
                >
                    {move || entry_title(i18n.get_locale(), &title)}
                </a>
                <span class="text-sm text-muted">
                    <span class="sm:hidden num">{move || local_text(i18n.get_locale(), &zone, at, WhenStyle::Minute)}" "</span>
                    {move || entry_detail(i18n.get_locale(), &detail)}
                </span>
            </td>
            <td class="hidden sm:table-cell text-muted"><KindTag entry=row.clone() /></td>
            <td class="hidden sm:table-cell text-muted">{move || actor_name(i18n.get_locale(), &by)}</td>
            <td class="r"><EntryAmount entry=row.clone() /></td>
            <td class="r text-muted hidden sm:table-cell">{move || credits_text(i18n.get_locale(), after)}</td>
        </tr>
    }
}
