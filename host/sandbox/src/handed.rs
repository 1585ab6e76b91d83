//! Counts what a guest passes to the host against `Limits::returned_bytes` of its call.
//!
//! wasmtime limits the bytes of one transfer: the arguments of one call of the host, or the answer of the guest. Here each
//! transfer reduces what is left for the next ones, so the limit holds for a whole call of the guest. Otherwise a thousand
//! requests, each with a method of thirty megabytes, would take thirty gigabytes of the host.
//!
//! These functions replace wasmtime's of the same names, count, and call them.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::io::{poll, streams};
use wasmtime_wasi::p2::{DynOutputStream, DynPollable, StreamResult};
use wasmtime_wasi_http::p2::HeaderResult;
use wasmtime_wasi_http::p2::bindings::http::types::{self, HostFields as _, HostOutgoingRequest as _};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{FieldMap, WasiHttpView as _};

use crate::guest::Guest;

/// The interfaces by the names under which wasmtime links them.
const TYPES: &str = "wasi:http/types@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";
const POLL: &str = "wasi:io/poll@0.2.12";

type Fields = Resource<FieldMap>;
type Request = Resource<HostOutgoingRequest>;
type Output = Resource<DynOutputStream>;
type Store<'a> = StoreContextMut<'a, Guest>;

/// Subtracts bytes that were passed from what is left.
fn count(store: &mut Store<'_>, bytes: usize) {
    let left = store.hostcall_fuel().saturating_sub(bytes);
    store.set_hostcall_fuel(left);
}

/// Replaces the functions of wasi:http and wasi:io that take texts, bytes and lists with counting ones. The originals must
/// be linked already.
pub(crate) fn count_in(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    fields(linker)?;
    requests(linker)?;
    streams(linker)?;
    linker.instance(POLL)?.func_wrap_async("poll", |mut store: Store<'_>, (all,): (Vec<Resource<DynPollable>>,)| {
        count(&mut store, all.len().saturating_mul(size_of::<u32>()));
        Box::new(async move { Ok((poll::Host::poll(store.data_mut().http().table, all).await?,)) })
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn fields(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[static]fields.from-list", |mut store: Store<'_>, (all,): (Vec<(String, Vec<u8>)>,)| {
        let bytes = all.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        count(&mut store, bytes.fold(0, usize::saturating_add));
        Ok((header(store.data_mut().http().from_list(all))?,))
    })?;
    types.func_wrap("[method]fields.get", |mut store: Store<'_>, (fields, name): (Fields, String)| {
        count(&mut store, name.len());
        Ok((store.data_mut().http().get(fields, name)?,))
    })?;
    types.func_wrap("[method]fields.has", |mut store: Store<'_>, (fields, name): (Fields, String)| {
        count(&mut store, name.len());
        Ok((store.data_mut().http().has(fields, name)?,))
    })?;
    types.func_wrap(
        "[method]fields.set",
        |mut store: Store<'_>, (fields, name, values): (Fields, String, Vec<Vec<u8>>)| {
            count(&mut store, values.iter().map(Vec::len).fold(name.len(), usize::saturating_add));
            Ok((header(store.data_mut().http().set(fields, name, values))?,))
        },
    )?;
    types.func_wrap("[method]fields.delete", |mut store: Store<'_>, (fields, name): (Fields, String)| {
        count(&mut store, name.len());
        Ok((header(store.data_mut().http().delete(fields, name))?,))
    })?;
    types.func_wrap(
        "[method]fields.append",
        |mut store: Store<'_>, (fields, name, value): (Fields, String, Vec<u8>)| {
            count(&mut store, name.len().saturating_add(value.len()));
            Ok((header(store.data_mut().http().append(fields, name, value))?,))
        },
    )
}

/// Anything but an error of wasi:http is a trap.
fn header<T>(result: HeaderResult<T>) -> wasmtime::Result<Result<T, types::HeaderError>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

fn requests(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: Store<'_>, (request, method): (Request, types::Method)| {
            if let types::Method::Other(name) = &method {
                count(&mut store, name.len());
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: Store<'_>, (request, scheme): (Request, Option<types::Scheme>)| {
            if let Some(types::Scheme::Other(name)) = &scheme {
                count(&mut store, name.len());
            }
            Ok((store.data_mut().http().set_scheme(request, scheme)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: Store<'_>, (request, authority): (Request, Option<String>)| {
            count(&mut store, authority.as_ref().map_or(0, String::len));
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: Store<'_>, (request, path): (Request, Option<String>)| {
            count(&mut store, path.as_ref().map_or(0, String::len));
            Ok((store.data_mut().http().set_path_with_query(request, path)?,))
        },
    )
}

fn streams(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    use streams::HostOutputStream as _;

    let mut streams = linker.instance(STREAMS)?;
    streams.func_wrap("[method]output-stream.write", |mut store: Store<'_>, (stream, bytes): (Output, Vec<u8>)| {
        count(&mut store, bytes.len());
        let written = store.data_mut().http().table.write(stream, bytes);
        Ok((stream_error(&mut store, written)?,))
    })?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-and-flush",
        |mut store: Store<'_>, (stream, bytes): (Output, Vec<u8>)| {
            count(&mut store, bytes.len());
            Box::new(async move {
                let written = store.data_mut().http().table.blocking_write_and_flush(stream, bytes).await;
                Ok((stream_error(&mut store, written)?,))
            })
        },
    )
}

/// Anything but an error of wasi:io is a trap.
fn stream_error<T>(
    store: &mut Store<'_>,
    result: StreamResult<T>,
) -> wasmtime::Result<Result<T, streams::StreamError>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(streams::Host::convert_stream_error(store.data_mut().http().table, error)?)),
    }
}
