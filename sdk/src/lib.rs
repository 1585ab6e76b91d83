//! Everything but the product that a provider needs to become a component of the contract in `wit/`.
//!
//! A provider implements [`Provider`], and [`Changes`] if it can find out what changed, and is exported by one line:
//! [`export!`]. Built for wasm32-wasip2 it imports `wasi:http`, `wasi:clocks` and the `wasi:io` that they use, and nothing
//! else. Built natively it is an ordinary library, so that its core is tested and fuzzed without a sandbox.
//!
//! * [`contract`] and [`changes`] are the contract as Rust types, generated from the WIT; [`records`] has a start for each.
//! * [`http`] is between a core and the world: requests, answers, and the traits [`Work`](http::Work) and
//!   [`Network`](http::Network). [`transport`] is such a network on wasi:http, [`testing`] is one for tests.
//! * [`pace`] limits concurrency ([`in_flight`]), waits and retries; [`wait`] reads how long a server asks to wait.
//! * [`gzip`], [`json`], [`lenient`] read answers; [`time`] reads and writes instants; [`query`] and [`base_url`] are about
//!   addresses.
//! * [`cursor`] seals cursors, [`seen`] remembers which accounts a listing has seen, and [`hash`] finds accidental
//!   changes.
//! * [`code`], [`failure`] and [`notice`] make errors and notices of one table of codes; [`cause`] is a platform's
//!   reason for a missing answer, and [`front`] recognises proxies and gateways in front of a product.
//! * An allocator for records, a panic handler and `cabi_realloc` are linked into every component.
//!
//! # A whole provider
//!
//! ```
//! use provider_sdk::base_url::{BaseUrl, Site};
//! use provider_sdk::contract::*;
//! use provider_sdk::gzip::decoded;
//! use provider_sdk::http::{Lost, Network, Request, Server, exchange};
//! use provider_sdk::in_flight::MaxInFlight;
//! use provider_sdk::lenient::{Text, rows};
//! use provider_sdk::pace::Paced;
//! use provider_sdk::transport::WasiHttp;
//! use provider_sdk::{Provider, records};
//!
//! provider_sdk::codes! {
//!     /// Why a call fails.
//!     Code {
//!         UrlInvalid = "url-invalid", "The URL cannot be used", "Enter the address that people open in their browser.";
//!         Unreachable = "unreachable", "The server did not answer", "Check the server and the network, and try again.";
//!         AnswerUnexpected = "answer-unexpected", "The answer is not Acme's", "Check that the URL leads to Acme.";
//!         CursorStale = "cursor-stale", "The listing cannot continue from its cursor", "List again from the beginning.";
//!     }
//! }
//!
//! impl provider_sdk::code::Code for Code {
//!     const CURSOR_STALE: Self = Self::CursorStale;
//!
//!     fn kind(self) -> ErrorKind {
//!         match self {
//!             Self::UrlInvalid => ErrorKind::InvalidSettings,
//!             Self::Unreachable => ErrorKind::Unreachable,
//!             Self::AnswerUnexpected => ErrorKind::UnexpectedResponse,
//!             Self::CursorStale => ErrorKind::CursorStale,
//!         }
//!     }
//!
//!     fn retryable(self) -> bool {
//!         matches!(self, Self::Unreachable)
//!     }
//!
//!     fn of_lost(_: &Lost) -> Self {
//!         Self::Unreachable
//!     }
//! }
//!
//! type Failure = provider_sdk::failure::Failure<Code>;
//!
//! /// The settings: where requests go, and with what.
//! struct Acme {
//!     base: BaseUrl,
//!     key: String,
//! }
//!
//! impl Acme {
//!     fn of(settings: &[Setting]) -> Result<Self, Failure> {
//!         let base = BaseUrl::parse(records::value(settings, "url"), &Site::UNKNOWN)
//!             .map_err(|wrong| Failure::new(Code::UrlInvalid, format!("url {}", wrong.why)))?;
//!         Ok(Self { base, key: records::value(settings, "key").to_owned() })
//!     }
//! }
//!
//! impl Server for Acme {
//!     fn base(&self) -> &BaseUrl {
//!         &self.base
//!     }
//!
//!     fn headers(&self, _: &Request) -> Vec<(&'static str, String)> {
//!         vec![("authorization", format!("Bearer {}", self.key)), ("accept-encoding", "gzip".to_owned())]
//!     }
//! }
//!
//! #[derive(Default, serde::Deserialize)]
//! #[serde(default)]
//! struct Person<'a> {
//!     #[serde(borrow)]
//!     id: Text<'a>,
//!     #[serde(borrow)]
//!     name: Text<'a>,
//! }
//!
//! /// The core: what is asked, and what the answer means. One answer holds everybody, so the listing is complete.
//! fn list(network: &mut dyn Network) -> Result<UserPage, Failure> {
//!     let [answered] = exchange(network, [Request::get("/api/people")]);
//!     let request = &answered.request;
//!     let response = answered.outcome.as_ref().map_err(|lost| Failure::lost(request, lost))?;
//!     let unexpected = |what: &str| Failure::new(Code::AnswerUnexpected, what).on(request).answered(response);
//!     if response.status != 200 {
//!         return Err(unexpected("the server refuses the request"));
//!     }
//!     let body = decoded(response).map_err(|lost| Failure::lost(request, &lost))?;
//!     let people = rows::<Person>(&body, 10_000, &["name"]).map_err(|_| unexpected("the answer is not a list of people"))?;
//!     let users = people.rows.iter().map(|person| records::user(person.id.as_str(), person.name.as_str()));
//!     Ok(records::page(users.collect(), ListingState::Complete))
//! }
//!
//! impl Provider for Acme {
//!     fn describe() -> Description {
//!         let secret = SecretUse { url: "url".to_owned(), header: "authorization".to_owned() };
//!         Description {
//!             id: "acme".to_owned(),
//!             name: "Acme".to_owned(),
//!             version: "0.1.0".to_owned(),
//!             documentation_url: String::new(),
//!             settings: vec![
//!                 records::setting("url", "Server URL", SettingKind::Url, "Where Acme is."),
//!                 records::setting("key", "API key", SettingKind::Secret(secret), "Acme shows it under Settings."),
//!             ],
//!             requests: vec![records::request("url", "GET", "/api/people", &[], "lists the accounts")],
//!             license_types: Vec::new(),
//!             roles: vec![records::term("member", "Member", "An account.")],
//!             codes: Code::ALL.iter().map(|code| code.entry()).map(|it| records::term(it.id, it.label, it.fix)).collect(),
//!             attributes: Vec::new(),
//!         }
//!     }
//!
//!     fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
//!         Acme::of(&settings)?;
//!         Ok(CheckReport { steps: vec![], product_version: None, product_instance: None, attributes: vec![] })
//!     }
//!
//!     fn get_licenses(_: Vec<Setting>) -> Result<Vec<License>, Error> {
//!         Ok(Vec::new())
//!     }
//!
//!     fn list_users(settings: Vec<Setting>, _: Option<String>, _: u32) -> Result<UserPage, Error> {
//!         let acme = Acme::of(&settings)?;
//!         let mut network = WasiHttp::new(&acme);
//!         Ok(list(&mut Paced::new(&mut network, MaxInFlight::DEFAULT))?)
//!     }
//! }
//!
//! provider_sdk::export!(Acme);
//!
//! // Natively, in a test:
//! use provider_sdk::testing::{Fake, json};
//!
//! let mut server = Fake::new(|_| json(200, r#"[{"id":"1","name":"ann"},{"id":"2","name":"bob"}]"#));
//! assert_eq!(list(&mut server).unwrap().users[1].username, "bob");
//! assert_eq!(server.sent[0].name(), "GET /api/people");
//! ```
//!
//! # What it refuses
//!
//! * It never follows a redirect: [`base_url`] says where one leads, and credentials are never sent there.
//! * It keeps at most 4 MiB of a body and 12 MiB of all, decompresses at most 4 MiB, decodes only gzip, and reads at
//!   most 128 nested lists and maps.
//! * It waits at most 10 s at once and 30 s in a call; a longer wait is left to the host.
//! * It retries only requests that got no usable answer; both methods that exist only read.
//!
//! # Invariants
//!
//! * **A core never waits, sends, or reads a clock.** It returns the next requests and takes answers in any order. Only
//!   [`transport`] does I/O.
//! * **No input from the network traps a component.** Clippy refuses unwrap, expect, panic and indexing.
//! * **No error, notice or cursor holds a secret.** A request has no credentials: the transport adds them.
//! * **Only `guest/` has unsafe code**: the allocator and the canonical ABI's one function.
//! * **Nothing here knows a product.** The differences are parameters: [`Site`](base_url::Site),
//!   [`Server`](http::Server), [`Code`](code::Code).
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod base_url;
pub mod bindings;
pub mod cause;
pub mod code;
pub mod cursor;
pub mod failure;
pub mod front;
#[cfg(any(target_arch = "wasm32", test))]
mod guest;
pub mod gzip;
pub mod hash;
pub mod http;
pub mod in_flight;
pub mod json;
pub mod lenient;
pub mod notice;
pub mod pace;
pub mod query;
pub mod records;
pub mod seen;
pub mod testing;
pub mod time;
pub mod transport;
pub mod wait;

pub use bindings::exports::license_management::provider::changes;
pub use bindings::exports::license_management::provider::provider as contract;
pub use changes::Guest as Changes;
pub use contract::Guest as Provider;
#[doc(hidden)]
pub use provider_world as world;

/// Exports a type that implements [`Provider`], or [`Changes`] as well: `export!(Acme)`, `export!(Acme, changes)`. Natively it
/// only checks that the type does.
#[macro_export]
macro_rules! export {
    ($provider:ident) => {
        $crate::export!(@ $provider, [$crate::Provider], $crate::world);
    };
    ($provider:ident, changes) => {
        $crate::export!(@ $provider, [$crate::Provider + $crate::Changes], $crate::bindings);
    };
    (@ $provider:ident, [$($traits:tt)*], $($world:tt)*) => {
        const _: () = {
            const fn implements<T: $($traits)*>() {}
            implements::<$provider>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $($world)*::export!($provider with_types_in $crate::bindings);
        };
    };
}
