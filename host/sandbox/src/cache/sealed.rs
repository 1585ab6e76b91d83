//! Compiled components under a checksum that only this user can make, and the one way from such bytes to code that runs.

use ring::hmac;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Digest;

/// Bytes of a key, and of a checksum.
pub(super) const KEY_BYTES: u64 = 32;

/// Makes and checks checksums: HMAC-SHA256.
pub(super) struct Key(hmac::Key);

/// A compiled component that was sealed with the key, by a process of this user; or that a compiler of this process's own
/// has just written into a pipe.
pub(crate) struct Genuine<'a>(&'a [u8]);

impl Key {
    /// None if it has another length than a key has.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let is_whole = u64::try_from(bytes.len()) == Ok(KEY_BYTES);
        is_whole.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// An entry's bytes: a checksum, the entry's name, and the compiled component. The checksum covers both.
    pub(super) fn seal(&self, name: &Digest, code: &[u8]) -> Vec<u8> {
        let sealed = [name.bytes(), code].concat();
        [hmac::sign(&self.0, &sealed).as_ref(), &sealed].concat()
    }

    /// The compiled component in an entry of this name; `None` if anything differs from what was sealed.
    pub(super) fn open<'a>(&self, name: &Digest, entry: &'a [u8]) -> Option<Genuine<'a>> {
        let (sum, sealed) = entry.split_at_checked(32)?;
        hmac::verify(&self.0, sealed, sum).ok()?;
        sealed.strip_prefix(name.bytes()).map(Genuine)
    }
}

impl<'a> Genuine<'a> {
    /// What a [`CompilerProcess`](crate::CompilerProcess) wrote: its program is as trusted as this one.
    pub(crate) const fn from_compiler(code: &'a [u8]) -> Self {
        Self(code)
    }

    /// Makes a component of it, which runs these very bytes.
    ///
    /// # Errors
    /// Another version or other settings of the runtime made it, or it does not fit into the engine's pool.
    #[expect(unsafe_code, reason = "the runtime cannot check native code, so who calls it vouches for the bytes")]
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must be what `Component::serialize` or `Engine::precompile_component` returned. Either they
        // carry a checksum under a key that is readable for this user alone, and `Cache::keep` seals nothing else; or
        // they came through a pipe from the program that the embedder named as the compiler, which is trusted as this
        // one is, and it ended successfully. They are in memory, so that nobody can change them any more.
        unsafe { Component::deserialize(engine, self.0) }
    }
}
