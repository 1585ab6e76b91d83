//! Reads the lists that name everybody, once or once more, as work for the network.

use alloc::vec::Vec;

use provider_sdk::gzip::Stream;
use provider_sdk::http::{Answered, Request, Response, Ticket, Work};

use super::super::super::api::{Answer, USERS_PER_PAGE};
use super::super::super::code::Code;
use super::super::super::failure::{Failure, Meaning as _};
use super::super::super::wire::{Bot, Team, TeamMember, User};
use super::super::team_admins::is_id;
use super::cover::{Cover, Query, Source};
use super::id::Id;
use super::id_list::{IdList, NoIds};
use super::roll::{Full, Marks, Roll};

/// Where the ids go.
#[derive(Debug)]
enum Into<'r> {
    /// Into a new list, from as many sources as needed.
    Roll(Roll),
    /// The ids that an earlier list has are marked.
    Marks(Marks<'r>, Vec<Query>),
}

/// Why the lists cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The lists do not name everybody, or cost too much: accounts are listed by pages.
    Insufficient,
    /// The server fails.
    Failed(Failure),
}

impl From<Full> for Unread {
    fn from(Full: Full) -> Self {
        Self::Insufficient
    }
}

/// A streamed answer while it comes.
#[derive(Debug)]
struct Streamed {
    ticket: Ticket,
    list: IdList,
    gzip: Option<Stream>,
    /// Bytes that may still come, after inflating.
    left: u64,
    /// Bytes that came, before inflating.
    came: u64,
}

/// Bytes that a list may have for each id that there is room for: a server writes 29; the rest allows for spaces.
const BYTES_AN_ID: u64 = 60;

/// The largest ratio of inflated to compressed bytes. Ids are 26 random letters, so a real list hardly doubles; a
/// compression bomb grows a thousandfold.
const INFLATED_AT_MOST: u64 = 100;

/// Bytes that may come at the beginning, before the ratio means anything.
const INFLATED_AT_FIRST: u64 = 64 * 1024;

impl Streamed {
    fn new(ticket: Ticket, gzip: Option<Stream>, room: usize) -> Self {
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        Self { ticket, list: IdList::new(), gzip, left: room.saturating_mul(BYTES_AN_ID), came: 0 }
    }

    /// Reads a part of the answer. Returns whether to read on.
    fn read(&mut self, bytes: &[u8], into: &mut Into<'_>) -> bool {
        let Self { list, gzip, left, came, .. } = self;
        *came = came.saturating_add(size(bytes));
        let mut inflated = came.saturating_mul(INFLATED_AT_MOST).saturating_add(INFLATED_AT_FIRST).min(*left);
        let before = inflated;
        let mut read = |bytes: &[u8]| {
            let Some(rest) = inflated.checked_sub(size(bytes)) else { return false };
            inflated = rest;
            let read = list.read(bytes, |id| match into {
                Into::Roll(roll) => roll.push(id).map_err(|Full| NoIds),
                Into::Marks(marks, _) => {
                    marks.mark(id);
                    Ok(())
                }
            });
            read.is_ok()
        };
        let goes_on = match gzip {
            Some(gzip) => gzip.read(bytes, &mut read),
            None => read(bytes),
        };
        *left = left.saturating_sub(before.saturating_sub(inflated));
        goes_on
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Lists that are being read.
#[derive(Debug)]
pub(super) struct Reading<'r> {
    cover: &'r mut Cover,
    into: Into<'r>,
    asked: Vec<Option<Query>>,
    streamed: Option<Streamed>,
    unread: Option<Unread>,
}

impl<'r> Reading<'r> {
    /// Reads as many lists as it takes to name everybody but the caller, whom the server does not name.
    pub(super) fn first(cover: &'r mut Cover, roll: Roll) -> Self {
        Self { cover, into: Into::Roll(roll), asked: Vec::new(), streamed: None, unread: None }
    }

    /// Reads the same lists again, to see which of these sorted ids they still name.
    pub(super) fn again(cover: &'r mut Cover, ids: &'r [Id], me: Id) -> Self {
        let mut queries = cover.read();
        queries.reverse();
        let mut marks = Marks::of(ids);
        marks.mark(me);
        Self { cover, into: Into::Marks(marks, queries), asked: Vec::new(), streamed: None, unread: None }
    }

    /// The ids of the first reading.
    ///
    /// # Errors
    /// The lists cost too much, or the server fails.
    pub(super) fn into_ids(self) -> Result<Vec<Id>, Unread> {
        match (self.unread, self.into) {
            (Some(unread), _) => Err(unread),
            (None, Into::Roll(roll)) if !self.cover.is_given_up() => Ok(roll.into_sorted()?),
            (None, Into::Roll(_) | Into::Marks(..)) => Err(Unread::Insufficient),
        }
    }

