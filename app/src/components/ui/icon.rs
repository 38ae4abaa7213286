//! Line icons; always beside a word, so hidden from screen readers.

use leptos::prelude::*;

/// The icons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A wallet.
    Wallet,
    /// Lines.
    List,
    /// A plus.
    Plus,
    /// A bank card.
    Card,
    /// A key.
    Key,
    /// A triangle that points right.
    Play,
    /// An open book.
    Book,
    /// A clock.
    Clock,
    /// Three dots.
    Dots,
    /// The moon.
    Moon,
    /// The sun.
    Sun,
    /// A padlock.
    Lock,
    /// A computer.
    Laptop,
    /// A telephone.
    Phone,
    /// An arrow that comes back.
    Back,
    /// A triangle with an exclamation mark.
    Warn,
    /// A tick.
    Check,
    /// An arrow into a tray.
    Download,
    /// A flag.
    Flag,
    /// A cross.
    Cross,
    /// A table.
    Table,
    /// A till's receipt.
    Receipt,
    /// Three points that are joined.
    Joined,
    /// Bars of a chart.
    Bars,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Wallet => "M2.5 5.5h11v7h-11zM2.5 5.5l1.8-2.3h7.4l1.8 2.3M10 9h1.5",
            Self::List => "M3 4h10M3 8h10M3 12h6",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Card => "M2 4h12v8.5H2zM2 7h12M4.5 10h2.5",
            Self::Key => "M8.2 10.5a2.7 2.7 0 1 1-5.4 0a2.7 2.7 0 0 1 5.4 0zM7.5 8.5 13 3M11 5l1.6 1.6",
            Self::Play => "M5 3.5v9l7-4.5z",
            Self::Book => {
                "M3 3.2c2-.6 3.6-.3 5 .8 1.400-1.100 3-1.400 5-.8v9c-2-.6-3.600-.3-5 .8-1.400-1.100-3-1.400-5-.8zM8 4v9"
            }
            Self::Clock => "M13.7 8A5.700 5.700 0 1 1 2.300 8a5.700 5.700 0 0 1 11.400 0zM8 4.800V8l2.200 1.500",
            Self::Dots => "M3.500 8h.01M8 8h.01M12.500 8h.01",
            Self::Moon => "M13 9.500A5.700 5.700 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
            Self::Sun => {
                "M11 8a3 3 0 1 1-6 0a3 3 0 0 1 6 0zM8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M12.600 3.400l-1 1M4.400 11.600l-1 1"
            }
            Self::Lock => "M3.500 7.200h9v6h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2",
            Self::Laptop => "M4 3.500h8v6H4zM2 12.500h12",
            Self::Phone => "M5 2h6v12H5zM7.500 11.800h1",
            Self::Back => "M6 4 2.500 7.500 6 11M3 7.500h6.500a3.500 3.500 0 0 1 0 7",
            Self::Warn => "M8 2.300 14.300 13H1.700zM8 6.300v3.200M8 11.200v.3",
            Self::Check => "m3 8.500 3.200 3.200L13 4.800",
            Self::Download => "M8 2.500v7M5 7l3 3 3-3M2.500 13h11",
            Self::Flag => "M3.500 14V2.500M3.500 3h8.500l-2 2.800 2 2.700H3.500",
            Self::Cross => "m4 4 8 8M12 4l-8 8",
            Self::Table => "M3 3h10v10H3zM3 6.500h10M6.500 6.500V13",
            Self::Receipt => "M4 2.500h8v11l-2-1.300-2 1.300-2-1.300-2 1.300zM6.200 5.700h3.600M6.200 8.500h3.600",
            Self::Joined => {
                "M6.500 11a2 2 0 1 1-4 0a2 2 0 0 1 4 0zM13.500 11a2 2 0 1 1-4 0a2 2 0 0 1 4 0zM10 4.500a2 2 0 1 1-4 0a2 2 0 0 1 4 0zM7 6.300 5.200 9.200M9 6.300l1.600 2.900M6.500 11h3"
            }
            Self::Bars => "M2.500 13.500h11M4.500 11V8M8 11V3.500M11.500 11V6",
        }
    }
}

/// Draws an icon.
pub fn icon(icon: Icon, size: u8) -> impl IntoView {
    let size = size.to_string();
    view! {
        <svg
            class="flex-none"
            width=size.clone()
            height=size
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.5"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=icon.path() />
        </svg>
    }
}
