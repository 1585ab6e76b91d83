//! wasi:http for guests: wasmtime's, but it drops a request's options together with the request.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::HttpResult;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiHttp, WasiHttpCtxView, WasiHttpView as _};

use crate::guest::Guest;

type Request = Resource<HostOutgoingRequest>;
type Options = Option<Resource<RequestOptions>>;
type Answer = Resource<HostFutureIncomingResponse>;

/// Grants the two interfaces of wasi:http that send requests. Any 0.2 version that a component imports is served.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    types::add_to_linker::<Guest, WasiHttp>(linker, &LinkOptions::default().into(), Guest::http)?;
    linker.instance("wasi:http/outgoing-handler@0.2.0")?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, Guest>, (request, options): (Request, Options)| {
            let answer = match handle(&mut store.data_mut().http(), request, options) {
                Ok(answer) => Ok(answer),
                // Anything but an error of wasi:http is a trap.
                Err(error) => Err(error.downcast()?),
            };
            Ok((answer,))
        },
    )
}

/// Sends a request, and deletes its options. The guest passes them with the request and wasmtime 48 never deletes them, so
/// an instance would run out of resources after as many requests.
fn handle(http: &mut WasiHttpCtxView<'_>, request: Request, options: Options) -> HttpResult<Answer> {
    let given = options.as_ref().map(Resource::rep);
    let handled = outgoing_handler::Host::handle(http, request, options);
    if let Some(given) = given {
        http.table.delete(Resource::<RequestOptions>::new_own(given))?;
    }
    handled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Pool, Sandbox, store};
    use provider_egress::EgressSession;

    #[tokio::test]
    async fn a_guest_may_make_more_requests_than_it_may_have_resources() {
        let sandbox = Sandbox::new(Pool::default()).unwrap();
        let mut store = store::new(&sandbox, &Limits::default(), EgressSession::closed());
        let http = &mut store.data_mut().http();
        for _ in 0..10_000 {
            let headers = types::HostFields::new(http).unwrap();
            let request = types::HostOutgoingRequest::new(http, headers).unwrap();
            let place = Resource::new_borrow(request.rep());
            types::HostOutgoingRequest::set_scheme(http, place, Some(types::Scheme::Http)).unwrap().unwrap();
            let place = Resource::new_borrow(request.rep());
            let authority = Some("a.example".to_owned());
            types::HostOutgoingRequest::set_authority(http, place, authority).unwrap().unwrap();
            let place = Resource::new_borrow(request.rep());
            types::HostOutgoingRequest::set_path_with_query(http, place, Some("/".to_owned())).unwrap().unwrap();
            let options = types::HostRequestOptions::new(http).unwrap();
            let answer = handle(http, request, Some(options)).unwrap();
            http.table.delete(answer).unwrap();
        }
    }
}
