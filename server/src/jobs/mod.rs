//! Jobs: one file each, one list here. Every job is idempotent: it may run twice, and on any node.

mod announce_prices;
mod ask_inactive;
mod compare_payments;
mod give_promos;
mod issue_documents;
mod make_checkpoints;
mod process_provider_event;
mod purge;
mod reconcile_payments;
mod renew_plans;
mod review_upstream_costs;
mod sandbox_event;
mod send_due_mails;
mod send_mail;
mod simulate_prices;
mod sum_usage;
mod sweep;
mod sweep_ledger;
mod tell_balances;
mod tell_expiring_cards;
mod tell_expiring_credits;
mod top_up_wallets;
mod verify_ledger;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use graphile_worker::{Cron, Worker, WorkerContext, WorkerOptions};
use tokio::task::JoinHandle;

use crate::database::JOBS_SCHEMA;
use crate::mail::Mailer;
use crate::providers::sandbox::SandboxEvent;
use crate::state::AppState;

/// How soon an idle worker looks by itself, where no notification came.
const POLL: Duration = Duration::from_secs(1);
/// How often a worker says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long it may be silent until its jobs, and the queues that it was at, are given to others. They may run twice
/// where it lives after all.
const SILENCE: Duration = Duration::from_secs(15);
/// How often workers look for silent ones.
const SWEEP: Duration = Duration::from_secs(5);

/// What every job can reach.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The server's state.
    pub state: AppState,
    /// How mails leave.
    pub mailer: Mailer,
    /// The kinds of regular jobs that this node is at.
    pub running: Arc<Mutex<HashSet<&'static str>>>,
}

/// Says that a kind of regular job is under way, for as long as it lives.
#[derive(Debug)]
pub struct Turn<'a>(&'a Tools, &'static str);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).remove(self.1);
    }
}

