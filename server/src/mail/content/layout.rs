//! How a mail looks: its parts as text and as HTML.

use app::text::accent::{LIGHT_GROUND, readable};
use wallet::catalog::Accent;

use crate::http::html_page::escape;

/// The parts of a mail, in the reader's language.
pub(super) struct Parts {
    pub(super) product: String,
    pub(super) subject: String,
    pub(super) greeting: String,
    pub(super) figure: Option<String>,
    pub(super) lines: Vec<String>,
    pub(super) action: &'static str,
    pub(super) link: String,
    pub(super) footer: String,
    /// Where the platform is reached and who runs it, one a line.
    pub(super) about: Vec<String>,
    /// The colour of the button, where it is not Scrip's.
    pub(super) accent: Option<Accent>,
    /// The words and the address of the link that switches such mails off.
    pub(super) unsubscribe: Option<(&'static str, String)>,
}

impl Parts {
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.greeting);
        if let Some(figure) = &self.figure {
            text.push_str(figure);
            text.push_str("\n\n");
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&format!("\n{}:\n{}\n\n-- \n{}\n", self.action, self.link, self.footer));
        for line in &self.about {
            text.push_str(line);
            text.push('\n');
        }
        if let Some((words, link)) = &self.unsubscribe {
            text.push_str(&format!("{words}: {link}\n"));
        }
        text
    }

    pub(super) fn html(&self, language: &str) -> String {
        let figure = self.figure.as_ref().map_or_else(String::new, |figure| {
            format!("<p style=\"margin:0 0 16px;font:600 36px/44px Georgia,serif\">{}</p>", escape(figure))
        });
        let lines: String =
            self.lines.iter().map(|line| format!("<p style=\"margin:0 0 12px\">{}</p>", escape(line))).collect();
        let about: String = self.about.iter().map(|line| format!("<br>{}", escape(line))).collect();
        let (accent, on) = match self.accent.map(|accent| readable(accent, LIGHT_GROUND)) {
            Some(accent) => (accent.to_string(), accent.content().to_string()),
            None => ("#0b6650".to_owned(), "#ffffff".to_owned()),
        };
        let unsubscribe = self.unsubscribe.as_ref().map_or_else(String::new, |(words, link)| {
            format!("<br><a href=\"{}\" style=\"color:#4d5d56\">{}</a>", escape(link), escape(words))
        });
        format!(
            "<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\
             <body style=\"margin:0;background:#f3f6f4;color:#12201b;font:16px/24px system-ui,sans-serif\">\
             <div style=\"max-width:520px;margin:0 auto;padding:32px 16px\">\
             <p style=\"margin:0 0 16px;font-weight:600\">{product}</p>\
             <div style=\"background:#fff;border:1px solid #dde5e0;border-radius:8px;padding:24px\">\
             <p style=\"margin:0 0 16px\">{greeting}</p>{figure}{lines}\
             <p style=\"margin:24px 0 0\"><a href=\"{link}\" style=\"display:inline-block;background:{accent};\
             color:{on};text-decoration:none;border-radius:6px;padding:12px 20px\">{action}</a></p></div>\
             <p style=\"margin:16px 0 0;color:#4d5d56;font-size:13px\">{footer}{about}{unsubscribe}</p></div></body></html>",
            subject = escape(&self.subject),
            product = escape(&self.product),
            greeting = escape(&self.greeting),
            link = escape(&self.link),
            action = escape(self.action),
            footer = escape(&self.footer),
        )
    }
}