    /// Which ids were named again, and how many others that were not named before.
    ///
    /// # Errors
    /// The server fails.
    pub(super) fn into_marks(self) -> Result<(Vec<u64>, usize), Unread> {
        match (self.unread, self.into) {
            (Some(unread), _) => Err(unread),
            (None, Into::Marks(marks, _)) => Ok(marks.finish()),
            (None, Into::Roll(_)) => Err(Unread::Insufficient),
        }
    }

    fn take(&mut self, query: Query, answered: &Answered) -> Result<(), Unread> {
        let streamed = self.streamed.take_if(|_| query.source == Source::Known);
        let answer = match Answer::of(answered) {
            Ok(answer) => answer,
            Err(failure) if is_about_the_token(&failure) => return Err(Unread::Failed(failure)),
            Err(_) => return self.without(query),
        };
        match query.source {
            Source::Known => {
                let is_whole =
                    streamed.is_some_and(|it| it.list.is_whole() && it.gzip.as_ref().is_none_or(Stream::is_whole));
                if is_whole {
                    self.took_known(query)
                } else {
                    self.cover.refused(query)
                }
                Ok(())
            }
            Source::Teams => {
                let Ok(rows) = answer.rows::<Team<'_>>(USERS_PER_PAGE) else { return self.without(query) };
                for team in rows.rows.iter().filter(|team| is_id(team.id.as_str())) {
                    self.cover.found_team(team.id.as_str());
                }
                let have = match &self.into {
                    Into::Roll(roll) => roll.len(),
                    Into::Marks(..) => 0,
                };
                self.cover.took(query, rows.sent(), 0, have);
                Ok(())
            }
            Source::Bots => {
                let Ok(rows) = answer.rows::<Bot<'_>>(USERS_PER_PAGE) else { return self.without(query) };
                self.take_page(query, rows.sent(), rows.rows.iter().map(|bot| bot.user_id.as_str()))
            }
            Source::WithoutTeam => {
                let Ok(rows) = answer.rows::<User<'_>>(USERS_PER_PAGE) else { return self.without(query) };
                self.take_page(query, rows.sent(), rows.rows.iter().map(|user| user.id.as_str()))
            }
            Source::Team(_) => {
                let Ok(rows) = answer.rows::<TeamMember<'_>>(USERS_PER_PAGE) else { return self.without(query) };
                let members = rows.rows.iter().filter(|member| member.delete_at.0 == 0);
                self.take_page(query, rows.sent(), members.map(|member| member.user_id.as_str()))
            }
        }
    }

    /// Does without a list that does not come, for whatever reason: a listing by pages does not need it.
    fn without(&mut self, query: Query) -> Result<(), Unread> {
        self.cover.refused(query);
        Ok(())
    }

    fn took_known(&mut self, query: Query) {
        if let Into::Roll(roll) = &mut self.into {
            roll.sort();
            let have = roll.len();
            self.cover.took(query, 0, 0, have);
        }
    }

    fn take_page<'a>(&mut self, query: Query, sent: usize, ids: impl Iterator<Item = &'a str>) -> Result<(), Unread> {
        let ids = ids.filter_map(|id| Id::parse(id.as_bytes()));
        match &mut self.into {
            Into::Roll(roll) => {
                let mut new = 0_usize;
                for id in ids {
                    new = new.saturating_add(usize::from(roll.insert(id)?));
                }
                let have = roll.len();
                self.cover.took(query, sent, new, have);
            }
            Into::Marks(marks, _) => ids.for_each(|id| marks.mark(id)),
        }
        Ok(())
    }
}

/// Whether the server would not answer any other request either.
pub(super) fn is_about_the_token(failure: &Failure) -> bool {
    failure.is_of_token() || matches!(failure.code, Code::RateLimited)
}

impl Work for Reading<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        if self.unread.is_some() {
            return None;
        }
        let query = match &mut self.into {
            Into::Roll(roll) => self.cover.next(roll.len())?,
            Into::Marks(marks, _) if marks.is_all() => return None,
            Into::Marks(_, queries) => queries.pop()?,
        };
        self.asked.push(Some(query));
        Some((self.asked.len().saturating_sub(1), self.cover.request(query)))
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        let Some(query) = self.asked.get_mut(ticket).and_then(Option::take) else { return };
        if let Err(unread) = self.take(query, &answered) {
            self.unread.get_or_insert(unread);
        }
    }

    fn begins(&mut self, ticket: Ticket, head: &Response) -> bool {
        let is_known = self.asked.get(ticket).copied().flatten().is_some_and(|query| query.source == Source::Known);
        let streams = is_known && (200..300).contains(&head.status);
        if streams {
            let gzip = head.says_gzip().then(Stream::new);
            self.streamed = Some(Streamed::new(ticket, gzip, self.cover.room()));
        }
        streams
    }

    fn part(&mut self, ticket: Ticket, bytes: &[u8]) -> bool {
        let streamed = self.streamed.as_mut().filter(|it| it.ticket == ticket);
        streamed.is_some_and(|streamed| streamed.read(bytes, &mut self.into))
    }
}
