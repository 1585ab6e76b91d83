//! Answers of every status: the input is a status, headers and a body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mattermost_provider::mattermost::api::{self, Answer};
use mattermost_provider::mattermost::code::Code;
use mattermost_provider_fuzz::claims;
use mattermost_provider_fuzz::script::{expanded, headers_of};
use provider_sdk::http::{Answered, Lost, Response};

fuzz_target!(|data: &[u8]| {
    let Some((&[low, high], rest)) = data.split_first_chunk::<2>() else { return };
    let status = u16::from_le_bytes([low, high]) % 1_000;
    let (headers, body) = headers_of(rest);
    let response = Response { status, headers, body: expanded(body), took_ms: 1, redirect: None };
    for request in [api::me(), api::users(7, 200), api::count_everyone(), api::team_admins("abc", 1)] {
        let answered = Answered { request: request.clone(), outcome: Ok(response.clone()) };
        match Answer::of(&answered) {
            Ok(_) => assert!((200..300).contains(&status)),
            Err(failure) => {
                assert!(!(200..300).contains(&status) || failure.code != Code::TransportFailed);
                let error = claims::is_failure(&failure);
                assert_eq!((error.http_status, &error.request), (Some(status), &Some(request.name())));
                // The message is the provider's own, except for the id of an error and the location of a redirect.
                assert!(error.message.len() < 400, "{}", error.message);
                if failure.code == Code::RateLimited {
                    assert_eq!(status, 429);
                }
                if status == 401 || status == 403 {
                    assert!(!error.retryable || failure.code == Code::AnswerTruncated, "{error:?}");
                }
            }
        }
    }
    // A lost answer has no status, whatever it would have been.
    let lost = Answered { request: api::me(), outcome: Err(Lost::TooLarge(u64::from(status))) };
    let failure = Answer::of(&lost).expect_err("nothing came");
    assert_eq!(claims::is_failure(&failure).http_status, None);
});
