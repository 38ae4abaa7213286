//! Payments: our intents to take money for credits, their states, and the providers that take it.
//!
//! A payment becomes credits in one place only: [`Payments::refresh`](service::Payments::refresh) asks the provider
//! for the state of the money, and where it was taken submits a grant with the key `payment:<id>` whose database
//! transaction also marks the payment succeeded. The browser's return, the provider's event and the reconciler all
//! end there, so that their order and their number make no difference.

mod auto_top_up;
mod compare;
mod console;
mod method;
mod model;
#[cfg(feature = "postgres")]
mod price;
mod provider;
#[cfg(feature = "postgres")]
pub(crate) mod repo;
mod sandbox;
#[cfg(feature = "postgres")]
mod service;

pub use auto_top_up::{
    AutoTopUpBuys, AutoTopUpCharge, AutoTopUpState, AutoTopUpTerms, AutoTopUpView, NewAutoTopUp, Suspension,
};
pub use compare::{ComparedPeriod, Comparison, Difference, DifferenceKind, OurPayment, compare};
pub use console::{
    BoughtKind, Decision, EventState, FoundDifference, GroupCounts, PaymentFigures, PaymentFilter, PaymentStep,
    PaymentStory, Reconciliation, ReconciliationReport, StaffPayment, StaffPaymentPage, StatusGroup, TimedStep,
};
pub use method::{CardTerm, MethodSetup, PayOption, PayWith, PayWithError, PaymentMethod};
pub use model::{
    Changed, Order, PaymentInReview, PaymentPage, PaymentStatus, PaymentView, PlanChoice, PlanPart, TopUp,
};
#[cfg(feature = "postgres")]
pub use provider::Provider;
pub use provider::{
    AmountLimits, BookPeriod, BookedPayment, BooksAnswer, Capabilities, ChargeAnswer, CheckoutAnswer, CheckoutOrder,
    CustomerAnswer, CustomerOrder, DisputeStatus, DisputesAnswer, EventAbout, EventError, Examined, FetchAnswer,
    MethodAnswer, MethodKind, ProviderDispute, ProviderMethod, ProviderPayment, ProviderRefund, ProviderStatus,
    RefundAnswer, RefundOrder, RefundStatus, RefundsAnswer, SavedCharge, SetupAnswer, SetupOrder, UnreadEvent,
    VerifiedEvent, decline,
};
pub use sandbox::{SandboxCheckout, SandboxMethod, SandboxRefund, SandboxState, SandboxStep};
#[cfg(feature = "postgres")]
pub(crate) use service::Renewal;
#[cfg(feature = "postgres")]
pub use service::{Buyer, Compared, Contact, PROCESS_EVENT, Payments, Reconciled, Replayed, SandboxBooks, ToppedUp};
