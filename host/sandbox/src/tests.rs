//! What a component must be, and what happens to one that misbehaves: tried with small components that are made here.

mod limits;
mod loading;
