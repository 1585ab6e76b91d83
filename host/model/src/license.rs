//! The licences that an organisation holds.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::report::Notice;

/// A number of seats. In JSON the number, `"unlimited"` or `"unknown"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// This many.
    Limited(u32),
    /// Unlimited.
    Unlimited,
    /// The product does not say, or this token cannot see it.
    Unknown,
}

impl Quantity {
    /// The contract's name of the case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited(_) => "limited",
            Self::Unlimited => "unlimited",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(seats) => fmt::Display::fmt(seats, f),
            Self::Unlimited | Self::Unknown => f.pad(self.as_str()),
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Limited(seats) => serializer.serialize_u32(*seats),
            Self::Unlimited | Self::Unknown => serializer.serialize_str(self.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seats;

        impl Visitor<'_> for Seats {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seats, \"unlimited\" or \"unknown\"")
            }

            fn visit_u64<E: Error>(self, seats: u64) -> Result<Quantity, E> {
                u32::try_from(seats).map(Quantity::Limited).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Quantity, E> {
                match name {
                    "unlimited" => Ok(Quantity::Unlimited),
                    "unknown" => Ok(Quantity::Unknown),
                    other => Err(E::unknown_variant(other, &["unlimited", "unknown"])),
                }
            }
        }

        deserializer.deserialize_any(Seats)
    }
}

/// A licence that the organisation holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// One of the description's `license_types`.
    pub license_type: String,
    /// The product's own name of it.
    pub name: String,
    /// Whether it is a trial.
    pub trial: bool,
    /// How many seats were bought.
    pub seats_purchased: Quantity,
    /// How many seats are used, by the product's own count.
    pub seats_used: Quantity,
    /// The organisation that it was issued to.
    pub licensee: Option<String>,
    /// From when it is valid: RFC 3339 in UTC with milliseconds.
    pub starts_at: Option<String>,
    /// Until when it is valid, in the same form; absent if it does not end or the end is hidden.
    pub expires_at: Option<String>,
    /// What the product has beyond this record.
    pub attributes: Attributes,
    /// What is hidden or unusual about it.
    pub notices: Vec<Notice>,
}