impl Tools {
    /// Begins a regular job; `None` where its last run is still at work on this node. A run that waits for a provider
    /// or an SMTP server would otherwise be joined by another one every minute, until no place is left for other jobs.
    #[must_use]
    pub fn turn(&self, kind: &'static str) -> Option<Turn<'_>> {
        let is_first = self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        is_first.then_some(Turn(self, kind))
    }
}

/// Makes the worker of this node, with every job.
pub async fn worker(state: &AppState) -> anyhow::Result<Worker> {
    let stopping = state.stopping.clone();
    let mailer = Mailer::new(&state.settings)?;
    let tools = Tools { state: state.clone(), mailer, running: Arc::default() };
    WorkerOptions::default()
        .pg_pool(state.wallet.pool().clone())
        .schema(JOBS_SCHEMA)
        .concurrency(usize::from(state.settings.web.jobs_concurrency))
        .poll_interval(POLL)
        .heartbeat_interval(HEARTBEAT)
        .sweep_threshold(SILENCE)
        .sweep_interval(SWEEP)
        .recovery_delay(POLL)
        .listen_os_shutdown_signals(false)
        .shutdown_signal(async move { stopping.cancelled().await })
        .add_extension(tools)
        .define_job::<send_mail::SendMail>()
        .define_job::<announce_prices::AnnouncePrices>()
        .define_job::<purge::Purge>()
        .define_job::<send_due_mails::SendDueMails>()
        .define_job::<process_provider_event::ProcessProviderEvent>()
        .define_job::<reconcile_payments::ReconcilePayments>()
        .define_job::<compare_payments::ComparePayments>()
        .define_job::<simulate_prices::SimulatePrices>()
        .define_job::<renew_plans::RenewPlans>()
        .define_job::<top_up_wallets::TopUpWallets>()
        .define_job::<issue_documents::IssueDocuments>()
        .define_job::<give_promos::GivePromos>()
        .define_job::<review_upstream_costs::ReviewUpstreamCosts>()
        .define_job::<SandboxEvent>()
        .define_job::<sweep::Sweep>()
        .define_job::<sweep_ledger::SweepLedger>()
        .define_job::<verify_ledger::VerifyLedger>()
        .define_job::<ask_inactive::AskInactive>()
        .define_job::<make_checkpoints::MakeCheckpoints>()
        .define_job::<sum_usage::SumUsage>()
        .define_job::<tell_balances::TellBalances>()
        .define_job::<tell_expiring_cards::TellExpiringCards>()
        .define_job::<tell_expiring_credits::TellExpiringCredits>()
        // With a payload each: without one the queue hands over null, which is none of these jobs.
        .with_cron(Cron::every_minute().payload(reconcile_payments::ReconcilePayments::default())?)
        .with_cron(Cron::every_minute().payload(renew_plans::RenewPlans::default())?)
        .with_cron(Cron::every_minute().payload(top_up_wallets::TopUpWallets::default())?)
        .with_cron(Cron::every_minute().payload(give_promos::GivePromos::default())?)
        .with_cron(Cron::every_minute().payload(issue_documents::IssueDocuments::default())?)
        .with_cron(Cron::every_minute().payload(send_due_mails::SendDueMails::default())?)
        .with_cron(Cron::every_minute().payload(sweep::Sweep::default())?)
        .with_cron(Cron::every_minute().payload(announce_prices::AnnouncePrices::default())?)
        .with_cron(Cron::every_minute().payload(simulate_prices::SimulatePrices::default())?)
        .with_cron(Cron::every_minute().payload(sweep_ledger::SweepLedger::default())?)
        .with_cron(Cron::every_minute().payload(sum_usage::SumUsage::default())?)
        .with_cron(Cron::every_minute().payload(tell_balances::TellBalances::default())?)
        .with_cron(Cron::hourly_at(3)?.payload(tell_expiring_credits::TellExpiringCredits::default())?)
        .with_cron(Cron::hourly_at(7)?.payload(ask_inactive::AskInactive::default())?)
        .with_cron(Cron::hourly_at(12)?.payload(make_checkpoints::MakeCheckpoints::default())?)
        .with_cron(Cron::daily_at(5, 53)?.payload(compare_payments::ComparePayments::default())?)
        .with_cron(Cron::daily_at(6, 41)?.payload(review_upstream_costs::ReviewUpstreamCosts::default())?)
        .with_cron(Cron::daily_at(7, 23)?.payload(tell_expiring_cards::TellExpiringCards::default())?)
        .with_cron(Cron::hourly_at(37)?.payload(purge::Purge::default())?)
        .with_cron(Cron::hourly_at(17)?.payload(verify_ledger::VerifyLedger::default())?)
        .init()
        .await
        .map_err(|error| anyhow::anyhow!("the jobs can't start: {error}"))
}

/// Starts the worker; it ends when the process stops. A database that goes away ends it, too: then it starts again.
pub async fn start(state: &AppState) -> anyhow::Result<JoinHandle<()>> {
    let (mut worker, state) = (worker(state).await?, state.clone());
    Ok(tokio::spawn(async move {
        loop {
            let ended = worker.run().await;
            if state.stopping.is_cancelled() {
                return;
            }
            if let Err(error) = ended {
                tracing::warn!(%error, "the worker of jobs ended; another one starts");
            }
            let Some(another) = start_again(&state).await else { return };
            worker = another;
        }
    }))
}

/// Makes another worker as soon as the database is back; `None` where the process stops meanwhile.
async fn start_again(state: &AppState) -> Option<Worker> {
    let mut failing = false;
    loop {
        tokio::select! {
            () = state.stopping.cancelled() => return None,
            () = tokio::time::sleep(POLL) => {}
        }
        match worker(state).await {
            Ok(worker) => return Some(worker),
            // Said once, not every second.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "jobs wait for the database");
            }
            Err(_) => {}
        }
    }
}

/// Gives a job what it can reach.
fn tools(context: &WorkerContext) -> Result<&Tools, String> {
    context.get_ext::<Tools>().ok_or_else(|| "the worker was started without its tools".to_owned())
}

/// Tells the queue what went wrong; it keeps the text and tries again.
fn text(error: wallet::error::Error) -> String {
    error.to_string()
}
