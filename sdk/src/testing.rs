//! A network for tests: it answers from a function, in an order that a test chooses, and records its requests.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use miniz_oxide::deflate::compress_to_vec;

use super::gzip::crc32;
use super::http::{Answered, Lost, Network, Outcome, Request, Response, Work};

/// Which of the requests in flight is answered next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that was sent first.
    First,
    /// The one that was sent last.
    Last,
}

/// A network that answers at once. It keeps its requests, so that a test can check them.
pub struct Fake<'a> {
    answer: Box<dyn FnMut(&Request) -> Outcome + 'a>,
    paused: Box<dyn FnMut(u32) + 'a>,
    /// Which of the requests in flight is answered next.
    pub order: Order,
    /// How many requests it takes before it answers one.
    pub in_flight: usize,
    /// Its requests, in order.
    pub sent: Vec<Request>,
    /// The clock, in milliseconds since 1970.
    pub now_ms: i64,
    /// The pauses, in milliseconds.
    pub pauses: Vec<u32>,
    /// How long the server takes to begin an answer, as far as the core knows.
    pub latency_ms: u32,
    /// The most that was in flight in each run.
    pub together: Vec<usize>,
}

impl<'a> Fake<'a> {
    /// A network that answers what the function says, in the order of the requests, eight at once.
    pub fn new(answer: impl FnMut(&Request) -> Outcome + 'a) -> Self {
        Self {
            answer: Box::new(answer),
            paused: Box::new(|_| {}),
            order: Order::First,
            in_flight: 8,
            sent: Vec::new(),
            now_ms: 1_795_533_929_000,
            pauses: Vec::new(),
            latency_ms: 0,
            together: Vec::new(),
        }
    }

    /// Calls `paused` in each pause, with its milliseconds, to move a server's clock.
    #[must_use]
    pub fn with_pauses(self, paused: impl FnMut(u32) + 'a) -> Self {
        Self { paused: Box::new(paused), ..self }
    }
}

/// Passes a body in parts if the work wants it so: a few bytes at first, so that every split is tried, and then more.
fn streamed(work: &mut dyn Work, ticket: usize, response: Response) -> Outcome {
    if !work.begins(ticket, &response) {
        return Ok(response);
    }
    let mut rest = response.body.as_slice();
    let mut size = 1;
    while !rest.is_empty() {
        let (part, more) = rest.split_at(size.min(rest.len()));
        if !work.part(ticket, part) {
            return Err(Lost::TooLarge(0));
        }
        rest = more;
        size = if size < 100 { size + 1 } else { 10_000 };
    }
    Ok(Response { body: Vec::new(), ..response })
}

/// A text as a gzip stream.
#[must_use]
pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut stream = alloc::vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    stream.extend(compress_to_vec(text, 6));
    stream.extend(crc32(text).to_le_bytes());
    stream.extend(u32::try_from(text.len()).unwrap_or_default().to_le_bytes());
    stream
}

impl Network for Fake<'_> {
    fn run(&mut self, work: &mut dyn Work) {
        let mut flying = Vec::new();
        self.together.push(0);
        loop {
            while flying.len() < self.in_flight {
                let Some((ticket, request)) = work.next() else { break };
                self.sent.push(request.clone());
                flying.push((ticket, request));
            }
            if let Some(most) = self.together.last_mut() {
                *most = flying.len().max(*most);
            }
            if flying.is_empty() {
                return;
            }
            let (ticket, request) = match self.order {
                Order::First => flying.remove(0),
                Order::Last => flying.remove(flying.len() - 1),
            };
            let outcome = (self.answer)(&request).and_then(|response| streamed(work, ticket, response));
            work.arrived(ticket, Answered { request, outcome });
        }
    }

    fn pause(&mut self, ms: u32) {
        self.pauses.push(ms);
        (self.paused)(ms);
    }

    fn now_ms(&mut self) -> i64 {
        self.now_ms
    }

    fn latency_ms(&self) -> u32 {
        self.latency_ms
    }
}

/// An answer with JSON, sent at the time of a new [`Fake`].
pub fn json(status: u16, body: impl Into<String>) -> Outcome {
    let headers = [("content-type", "application/json"), ("date", "Tue, 24 Nov 2026 15:25:29 GMT")];
    let headers = headers.into_iter().map(|(key, value)| (key, value.to_string())).collect();
    Ok(Response { status, headers, body: body.into().into_bytes(), took_ms: 1, redirect: None })
}
