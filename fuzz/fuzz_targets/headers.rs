//! Headers: the version, the date, how long to wait, and where a redirect leads. The input is lines of header values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::api::{self, Answer};
use mattermost_provider::mattermost::code::Code;
use mattermost_provider::mattermost::version::Version;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::headers_of;
use provider_sdk::http::{Answered, Response};
use provider_sdk::time::{http_date_ms, timestamp};
use provider_sdk::wait::{LONGEST_MS, retry_after_ms, until_allowed_ms};

fuzz_target!(|data: &[u8]| {
    let (headers, _) = headers_of(data);
    for (_, value) in &headers {
        if let Some(version) = Version::parse(value) {
            assert_eq!(Version::parse(&version.to_string()), Some(version));
        }
        if let Some(ms) = http_date_ms(value) {
            assert_eq!(ms % 1_000, 0, "{value}");
            timestamp(ms).iter().for_each(|at| claims::is_timestamp(at));
        }
        if let Ok(ms) = value.trim().parse() {
            timestamp(ms).iter().for_each(|at| claims::is_timestamp(at));
        }
    }
    for status in [200, 302, 429, 500, 503] {
        let response = Response { status, headers: headers.clone(), body: Vec::new(), took_ms: 1, redirect: None };
        for wait in [retry_after_ms(&response), until_allowed_ms(&response, 8)].into_iter().flatten() {
            assert!(wait <= LONGEST_MS, "{wait}");
        }
        let answered = Answered { request: api::users(3, 200), outcome: Ok(response) };
        match Answer::of(&answered) {
            Ok(answer) => {
                assert_eq!(status, 200);
                let _ = (answer.version(), answer.server_ms());
            }
            Err(failure) => {
                let error = claims::is_failure(&failure);
                assert!(!failure.message.contains("per_page"), "{}", failure.message);
                if status == 302 {
                    assert_eq!((failure.code, &error.params), (Code::RedirectedElsewhere, &Vec::new()));
                }
                if failure.retry_after_ms.is_some() {
                    let named = ["retry-after", "x-ratelimit-reset"];
                    assert!(headers.iter().any(|(name, _)| named.contains(name)), "{failure:?}");
                }
            }
        }
    }
});
