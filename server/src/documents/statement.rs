//! What stands where on a statement of a month: as many pages as its rows need.

use app::i18n::{Locale, td_string};
use app::text::amount::money_text;
use app::text::date_time::{date_text, long_date_text};
use app::text::document::{kind_name, period_text};
use wallet::invoice::{Statement, StatementRow, StatementTotals};
use wallet::money::Money;

use super::layout::{LABEL, RIGHT, STEP, STRONG, TEXT, foot, heading, parties};
use super::paper::{HEIGHT, MARGIN, Page, wrap};

/// Where the columns of a row begin.
const DOCUMENT: f32 = MARGIN + 78.0;
const TITLE_AT: f32 = MARGIN + 250.0;
/// How far down rows may stand.
const BOTTOM: f32 = HEIGHT - MARGIN - 24.0;

/// Lays a statement out.
pub(super) fn pages(statement: &Statement, locale: Locale) -> Vec<Page> {
    let mut page = Page::default();
    let month = period_text(locale, statement.month);
    let mut y = heading(&mut page, &statement.seller.name, td_string!(locale, document.statement), &month);
    y = parties(&mut page, locale, (&statement.seller, &statement.buyer), y + 26.0);
    y += 24.0;
    let made = long_date_text(locale, statement.made_on);
    if !statement.is_final {
        page.write((MARGIN, y), TEXT, td_string!(locale, document.so_far, date = made));
        y += 24.0;
    }
    let mut pages = Pages { locale, done: Vec::new(), page, y };
    pages.head();
    if statement.rows.is_empty() {
        pages.page.write((MARGIN, pages.y + STEP), TEXT, td_string!(locale, document.nothing));
        pages.y += STEP + 8.0;
    }
    for row in &statement.rows {
        pages.row(row);
    }
    for totals in &statement.totals {
        pages.totals(totals);
    }
    let mut done = pages.done;
    done.push(pages.page);
    foot(&mut done, locale, &format!("{}, {month}", td_string!(locale, document.statement)));
    done
}

/// Pages that are being filled.
struct Pages {
    locale: Locale,
    done: Vec<Page>,
    page: Page,
    y: f32,
}

impl Pages {
    /// Goes on on another page where so much room is not left.
    fn need(&mut self, room: f32) -> bool {
        if self.y + room <= BOTTOM {
            return false;
        }
        self.done.push(std::mem::take(&mut self.page));
        self.y = MARGIN + 10.0;
        true
    }

    fn head(&mut self) {
        let (locale, y) = (self.locale, self.y);
        self.page.write((MARGIN, y), LABEL, td_string!(locale, document.date));
        self.page.write((DOCUMENT, y), LABEL, td_string!(locale, document.one));
        self.page.write((TITLE_AT, y), LABEL, td_string!(locale, document.item));
        self.page.write_to((RIGHT, y), LABEL, td_string!(locale, document.amount));
        self.y = y + 7.0;
        self.page.line(MARGIN, RIGHT, self.y);
    }

    fn row(&mut self, row: &StatementRow) {
        let title = wrap(&row.title, TEXT, 150.0);
        let what = wrap(&format!("{} {}", kind_name(self.locale, row.kind), row.code), TEXT, 165.0);
        let height = title.len().max(what.len()) as f32 * STEP + 10.0;
        if self.need(height) {
            self.head();
        }
        let y = self.y + 3.0;
        self.page.write((MARGIN, y + STEP), TEXT, date_text(self.locale, row.on));
        for (x, lines) in [(DOCUMENT, what), (TITLE_AT, title)] {
            let mut at = y;
            for line in lines {
                at += STEP;
                self.page.write((x, at), TEXT, line);
            }
        }
        self.page.write_to((RIGHT, y + STEP), TEXT, money_text(self.locale, row.total));
        self.y += height;
        self.page.line(MARGIN, RIGHT, self.y);
    }

    fn totals(&mut self, totals: &StatementTotals) {
        self.need(4.0 * STEP + 20.0);
        let locale = self.locale;
        let tax = Money::from_minor(totals.tax_minor, totals.net.currency());
        self.y += 12.0;
        let mut lines = vec![
            (td_string!(locale, document.total_paid), totals.paid, TEXT),
            (td_string!(locale, document.total_returned), totals.returned, TEXT),
            (td_string!(locale, document.total), totals.net, STRONG),
        ];
        if tax.minor() != 0 {
            lines.push((td_string!(locale, document.of_it_tax), tax, TEXT));
        }
        for (label, money, style) in lines {
            self.y += STEP;
            self.page.write((310.0, self.y), style, label);
            self.page.write_to((RIGHT, self.y), style, money_text(locale, money));
        }
    }
}
