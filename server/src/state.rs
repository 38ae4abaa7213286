//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use app::context::AppSettings;
use axum::extract::FromRef;
use leptos::prelude::LeptosOptions;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use wallet::Wallet;

use crate::assets;
use crate::client_ip::UnknownProxies;
use crate::config::{Settings, secret_file};
use crate::connections::limit;
use crate::rate_limit::SubjectRates;
use crate::rate_limit::by_key::RateLimits;
use crate::streams::Streams;

/// The long-lived parts of the process. Every layer and handler of a request takes a clone: it is one counter.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What is behind an [`AppState`].
#[derive(Debug)]
pub struct Parts {
    /// The wallet's façade: everything that is not HTTP.
    pub wallet: Wallet,
    /// The settings, as read at start.
    pub settings: Settings,
    /// What pages need to know of the settings.
    pub app: AppSettings,
    /// What `/metrics` asks for, where it is served.
    pub metrics_token: Option<SecretString>,
    /// What Leptos needs to know.
    pub leptos: LeptosOptions,
    /// Fires when the process begins to stop.
    pub stopping: CancellationToken,
    /// The open streams of events.
    pub streams: Arc<Streams>,
    /// Requests of this minute, by API key.
    pub rates: RateLimits,
    /// Requests of this minute, by account, session and address.
    pub subjects: SubjectRates,
    /// Proxies that nobody has named.
    pub unknown_proxies: UnknownProxies,
    /// The client for calls to other servers.
    pub http: reqwest::Client,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(wallet: Wallet, settings: Settings) -> anyhow::Result<Self> {
        // The one TLS provider of the process; a second call changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        // Streams may last, so that half of the connections are always left for requests.
        let streams = usize::try_from(settings.web.streams_max).unwrap_or(usize::MAX);
        let streams = streams.min(limit::most(&settings).div_ceil(2));
        let leptos = LeptosOptions::builder()
            .output_name("scrip")
            .site_root("target/site")
            .site_pkg_dir("pkg")
            .site_addr(settings.address())
            .build();
        let app = AppSettings {
            production: settings.production(),
            demo: settings.demo,
            public_url: settings.public_url(),
            assets_version: assets::version().to_owned(),
        };
        let rates = RateLimits::new(settings.web.rate_reads, settings.web.rate_writes);
        let subjects = SubjectRates::new(&settings.web);
        let http = reqwest::Client::builder().timeout(settings.request_timeout()).build()?;
        let (token, file) = (settings.web.metrics_token.as_ref(), settings.web.metrics_token_file.as_deref());
        let metrics_token = secret_file::read("METRICS_TOKEN", token, file)?;
        Ok(Self(Arc::new(Parts {
            wallet,
            settings,
            metrics_token,
            app,
            leptos,
            stopping: CancellationToken::new(),
            streams: Arc::new(Streams::new(streams)),
            rates,
            subjects,
            unknown_proxies: UnknownProxies::default(),
            http,
        })))
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
